"""What may befall a cluster, as data: how it strikes, and for how long env steps may stand still then."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.support.containers import Cluster, cut_off, docker, kill_container, kill_process

ACTORS = ("actor-cartpole", "actor-mountaincar")
UNNOTICED_SECONDS = 5.0
"""A node that is silent for no longer than this is never taken for dead: the head gives it nine seconds."""

Strike = Callable[[Cluster, Random], str]


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: what it is called.
        strike: does it, undoes what has to be undone, and says to whom it happened and for how long.
        bound_seconds: how long env steps may stand still from the moment that it begins.
        ends_learner: whether the learner's process ends by it, and comes back from its last checkpoint.
        ends_replay: whether shards may lose what they hold.
    """

    name: str
    strike: Strike
    bound_seconds: float
    ends_learner: bool = False
    ends_replay: bool = False


def kill_of_process(services: tuple[str, ...], title: str) -> Strike:
    """Return what kills -9 a process by the beginning of its command line."""

    def strike(cluster: Cluster, rng: Random) -> str:
        container = rng.choice(cluster.containers(rng.choice(services)))
        kill_process(container, title)
        return container

    return strike


def kill_of_container(*services: str) -> Strike:
    """Return what kills -9 the first process of a container, which starts again by itself."""

    def strike(cluster: Cluster, rng: Random) -> str:
        container = rng.choice(cluster.containers(rng.choice(services)))
        kill_container(container)
        return container

    return strike


def pause(longest_seconds: float, *services: str) -> Strike:
    """Return what stops every process of a container for a while."""

    def strike(cluster: Cluster, rng: Random) -> str:
        container = rng.choice(cluster.containers(rng.choice(services)))
        seconds = rng.uniform(1.0, longest_seconds)
        docker("pause", container)
        try:
            time.sleep(seconds)
        finally:
            docker("unpause", container)
        return f"{container} for {seconds:.1f} s"

    return strike


def cut(shortest_seconds: float, longest_seconds: float, *services: str) -> Strike:
    """Return what lets no packet in or out of a container for a while."""

    def strike(cluster: Cluster, rng: Random) -> str:
        container = rng.choice(cluster.containers(rng.choice(services)))
        seconds = rng.uniform(shortest_seconds, longest_seconds)
        with cut_off(container):
            time.sleep(seconds)
        return f"{container} for {seconds:.1f} s"

    return strike


def scaling(cluster: Cluster, rng: Random) -> str:
    """Have another number of containers for a task's actors."""
    service = rng.choice(ACTORS)
    now = len(cluster.containers(service))
    count = rng.choice([number for number in (1, 2, 3) if number != now])
    cluster.scale(service, count)
    return f"{service} from {now} to {count}"


RAYLET = "/opt/trunkline/lib/python3.11/site-packages/ray/core/src/ray/raylet/raylet"
LEARNER = "/opt/trunkline/bin/python3 /opt/trunkline/bin/trunkline train"

FAULTS = (
    Fault("an actor's process is killed", kill_of_process(ACTORS, "ray::ActorHost"), 20.0),
    Fault("an actors' container is killed", kill_of_container(*ACTORS), 60.0),
    Fault("the raylet of actors is killed", kill_of_process(ACTORS, RAYLET), 60.0),
    Fault("an actors' container is paused", pause(UNNOTICED_SECONDS, *ACTORS), 20.0),
    Fault("an actors' container is cut off", cut(1.0, 20.0, *ACTORS), 80.0),
    Fault("actors are scaled", scaling, 60.0),
    Fault(
        "a shard's process is killed", kill_of_process(("replay",), "ray::ShardHost"), 30.0, ends_replay=True
    ),
    Fault("the replay container is killed", kill_of_container("replay"), 60.0, ends_replay=True),
    Fault("the replay container is paused", pause(UNNOTICED_SECONDS, "replay"), 20.0),
    Fault("the replay container is cut off", cut(1.0, UNNOTICED_SECONDS, "replay"), 20.0),
    Fault("the replay container is cut off for long", cut(12.0, 25.0, "replay"), 90.0, ends_replay=True),
    Fault("the evaluator is killed", kill_of_process(("learner",), "ray::EvaluatorHost"), 10.0),
    Fault("the learner's container is paused", pause(UNNOTICED_SECONDS, "learner"), 20.0),
    Fault("the learner's container is cut off", cut(1.0, UNNOTICED_SECONDS, "learner"), 20.0),
    Fault("the learner's process is killed", kill_of_process(("learner",), LEARNER), 60.0, ends_learner=True),
    Fault("the learner's container is killed", kill_of_container("learner"), 60.0, ends_learner=True),
    Fault("the head's container is paused", pause(UNNOTICED_SECONDS, "head"), 20.0),
    Fault("the head's container is killed", kill_of_container("head"), 30.0),
)
