"""Signals that end a run: which one is a request, which one ends all at once, and what is left of them."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.interrupts import Interrupts
from deploy.jobs import Job, run_job
from tests.support.learning_builders import tiny_raw

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in ENDING]


@pytest.fixture(autouse=True)
def _kept():
    before = handlers()
    yield
    for number, handler in zip(ENDING, before, strict=True):
        signal.signal(number, handler)  # type: ignore[arg-type]


def test_before_there_is_anything_to_save_a_signal_ends_all_at_once():
    """And the process, which makes other runs, can be ended as before."""
    before = handlers()
    with pytest.raises(KeyboardInterrupt), Interrupts():
        signal.raise_signal(signal.SIGTERM)
    assert handlers() == before


def test_one_request_may_be_several_signals(monkeypatch: pytest.MonkeyPatch):
    """A later SIGTERM is a second request, and so is Ctrl-C at any time; SIGHUP never is."""
    requests: list[None] = []
    with Interrupts() as interrupts:
        interrupts.ask(lambda: requests.append(None))
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr("deploy.interrupts.ONE_REQUEST_SECONDS", 0.0)
        signal.raise_signal(signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert len(requests) == 1


@pytest.mark.parametrize("asked", [False, True])
def test_a_process_that_ends_with_its_run_ignores_signals_once_it_was_asked_to_end(asked: bool):
    """Ctrl-C still ends it while it gives its answer."""
    interrupt, *others = handlers()
    with Interrupts(process_ends=True) as interrupts:
        interrupts.ask(lambda: None)
        if asked:
            signal.raise_signal(signal.SIGTERM)
    assert handlers() == [interrupt, *([signal.SIG_IGN] * 2 if asked else others)]


def test_a_run_in_a_thread_hears_no_signals():
    """Python allows handlers in the main thread alone: the run goes on without them."""
    before = handlers()
    with ThreadPoolExecutor(1) as threads:
        finished = threads.submit(run_job, Job("one", tiny_raw(stop_env_steps=300))).result()
    assert finished.failure is None
    assert handlers() == before
