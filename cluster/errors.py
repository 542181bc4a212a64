"""Why a cluster could not be asked: what is wrong, and what to do about it."""

from training.errors import ClusterError


class ClusterApiError(ClusterError):
    """A cluster that cannot be asked. Its message is one sentence: what is wrong, then what to do.

    Attributes:
        what: is wrong.
        todo: what the user can do about it.
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(f"{what}: {todo}")
        self.what = what
        self.todo = todo


class AddressError(ClusterApiError):
    """An address that is no `host:port`."""


class NoAnswerError(ClusterApiError):
    """Nobody answers at an address, or not in time."""


class NotRayError(ClusterApiError):
    """Something answers that is not the dashboard of a Ray cluster."""


class TokenUnusableError(ClusterApiError):
    """A token that is set but cannot be read, is empty, or cannot be sent."""


class TokenMissingError(ClusterApiError):
    """A token is needed, and there is none."""


class TokenRefusedError(ClusterApiError):
    """The cluster has another token."""
