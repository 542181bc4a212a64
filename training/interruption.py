"""A wish that a run should end."""

from collections.abc import Callable


class Interruption:
    """Is asked for from anywhere, also from a signal handler; the loop looks at it between two updates.

    Attributes:
        asked: whether somebody has asked the run to end.
    """

    def __init__(self, halt: Callable[[], None]) -> None:
        self._halt = halt
        self.asked = False

    def ask(self) -> None:
        """Ask the loop to end, and `halt` what is under way."""
        self.asked = True
        self._halt()
