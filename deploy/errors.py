"""What can end a run early; every message is written for the user."""


class ConfigError(ValueError):
    """A configuration that cannot be run: a sentence a mistake, naming field, value and what is allowed."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class ClusterError(RuntimeError):
    """A Ray cluster that does not answer, refuses, or lacks what the run needs."""


class TrainingFailedError(RuntimeError):
    """A run that started and could not go on."""


class EvaluationFailedError(RuntimeError):
    """An evaluation that came to no result; whoever asked for it may ask again."""
