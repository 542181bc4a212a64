"""What can be wrong with a task, each with one sentence for the user."""

import threading


class TaskError(ValueError):
    """A task cannot be built from its settings.

    The message has a line for each mistake, with field, value and what is allowed.
    """


class EnvironmentFailureError(RuntimeError):
    """An environment broke its contract while it ran; the message names the task and what happened."""


class MakingError(RuntimeError):
    """An environment cannot be made; the message names the environment and says why."""


class ContractError(RuntimeError):
    """An environment gave back what it should not; the message goes on after the environment's name."""


def told(error: BaseException) -> str:
    """Return what foreign code raised, in one line.

    Ctrl-C is not the environment's fault: it goes on its way. Python raises it in the main thread alone, so
    that anywhere else it is the environment that raised it.

    Raises:
        KeyboardInterrupt: it is Ctrl-C.
    """
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error
    name = type(error).__name__
    if isinstance(error, SystemExit):
        name += " (it called sys.exit)"
    text = " ".join(str(error).split())
    return f"{name}: {text if len(text) <= 500 else f'{text[:497]}...'}"
