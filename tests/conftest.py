"""Hypothesis runs the same cases every time, and slow machines are no failures."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("trunkline", derandomize=True, deadline=None)
settings.load_profile("trunkline")


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """Put signal handlers back: a run that was interrupted in this process leaves some ignored on purpose.

    Processes that a later test starts would inherit that.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        if handler is not None:  # it was not set from Python, and cannot be
            signal.signal(number, handler)
