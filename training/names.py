"""What the processes of a run are called."""

_LIVES_OF_A_PROCESS = 2**32


def actor_name(task: str, index: int) -> str:
    """Return the name of a task's actor."""
    return f"{task}-{index}"


def task_of(actor: str) -> str:
    """Return the task of an actor, by its name."""
    return actor.rpartition("-")[0]


def life_number(run_life: int, life: int) -> int:
    """Return the number of a process's life, higher than that of any before it over all lives of its run.

    `life` counts the process's lives from 0 within the `run_life`, and that counts the lives of the run.
    The number travels in 64 bits: there is room for 2^31 lives of a run, and for 2^32 of a process in each,
    which is one a second for a century.
    """
    return run_life * _LIVES_OF_A_PROCESS + life


def run_life_of(number: int) -> int:
    """Return in which life of the run the life of a process with this number began."""
    return number // _LIVES_OF_A_PROCESS


def is_successor(number: int) -> bool:
    """Return whether a process before this one had ended in the same life of the run."""
    return number % _LIVES_OF_A_PROCESS > 0
