"""Acting with nothing around it: `ENV NUM_ENVS WIDTH LAYERS`; counts transitions.

A Gymnasium SyncVectorEnv, the forward pass of trunkline's network in plain torch on one thread, argmax, and
epsilon-greedy with trunkline's ladder of epsilons. The step that only starts a stream's next episode is no
transition and is not counted.
"""

from collections.abc import Callable

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import nn


def build(arguments: list[str]) -> Callable[[], float]:
    """Return a step of all streams."""
    env, *numbers = arguments
    num_envs, width, layers = map(int, numbers)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    vector = SyncVectorEnv(
        [lambda: gymnasium.make(env, disable_env_checker=True)] * num_envs,
        copy=False,
        autoreset_mode=AutoresetMode.NEXT_STEP,
    )
    num_actions = int(vector.single_action_space.n)  # type: ignore[attr-defined]
    observations, _ = vector.reset(seed=0)
    network = _network(observations[0].size, width, layers, num_actions)
    epsilons = 0.4 ** (1 + 7 * np.arange(num_envs) / max(num_envs - 1, 1))
    rng = np.random.default_rng(0)
    ended = np.zeros(num_envs, np.bool_)

    def step() -> float:
        nonlocal observations, ended
        with torch.inference_mode():
            actions = network(torch.from_numpy(observations)).numpy().argmax(1)
        explores = rng.random(num_envs) < epsilons
        actions[explores] = rng.integers(num_actions, size=int(explores.sum()))
        transitions = num_envs - int(ended.sum())
        observations, _, terminated, truncated, _ = vector.step(actions)
        ended = terminated | truncated
        return transitions

    return step


def _network(observation_size: int, width: int, layers: int, num_actions: int) -> nn.Sequential:
    """Return an encoder, the trunk's blocks of LayerNorm, ReLU and Linear, and a linear head."""
    hidden = [
        layer for _ in range(layers) for layer in (nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width))
    ]
    encoder, head = nn.Linear(observation_size, width), nn.Linear(width, num_actions)
    return nn.Sequential(nn.Flatten(), encoder, *hidden, nn.ReLU(), head)
