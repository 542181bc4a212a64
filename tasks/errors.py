"""What can be wrong with a task, each with one sentence for the user."""


class TaskError(ValueError):
    """A task cannot be built from its settings; the message names field, value and what is allowed."""


class EnvironmentFailureError(RuntimeError):
    """An environment broke its contract while it ran; the message names the task and what happened."""
