"""The node of a shard goes away, again and again: that is waited for, and no crash of the shard."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from cluster.ray.shard_crew import ShardCrew
from tests.support.processes import pid_of
from tests.support.runs import tiny_run
from training.errors import TrainingFailedError
from training.parts.parts import Parts
from training.runtime import Standing

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SLOT: dict[str, Any] = {"num_cpus": 0, "resources": {"replay": 1}}
PATIENCE = 60.0


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Start a cluster with a head and nothing else; a second death in the window is one too many."""
    monkeypatch.setattr("cluster.ray.revival.MAX_DEATHS", 2)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    ray.init(address=cluster.address, namespace="outage", log_to_driver=False)
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def crew_of_one() -> ShardCrew:
    run = tiny_run("replay.silence_seconds=600")
    crew = ShardCrew(Parts(run.config, run.specs))
    crew.wait_until_up()
    return crew


def until(crew: ShardCrew, state: Standing) -> list[str | None]:
    """Look after the shard until it stands so; return what was said, in the end and meanwhile."""
    said: list[str | None] = []
    deadline = time.monotonic() + PATIENCE
    while (found := crew.revive(0, "no answer")).name != state:
        assert time.monotonic() < deadline, said
        said.append(found.trouble)
        time.sleep(0.1)
    return [found.trouble, *said]


def test_a_node_that_goes_away_again_and_again_is_waited_for(nodes: Cluster):
    """Its shard begins anew on the next node with a slot, however often; the sentence says so."""
    node = nodes.add_node(**SLOT)
    crew = crew_of_one()
    for _ in range(3):
        nodes.remove_node(node, allow_graceful=False)
        assert "replay-0" in str(until(crew, "gone")[0])
        node = nodes.add_node(**SLOT)
        now, *said = until(crew, "replaced")
        assert any("as soon as a node" in str(sentence) for sentence in said)
        assert now is None


def test_a_shard_that_dies_again_and_again_on_a_good_node_ends_the_run(nodes: Cluster):
    """A crash loop is told, with how often and why."""
    nodes.add_node(**SLOT)
    crew = crew_of_one()
    os.kill(pid_of("ray::ShardHost"), signal.SIGKILL)
    until(crew, "replaced")
    os.kill(pid_of("ray::ShardHost"), signal.SIGKILL)
    with pytest.raises(
        TrainingFailedError, match=r"shard replay-0 died 2 times within .*: its process ended"
    ):
        until(crew, "replaced")
