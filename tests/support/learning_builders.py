"""Small real objects for tests of actors, learner and deploy: configuration, parts, networks, batches."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from config.loading import parse_config
from config.schema import RunConfig
from learner.batch import TaskBatch
from learner.learner import Learner, UpdateRule
from learner.loss.of_errors import ErrorLoss
from learner.target_network import PeriodicCopy
from learner.td import huber_loss
from learner.weighting.fixed import FixedWeighting
from network.build import Architecture, build_network
from network.multi_task import MultiTaskNetwork
from replay.client import Answered, LocalShardClient
from replay.messages import Pace, SampleAnswer
from replay.shard import Shard
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.resolution import resolve_specs
from training.cadence import Cadence
from training.parts.parts import Parts

T = TypeVar("T")

IN_EVERY_ROUND = Cadence(report_seconds=0.0, supervise_seconds=0.0)
"""Reports, and looks after everything, between any two updates."""

TASKS = {
    "chain": {"env": "trunkline/Chain-v0", "envs_per_actor": 4},
    "identity": {"env": "trunkline/Identity-v0", "envs_per_actor": 2},
}


def tiny_raw(**sections: Any) -> dict[str, Any]:
    """Return a small configuration as a YAML file would give it; `sections` replace what they name."""
    raw: dict[str, Any] = {
        "seed": 3,
        "stop_env_steps": 1_000,
        "tasks": {name: dict(task) for name, task in TASKS.items()},
        "network": {"encoder_width": 8, "trunk": [8]},
        "replay": {"capacity": 500, "memory_budget": "4MiB", "n_step": 2, "min_size_to_sample": 64},
        "actors": {"fragment_length": 8, "exploration_max_duration": 4},
        "learner": {
            "batch_size": 16,
            "prefetch_batches": 2,
            "publish_period": 5,
            "target_period": 10,
            "device": "cpu",
        },
        "evaluation": {"period": 50, "episodes": 3},
        "checkpoint": {"period": 100, "keep": 2},
        "metrics": {"port": 0},
    }
    return raw | sections


def tiny_config(*overrides: str, **sections: Any) -> RunConfig:
    """Return a small valid configuration of two tasks, with `key=value` overrides."""
    return parse_config(tiny_raw(**sections), overrides)


def tiny_parts(*overrides: str, run_life: int = 0, replay_directory: Path | None = None) -> Parts:
    """Return the builder of a small run's parts, on one machine; replay is saved in `replay_directory`."""
    config = tiny_config(*overrides).on_one_machine()
    return Parts(config, resolve_specs(config), run_life, replay_directory)


def two_specs() -> list[TaskSpec]:
    """Return two tasks that differ in observation size and number of actions."""
    return [make_spec("a"), make_spec("b", (5,), num_actions=3)]


def make_network(specs: Sequence[TaskSpec] | None = None, seed: int = 1, width: int = 8) -> MultiTaskNetwork:
    """Return a small hard-shared network with linear heads."""
    return build_network(specs or two_specs(), Architecture((width, width)), seed)


def make_rule(weights: Sequence[float] = (1.0, 1.0), **changes: Any) -> UpdateRule:
    """Return Double DQN with Huber loss; `changes` replace fields of the rule."""
    rule = UpdateRule(ErrorLoss(huber_loss), True, 10.0, FixedWeighting(weights), PeriodicCopy(3))
    return replace(rule, **changes)


def make_learner(rule: UpdateRule | None = None, seed: int = 1, learning_rate: float = 1e-2) -> Learner:
    """Return a learner of the two tasks with Adam."""
    network = make_network(seed=seed)
    return Learner(network, torch.optim.Adam(network.parameters(), lr=learning_rate), rule or make_rule())


def make_batch(spec: TaskSpec, size: int, rng: np.random.Generator, **changes: Any) -> TaskBatch:
    """Return random transitions of a task; one in four ends an episode."""
    batch = TaskBatch(
        task=spec.name,
        obs_BO=torch.tensor(rng.normal(size=(size, *spec.observation_shape)), dtype=torch.float32),
        action_B=torch.tensor(rng.integers(spec.choices.total, size=size)),
        reward_n_B=torch.tensor(2.0 * rng.normal(size=size), dtype=torch.float32),
        discount_n_B=torch.tensor(0.9 * (rng.random(size) > 0.25), dtype=torch.float32),
        next_obs_BO=torch.tensor(rng.normal(size=(size, *spec.observation_shape)), dtype=torch.float32),
        importance_B=torch.tensor(rng.uniform(0.2, 1.0, size), dtype=torch.float32),
        keys=rng.integers(1000, size=size),
        staleness=0.0,
    )
    return replace(batch, **changes)


def make_batches(rng: np.random.Generator, sizes: Sequence[int] = (6, 4)) -> list[TaskBatch]:
    """Return one batch of each of the two tasks."""
    return [make_batch(spec, size, rng) for spec, size in zip(two_specs(), sizes, strict=True)]


class SlowShardClient(LocalShardClient):
    """A shard whose sample answers are there only while `open`; it records every request for a sample."""

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard)
        self.open = True
        self.requests: list[tuple[str, int, Pace]] = []

    def sample(self, task: str, size: int, pace: Pace) -> "Delayed[SampleAnswer]":
        """Ask the shard now, answer later."""
        self.requests.append((task, size, pace))
        return Delayed(super().sample(task, size, pace).result(), lambda: self.open)


class Delayed(Answered[T]):
    """An answer that is there once `arrived` says so."""

    def __init__(self, answer: T, arrived: Callable[[], bool]) -> None:
        super().__init__(answer)
        self._arrived = arrived

    def wait(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - it is decided elsewhere
        """Return whether it is there."""
        return self._arrived()
