"""What can be wrong with a task, each with one sentence for the user."""

import threading


class TaskError(ValueError):
    """A task cannot be built from its settings.

    The message has a line for each mistake, with field, value and what is allowed.
    """


class EnvironmentFailureError(RuntimeError):
    """An environment broke its contract while it ran; the message names the task and what happened."""


class MakingError(RuntimeError):
    """An environment cannot be made; the message names the environment and says why.

    Attributes:
        field: of the task, where what is wrong was said.
    """

    def __init__(self, message: str, field: str = "env") -> None:
        super().__init__(message)
        self.field = field


class SpaceError(ValueError):
    """An environment declares spaces that cannot be learned.

    The message has a line for each mistake, which goes on after the environment's name.
    """


class ContractError(RuntimeError):
    """An environment gave back what it should not; the message goes on after the environment's name."""


def of_task(task: str, words: str) -> str:
    """Return words about settings of any task, such as `tasks.*.action_mask`, as words about this task."""
    return words.replace("tasks.*.", f"tasks.{task}.")


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
    text = text_of(error)
    return f"{name}: {text if len(text) <= 500 else f'{text[:497]}...'}" if text else name


def text_of(error: BaseException) -> str:
    """Return the text of what foreign code raised, in one line of printable letters; empty if it has none.

    The text is foreign code too, and may raise in its turn.
    """
    try:
        text = str(error)
    except BaseException:
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def shown(value: object) -> str:
    """Return how foreign code writes a value, in at most 60 letters; its type where it cannot be written."""
    try:
        return f"{value!r:.60}"
    except BaseException:
        return f"a {type(value).__name__}"
