"""Signals that end a run: Ctrl-C, SIGTERM, and SIGHUP from a terminal that was closed."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger(__name__)


def _ending() -> list[signal.Signals]:
    """Return the signals that end a run. `nohup` has SIGHUP ignored: the run then outlives its terminal."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hangup]


@contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Raise KeyboardInterrupt at any of the signals, so that what was brought up is brought down again."""
    with _handled(_raise):
        yield


@contextmanager
def interrupted_in_order(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call `interrupt` at the first of the signals, and let the second one end everything at once."""

    def ask(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in _ending()[1:]:
            signal.signal(number, signal.SIG_DFL)
        interrupt()
        logger.warning("the run ends, and what it learned is saved; a second signal ends it at once, unsaved")

    with _handled(ask):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    previous = {number: signal.signal(number, handler) for number in _ending()}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


def _raise(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
