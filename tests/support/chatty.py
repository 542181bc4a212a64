"""An environment that prints wherever it can: from Python, from C, from other processes, at any time."""

import atexit
import ctypes
import os
import subprocess
import sys

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

_C = ctypes.CDLL(None)


def chat(when: str) -> None:
    """Print in every way there is."""
    sys.stdout.write(f"python {when}\n")
    _C.printf(b"printf\n")
    os.write(1, b"descriptor\n")
    assert sys.__stdout__ is not None
    sys.__stdout__.write("the first sys.stdout\n")
    sys.__stdout__.flush()
    subprocess.run(["echo", "child"], check=True)


class Chatty(gymnasium.Env):
    """Zeros are seen, each step pays 1, an episode has 10."""

    def __init__(self) -> None:
        self.observation_space = Box(-1, 1, (2,), np.float32)
        self.action_space = Discrete(2)
        self._age = 0
        chat("built")

    def reset(self, *, seed=None, options=None):  # noqa: ARG002
        super().reset(seed=seed)
        self._age = 0
        sys.stdout.write("reset\n")
        return np.zeros(2, np.float32), {}

    def step(self, action):  # noqa: ARG002
        self._age += 1
        sys.stdout.write("step\n")
        return np.zeros(2, np.float32), 1.0, self._age >= 10, False, {}


chat("imported")
atexit.register(chat, "left")
gymnasium.register(
    "trunkline-test/Chatty-v0", entry_point="tests.support.chatty:Chatty", max_episode_steps=50
)
