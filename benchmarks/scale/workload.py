"""What is learned: the configuration whose costs are measured and whose scale is asked for."""

from dataclasses import dataclass
from typing import Any

from benchmarks.scale.costs import Shape
from benchmarks.scale.environments import SLOW_POLE, SPRITES
from config.batches import supplies
from config.loading import parse_config
from config.resolution import resolve
from training.parts.parts import Parts

TASK = "bench"
EMULATOR_SECONDS = 0.26e-3
"""A step of an Atari game, four frames of the emulator, on one core."""


@dataclass(frozen=True)
class Workload:
    """One task and its learner.

    Attributes:
        name: of it, for people.
        env: of the task; a Gymnasium id or module:id.
        env_kwargs: its arguments.
        frame_stack: frames of an observation.
        envs_per_actor: streams of an actor.
        fragment_length: steps of each stream in a block.
        batch_size: transitions of an update.
        capacity: transitions that are kept while costs are measured.
        publish_period: updates between versions of the weights.
        selector: how items are drawn.
        waits: whether its environments wait, instead of computing all the time.
    """

    name: str
    env: str
    env_kwargs: dict[str, Any]
    frame_stack: int = 1
    envs_per_actor: int = 16
    fragment_length: int = 32
    batch_size: int = 256
    capacity: int = 100_000
    publish_period: int = 50
    selector: str = "proportional"
    waits: bool = False

    def settings(self, actors: int, shards: int, samples_per_insert: float | None) -> dict[str, Any]:
        """Return the configuration of a run, as YAML would give it."""
        task = {
            "env": self.env,
            "env_kwargs": self.env_kwargs,
            "frame_stack": self.frame_stack,
            "envs_per_actor": self.envs_per_actor,
            "actors": actors,
        }
        return {
            "tasks": {TASK: task},
            "replay": {
                "shards": shards,
                "selector": self.selector,
                "capacity": self.capacity,
                "samples_per_insert": samples_per_insert,
            },
            "actors": {"fragment_length": self.fragment_length},
            "learner": {
                "batch_size": self.batch_size,
                "publish_period": self.publish_period,
                "device": "cpu",
            },
            "metrics": {"port": 0},
        }

    def parts(self, actors: int = 1, shards: int = 1, samples_per_insert: float | None = None) -> Parts:
        """Return the parts of such a run."""
        run = resolve(parse_config(self.settings(actors, shards, samples_per_insert)))
        return Parts(run.config, run.specs)

    def shape(self, parts: Parts) -> Shape:
        """Return what flows in such a run."""
        supply = supplies(parts.config, parts.specs)[TASK]
        return Shape(
            block_items=self.envs_per_actor * self.fragment_length,
            batch_size=supply.batch_size,
            batches_per_request=supply.batches_per_request,
            requests=supply.requests,
            publish_period=self.publish_period,
        )


CARTPOLE = Workload("CartPole", "CartPole-v1", {})
ATARI = Workload(
    "frames as large as Atari's", SPRITES, {"seconds": EMULATOR_SECONDS}, frame_stack=4, capacity=20_000
)
SLOW = Workload("CartPole that waits", SLOW_POLE, {"seconds": 1e-4}, waits=True)
WORKLOADS = {"cartpole": CARTPOLE, "atari": ATARI}
