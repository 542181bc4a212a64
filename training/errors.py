"""What can end a run, or an evaluation, early; every message is written for the user."""


class ClusterError(RuntimeError):
    """A Ray cluster that does not answer, refuses, or lacks what the run needs."""


class TrainingFailedError(RuntimeError):
    """A run that started and could not go on."""


class EvaluationFailedError(RuntimeError):
    """An evaluation that came to no result; whoever asked for it may ask again."""
