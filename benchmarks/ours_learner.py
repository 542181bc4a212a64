"""Our side of the learner rows: prepared batches, and the update that a training run makes of them."""

import numpy as np
import torch
from torch import Tensor, nn

from learner.batch import TaskBatch
from learner.learner import Learner, UpdateRule
from learner.target_network import PeriodicCopy
from learner.td import huber_loss
from learner.weighting.fixed import FixedWeighting
from network.build import Architecture, build_network
from tasks.spec import TaskSpec

OBSERVATION, ACTIONS, TARGET_PERIOD, MAX_NORM, PREPARED = 4, 2, 200, 10.0, 16


def make_batches(tasks: int, batch_size: int, device: torch.device) -> list[list[TaskBatch]]:
    """Return prepared updates of random transitions, `batch_size` in all for each update."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device)

    size = batch_size // tasks
    return [
        [
            TaskBatch(
                task=f"task{task}",
                obs_BO=normal(size, OBSERVATION),
                action_B=torch.randint(ACTIONS, (size,), generator=generator).to(device),
                reward_n_B=normal(size),
                discount_n_B=torch.full((size,), 0.95, device=device),
                next_obs_BO=normal(size, OBSERVATION),
                importance_B=torch.rand(size, generator=generator).to(device),
                keys=np.arange(size),
                staleness=0.0,
            )
            for task in range(tasks)
        ]
        for _ in range(PREPARED)
    ]


def make_learner(tasks: int, width: int, device: torch.device) -> Learner:
    """Return a learner of so many tasks with an encoder and a trunk of that width."""
    specs = [
        TaskSpec(f"task{task}", "none", (OBSERVATION,), "float32", ACTIONS, max_episode_steps=500)
        for task in range(tasks)
    ]
    network = build_network(specs, Architecture((width, width)), seed=0).to(device)
    rule = UpdateRule(
        loss=huber_loss,
        double=True,
        max_gradient_norm=MAX_NORM,
        weighting=FixedWeighting([1.0] * tasks).to(device),
        target_update=PeriodicCopy(TARGET_PERIOD),
    )
    return Learner(network, make_optimizer(network), rule)


def make_optimizer(network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer of both sides."""
    return torch.optim.Adam(network.parameters(), lr=1e-3, eps=1.5e-4, fused=True)
