"""What the processes of a run are called."""


def actor_name(task: str, index: int) -> str:
    """Return the name of a task's actor."""
    return f"{task}-{index}"


def task_of(actor: str) -> str:
    """Return the task of an actor, by its name."""
    return actor.rpartition("-")[0]


def life_number(life: int, incarnation: int) -> int:
    """Return the number of a process's life, higher than that of any before it over all lives of its run."""
    return life * 1_000_000 + incarnation
