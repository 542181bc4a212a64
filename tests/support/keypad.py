"""An environment of many kinds at once: words, indices, a picture, two dimensions to act in, and masks."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Text

ENV = "tests.support.keypad:Keypad"
COLOURS = ("red", "blue")
STEPS = 8


class Keypad(gymnasium.Env[Any, Any]):
    """Press, in each step, the key that a word and a lamp name, with the hand that a picture shows.

    The first dimension of the action is one of four keys, 2 colour + lamp; the second one of three hands. A
    reward of 0.5 is paid for each that is right. Some of the others are forbidden by the mask, and whoever
    takes one of those gets an exception.

    Args:
        mask: where it says so: `info`, `part`, or `nowhere`.
    """

    def __init__(self, mask: str = "info") -> None:
        self._where = mask
        parts = {
            "colour": Text(12, charset="abcdefghijklmnopqrstuvwxyz "),
            "lamp": Discrete(2, start=1),
            "picture": Box(0, 255, (9, 9, 3), np.uint8),
        }
        if mask == "part":
            parts["allowed"] = Box(0, 1, (7,), np.int8)
        self.observation_space = Dict(parts)
        self.action_space = MultiDiscrete([4, 3])
        self.max_episode_steps = STEPS

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Show the first key."""
        super().reset(seed=seed, options=options)
        self._draw()
        return self._shown()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Pay for what is right of the action, and show the next key."""
        key, hand = (int(choice) for choice in action)
        if self._where != "nowhere" and not (self._mask[key] and self._mask[4 + hand]):
            raise ValueError(f"the action {key}, {hand} is forbidden")
        reward = 0.5 * (key == 2 * self._colour + self._lamp) + 0.5 * (hand == self._hand)
        self._draw()
        return *self._shown()[:1], reward, False, False, self._shown()[1]

    def _draw(self) -> None:
        self._colour, self._lamp, self._hand = (int(self.np_random.integers(n)) for n in (2, 2, 3))
        self._mask = self.np_random.integers(0, 2, 7).astype(np.int8)
        self._mask[[2 * self._colour + self._lamp, 4 + self._hand]] = 1

    def _shown(self) -> tuple[dict[str, Any], dict[str, Any]]:
        picture = np.zeros((9, 9, 3), np.uint8)
        picture[3 * self._hand : 3 * self._hand + 3, :, 1] = 255
        seen: dict[str, Any] = {
            "colour": f"the {COLOURS[self._colour]}",
            "lamp": np.int64(1 + self._lamp),
            "picture": picture,
        }
        if self._where == "part":
            seen["allowed"] = self._mask.copy()
        return seen, {"action_mask": self._mask.copy()} if self._where == "info" else {}
