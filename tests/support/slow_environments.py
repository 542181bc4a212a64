"""Environments that take their time, so that a test says how fast actors are, whatever the machine.

Importing this module registers them with Gymnasium, so that any process can build them by
`tests.support.slow_environments:trunkline-test/SlowChain-v0` and the like.
"""

import time
from typing import Any

import gymnasium
from numpy.typing import NDArray

from tasks.builtin.chain import Chain
from tasks.builtin.identity import Identity

MODULE = "tests.support.slow_environments"


class SlowChain(Chain):
    """Chain, whose every step takes so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Sleep, then step."""
        time.sleep(self._seconds)
        return super().step(action)


class SlowIdentity(Identity):
    """Identity, whose every step takes so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Sleep, then step."""
        time.sleep(self._seconds)
        return super().step(action)


def slowed(task: str, seconds: float) -> list[str]:
    """Return the overrides that give one of the tiny pair, `chain` or `identity`, such an environment."""
    kind = {"chain": "SlowChain", "identity": "SlowIdentity"}[task]
    return [
        f"tasks.{task}.env={MODULE}:trunkline-test/{kind}-v0",
        f"tasks.{task}.env_kwargs={{seconds: {seconds}}}",
    ]


for _kind, _limit in ((SlowChain, 50), (SlowIdentity, 20)):
    if f"trunkline-test/{_kind.__name__}-v0" not in gymnasium.registry:
        gymnasium.register(
            id=f"trunkline-test/{_kind.__name__}-v0",
            entry_point=f"{MODULE}:{_kind.__name__}",
            max_episode_steps=_limit,
        )
