"""Stable-Baselines3's DQN on CartPole: counts updates.

Two layers of 256, batches of 512 drawn uniformly (it has no other replay), an update every 8 env steps, one
thread.
"""

from collections.abc import Callable

import torch
from stable_baselines3 import DQN

WIDTH, BATCH, STEPS_PER_UPDATE, LEARNING_STARTS, CHUNK = 256, 512, 8, 1000, 160


def build(arguments: list[str]) -> Callable[[], float]:  # noqa: ARG001 - it takes none
    """Return a step of some env steps and their updates."""
    torch.set_num_threads(1)
    model = DQN(
        "MlpPolicy",
        "CartPole-v1",
        learning_rate=1e-3,
        buffer_size=100_000,
        learning_starts=LEARNING_STARTS,
        batch_size=BATCH,
        train_freq=STEPS_PER_UPDATE,
        gradient_steps=1,
        target_update_interval=200 * STEPS_PER_UPDATE,
        policy_kwargs={"net_arch": [WIDTH, WIDTH]},
        seed=0,
        device="cpu",
    )
    model.learn(LEARNING_STARTS)

    def step() -> float:
        before = model._n_updates
        model.learn(CHUNK, reset_num_timesteps=False)
        return float(model._n_updates - before)

    return step
