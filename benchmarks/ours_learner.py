"""Our side of the learner rows: prepared batches, and the update that a training run makes of them."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.harness import Measure
from benchmarks.peers.worker import Step
from learner.batch import TaskBatch
from learner.learner import Learner, UpdateRule
from learner.loss.of_errors import ErrorLoss
from learner.target_network import PeriodicCopy
from learner.td import huber_loss
from learner.weighting.interface import TaskWeighting
from network.build import Architecture, build_network
from tasks.choices import Choices
from tasks.observation import ObservationLayout
from tasks.spec import TaskSpec

TARGET_PERIOD, MAX_NORM, PREPARED = 200, 10.0, 16


def make_specs(shapes: Sequence[tuple[int, int]]) -> list[TaskSpec]:
    """Return one task for each pair of numbers: elements of an observation, and actions."""
    return [
        TaskSpec(
            f"task{task}",
            "none",
            ObservationLayout.of_numbers((elements,), "float32"),
            Choices((actions,)),
            max_episode_steps=500,
        )
        for task, (elements, actions) in enumerate(shapes)
    ]


def make_batches(specs: Sequence[TaskSpec], size: int, device: torch.device) -> list[list[TaskBatch]]:
    """Return prepared updates of random transitions, `size` of each task for each update."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device)

    return [
        [
            TaskBatch(
                task=spec.name,
                obs_BO=normal(size, *spec.observation_shape),
                action_B=torch.randint(spec.choices.total, (size,), generator=generator).to(device),
                reward_n_B=normal(size),
                discount_n_B=torch.full((size,), 0.95, device=device),
                next_obs_BO=normal(size, *spec.observation_shape),
                importance_B=torch.rand(size, generator=generator).to(device),
                keys=np.arange(size),
                staleness=0.0,
            )
            for spec in specs
        ]
        for _ in range(PREPARED)
    ]


def make_learner(
    specs: Sequence[TaskSpec], widths: tuple[int, ...], weighting: TaskWeighting, device: torch.device
) -> Learner:
    """Return a learner of the tasks with an encoder and a trunk of these widths."""
    network = build_network(specs, Architecture(widths), seed=0).to(device)
    rule = UpdateRule(
        loss=ErrorLoss(huber_loss),
        double=True,
        max_gradient_norm=MAX_NORM,
        weighting=weighting.to(device),
        target_update=PeriodicCopy(TARGET_PERIOD),
    )
    return Learner(network, make_optimizer(network), rule)


def make_optimizer(network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer of both sides."""
    return torch.optim.Adam(network.parameters(), lr=1e-3, eps=1.5e-4, fused=True)


def updates(update: Callable[[Sequence[TaskBatch]], object], prepared: Sequence[list[TaskBatch]]) -> Step:
    """Return a step of one update of each prepared batch."""

    def step() -> float:
        for batches in prepared:
            update(batches)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return len(prepared)

    return step


def seconds_an_update(updates_per_second: Measure) -> Measure:
    """Return the measuring of an update's time from that of the rate."""
    return lambda seconds: 1.0 / updates_per_second(seconds)
