"""Updates per second of the learner, beside a bare torch loop of the same mathematics in the same run.

    python benchmarks/learner.py [--device cuda] [--threads 2] [--tasks 2] [--json]

Both sides make the whole update of Double DQN on prepared batches: forward passes, Huber loss with importance
weights, backward, gradient clipping, Adam, target copy. They take turns, round by round, so that a machine
whose speed drifts treats them alike; the figures are medians over rounds. Neither Ray nor Gymnasium is
needed.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

# this file has the name of the package `learner`: put the tree's root where Python puts the script's folder
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import torch
from torch import Tensor, nn

from learner.batch import TaskBatch
from learner.learner import Learner, UpdateRule
from learner.target_network import PeriodicCopy
from learner.task_weighting import FixedWeighting
from learner.td import huber_loss
from network.build import build_network
from tasks.spec import TaskSpec

OBSERVATION, ACTIONS, TARGET_PERIOD, MAX_NORM, PREPARED = 4, 2, 200, 10.0, 16
ADAM = {"lr": 1e-3, "eps": 1.5e-4, "fused": True}

Update = Callable[[list[TaskBatch]], None]


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


def ours(tasks: int, width: int, device: torch.device) -> Update:
    """Return the project's update."""
    specs = [
        TaskSpec(f"task{task}", "none", (OBSERVATION,), "float32", ACTIONS, max_episode_steps=500)
        for task in range(tasks)
    ]
    network = build_network("hard", specs, [width, width], dueling=False, seed=0).to(device)
    rule = UpdateRule(
        loss=huber_loss,
        double=True,
        max_gradient_norm=MAX_NORM,
        weighting=FixedWeighting([1.0] * tasks, device),
        target_update=PeriodicCopy(TARGET_PERIOD),
    )
    learner = Learner(network, torch.optim.Adam(network.parameters(), **ADAM), rule)

    def update(batches: list[TaskBatch]) -> None:
        learner.step(batches)

    return update


class BareNetwork(nn.Module):
    """The same network, as one writes it in a script."""

    def __init__(self, tasks: int, width: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(nn.Linear(OBSERVATION, width) for _ in range(tasks))
        self.trunk = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(width, ACTIONS) for _ in range(tasks))

    def forward(self, observations: list[Tensor]) -> list[Tensor]:
        """Return one q_BA a task."""
        encoded = [encoder(obs * 1.0) for encoder, obs in zip(self.encoders, observations, strict=True)]
        features = self.trunk(torch.cat(encoded)).split([len(part) for part in encoded])
        return [head(part) for head, part in zip(self.heads, features, strict=True)]


def bare(tasks: int, width: int, device: torch.device) -> Update:
    """Return a plain torch loop's update."""
    online, target = BareNetwork(tasks, width).to(device), BareNetwork(tasks, width).to(device)
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.Adam(online.parameters(), **ADAM)
    steps = 0

    def update(batches: list[TaskBatch]) -> None:
        nonlocal steps
        next_obs = [batch.next_obs_BO for batch in batches]
        with torch.no_grad():
            next_target, next_online = target(next_obs), online(next_obs)
        q = online([batch.obs_BO for batch in batches])
        loss = torch.zeros((), device=device)
        for i, batch in enumerate(batches):
            best = next_online[i].argmax(1, keepdim=True)
            goal = batch.reward_n_B + batch.discount_n_B * next_target[i].gather(1, best).squeeze(1)
            taken = q[i].gather(1, batch.action_B.unsqueeze(1)).squeeze(1)
            error = nn.functional.smooth_l1_loss(taken, goal, reduction="none")
            loss = loss + (batch.importance_B * error).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(online.parameters(), MAX_NORM)
        optimizer.step()
        steps += 1
        if steps % TARGET_PERIOD == 0:
            target.load_state_dict(online.state_dict())

    return update


def updates_per_second(
    update: Update, prepared: list[list[TaskBatch]], seconds: float, device: torch.device
) -> float:
    """Return how many updates a second one round makes."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for batches in prepared:
            update(batches)
        count += len(prepared)
        if device.type == "cuda":
            torch.cuda.synchronize()
    return count / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each round")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    prepared = make_batches(arguments.tasks, arguments.batch_size, device)
    sides = {
        "ours": ours(arguments.tasks, arguments.width, device),
        "bare": bare(arguments.tasks, arguments.width, device),
    }
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for update in sides.values():
        updates_per_second(update, prepared, arguments.seconds, device)
    for _ in range(arguments.rounds):
        for name, update in sides.items():
            rates[name].append(updates_per_second(update, prepared, arguments.seconds, device))
    ratio = statistics.median(a / b for a, b in zip(rates["ours"], rates["bare"], strict=True))
    result = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or "cpu",
        "threads": arguments.threads,
        "tasks": arguments.tasks,
        "batch_size": arguments.batch_size,
        "width": arguments.width,
        "ours_updates_per_second": round(statistics.median(rates["ours"]), 1),
        "bare_updates_per_second": round(statistics.median(rates["bare"]), 1),
        "ratio": round(ratio, 3),
        "torch": torch.__version__,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:26} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
