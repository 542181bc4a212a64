"""Minutes of random faults: after each of them the cluster goes on, and the books agree at the end."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.invariants import broken_by, unsettled
from tests.chaos.watch import Sight, Watch, longest_standstill
from tests.support.containers import ROOT, Cluster, docker, engine_problem, inspected

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(0)]

SERVICES = ("head", "learner", "replay", "actor-cartpole", "actor-mountaincar")
CALM_SECONDS = 150.0
STEADY_SECONDS = 12.0
"""Longer than the death of a node takes to be noticed: what looks calm before may not be."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Start a cluster of its own; skip where there is no engine, or no image."""
    problem = engine_problem()
    if problem is None and not docker("images", "--quiet", "trunkline"):
        problem = "there is no image trunkline: make image"
    if problem is not None:
        pytest.skip(problem)
    cluster = Cluster(tmp_path, ROOT / "tests/cluster/run.yaml", "trunkline-chaos")
    cluster.down()
    try:
        cluster.up(*SERVICES)
        yield cluster
    finally:
        keep = os.environ.get("CHAOS_LOGS")
        if keep:
            Path(keep).write_text(cluster.compose("logs", "--no-color", "--timestamps").stdout)
        cluster.down()


def say(line: str) -> None:
    """Tell whoever watches; pytest captures nothing here."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def settled(watch: Watch, begin: float) -> float | None:
    """Wait until all has been calm for a while since a moment; return since when, or None if it never is."""
    deadline = begin + CALM_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.5)
        restless = max([begin, *(sight.time for sight in watch.since(begin) if not sight.calm)])
        calm = [sight for sight in watch.sights if sight.time > restless]
        if calm and calm[-1].time - restless > STEADY_SECONDS and moved(calm[0], calm[-1]):
            return calm[-1].time
    return None


def moved(earlier: Sight, later: Sight) -> bool:
    """Return whether every task has more env steps than before, and the learner more updates."""
    return later.learner_step > earlier.learner_step and all(
        steps > earlier.env_steps[task] for task, steps in later.env_steps.items()
    )


def learner_began(cluster: Cluster) -> str:
    """Return when the learner's container was started last: another moment is another start."""
    return str(inspected(cluster.containers("learner", everything=True)[0])["State"]["StartedAt"])


def strike(cluster: Cluster, watch: Watch, fault: Fault, rng: Random) -> list[str]:
    """Let a fault happen, wait until it is overcome, and return what it broke; print a line."""
    started, begin = learner_began(cluster), time.monotonic()
    where = fault.strike(cluster, rng)
    end = settled(watch, time.monotonic())
    if end is None:
        last = watch.sights[-1]
        problems = [f"not calm within {CALM_SECONDS:.0f} s: {last}"]
        stood = longest_standstill(watch.since(begin), begin, time.monotonic())
    else:
        starts = int(learner_began(cluster) != started)
        problems = list(broken_by(fault, watch.since(begin), begin, end, starts))
        stood = longest_standstill(watch.since(begin), begin, end)
    say(
        f"fault={fault.name!r} where={where!r} stood_still={stood:.1f} bound={fault.bound_seconds:g} unit=s "
        f"{'; '.join(problems) or 'ok'}"
    )
    return [f"{fault.name} ({where}): {problem}" for problem in problems]


def test_a_cluster_survives_random_faults(cluster: Cluster):
    """Every kind of fault has its turn, in an order that the seed decides, until the time is up."""
    minutes = float(os.environ.get("MINUTES") or 8)
    seed = int(os.environ.get("SEED") or Random().randrange(10**6))
    say(f"chaos: seed={seed} minutes={minutes:g}")
    rng, problems, turn = Random(seed), [], []
    with Watch(cluster) as watch:
        assert settled(watch, time.monotonic()) is not None, "the cluster never came to work"
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            turn = turn or rng.sample(FAULTS, len(FAULTS))
            problems += strike(cluster, watch, turn.pop(), rng)
    problems += unsettled(last_summary(cluster))
    assert not problems, f"seed {seed}:\n" + "\n".join(problems)


def last_summary(cluster: Cluster) -> dict[str, object]:
    """Stop the run in order, and return what it says of itself."""
    cluster.compose("stop", "learner")
    command = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", "learner", "/runs/main/summary.json")
    summary: dict[str, object] = json.loads(cluster.compose(*command).stdout)
    for name, task in summary["tasks"].items():  # type: ignore[attr-defined]
        say(f"account={name} {task['transitions']}")
    return summary
