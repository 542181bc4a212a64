"""What the processes of a run are called."""

_LIVES = 1_000_000
"""Lives that a process may have in one life of its run."""


def actor_name(task: str, index: int) -> str:
    """Return the name of a task's actor."""
    return f"{task}-{index}"


def task_of(actor: str) -> str:
    """Return the task of an actor, by its name."""
    return actor.rpartition("-")[0]


def life_number(life: int, incarnation: int) -> int:
    """Return the number of a process's life, higher than that of any before it over all lives of its run."""
    return life * _LIVES + incarnation


def learner_life(number: int) -> int:
    """Return in which life of the run the life of a process with this number began."""
    return number // _LIVES


def is_successor(number: int) -> bool:
    """Return whether a process before this one had ended in the same life of the run."""
    return number % _LIVES > 0
