"""Where a loop's time goes."""

from collections.abc import Callable


class PhaseTimes:
    """Gives all time since the last mark to the phase that just ended.

    phases = PhaseTimes(time.perf_counter, ("waiting", "update"))
    batch = source.poll(); phases.mark("waiting")
    learner.step(batch); phases.mark("update")
    """

    def __init__(self, clock: Callable[[], float], names: tuple[str, ...]) -> None:
        self._clock = clock
        self._last = clock()
        self.seconds = dict.fromkeys(names, 0.0)

    def mark(self, phase: str) -> None:
        """End a phase."""
        now = self._clock()
        self.seconds[phase] += now - self._last
        self._last = now

    def restart(self) -> None:
        """Forget everything up to now."""
        self.seconds = dict.fromkeys(self.seconds, 0.0)
        self._last = self._clock()
