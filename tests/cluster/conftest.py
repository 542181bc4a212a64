"""One cluster for all tests, and a line for each figure that they measure."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.containers import ROOT, Cluster, docker, engine_problem, task

LINES = pytest.StashKey[list[str]]()
SERVICES = ("head", "learner", "replay", "actor-cartpole", "actor-mountaincar", "prometheus")
IMAGE = "trunkline"
ORDER = ("test_making", "test_scaling", "test_monitoring", "test_security", "test_faults")


class Measure(Protocol):
    """Notes a figure under a name, with its unit, and holds it against its limit, the most or the least."""

    def __call__(self, what: str, value: float, unit: str, limit: float, at_least: bool = False) -> None:
        """Note it."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LINES] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look at a healthy cluster first, and hurt it last."""
    items.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.stem in ORDER else -1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash[LINES]:
        terminalreporter.write_line(line)


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Measure:
    """Return what notes a figure and holds it against its limit."""

    def note(what: str, value: float, unit: str, limit: float, at_least: bool = False) -> None:
        kept = value >= limit if at_least else value <= limit
        verdict = "ok" if kept else "missed"
        request.config.stash[LINES].append(f"{what} value={value:.3g} unit={unit} limit={limit:g} {verdict}")
        assert kept, f"{what}: {value:.3g} {unit}, limit {limit:g}"

    return note


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start the cluster of `tests/cluster/run.yaml`; skip where there is no engine, or no image."""
    problem = engine_problem()
    if problem is None and not docker("images", "--quiet", IMAGE):
        problem = f"there is no image {IMAGE}: make image"
    if problem is not None:
        pytest.skip(problem)
    cluster = Cluster(
        tmp_path_factory.mktemp("cluster"), Path(ROOT / "tests/cluster/run.yaml"), "trunkline-test"
    )
    cluster.down()
    try:
        cluster.up(*SERVICES)
        yield cluster
    finally:
        cluster.down()


@pytest.fixture
def cluster(started: Cluster) -> Cluster:
    """Return the cluster, with all that it should have at work and the learner making updates."""
    started.wait("two actors a task", 90, lambda status: all(
        task(status, name)["crew"]["at_work"] >= 2 for name in ("cartpole", "mountaincar")
    ))  # fmt: skip
    first = started.status()
    assert first is not None
    started.wait("updates", 60, lambda status: status["learner_step"] > first["learner_step"])
    started.wait("both shards up", 60, lambda status: all(shard["up"] for shard in status["shards"]))
    return started
