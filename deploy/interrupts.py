"""Signals that end a run: Ctrl-C, SIGTERM, and SIGHUP from a terminal that was closed."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

ONE_REQUEST_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Interrupts:
    """Turns the first signal into a request to end; a second Ctrl-C or SIGTERM ends everything at once.

        with Interrupts() as interrupts:
            ...                           # a signal raises KeyboardInterrupt: nothing was learned yet
            interrupts.ask(training.interrupt)
            training.run()

    What follows within a second is no second request: a terminal that closes may send SIGHUP twice, and
    service managers send it after SIGTERM. `nohup` has SIGHUP ignored: the run then outlives its terminal.
    In a thread other than the main one Python lets nobody handle signals: none is heard, and none is changed.

    Args:
        process_ends: whether the process ends with the run. Once asked to end, only its answer is still to be
            given, so SIGTERM and SIGHUP stay ignored. Otherwise all handlers become what they were before.
    """

    def __init__(self, process_ends: bool = False) -> None:
        self._process_ends = process_ends
        self._interrupt: Callable[[], None] | None = None
        self._heard_at: float | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interrupts":
        self._before = {number: signal.getsignal(number) for number in _ending()}
        self._install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the earlier handlers back, but for those that the end of the process needs ignored."""
        ignored = self._process_ends and self._heard_at is not None
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if ignored and number != signal.SIGINT else handler)

    def ask(self, interrupt: Callable[[], None]) -> None:
        """Call `interrupt` at the first signal from now on."""
        self._interrupt = interrupt
        self._install()  # Ray has put a handler of its own in the place of ours

    def _install(self) -> None:
        for number in self._before:
            signal.signal(number, self._hear)

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self._interrupt is None:
            raise KeyboardInterrupt
        if self._heard_at is None:
            self._heard_at = time.monotonic()
            self._interrupt()
            logger.warning("the run ends, and what it learned is saved; Ctrl-C again ends it unsaved")
        elif number == signal.SIGINT or (
            number == signal.SIGTERM and time.monotonic() - self._heard_at > ONE_REQUEST_SECONDS
        ):
            raise KeyboardInterrupt


def _ending() -> list[signal.Signals]:
    """Return the signals to be heard."""
    if threading.current_thread() is not threading.main_thread():
        return []
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hangup]
