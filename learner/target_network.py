"""The target network: a slow copy of the online one."""

import copy
from typing import Protocol

import torch

from network.multi_task import MultiTaskNetwork


class TargetUpdate(Protocol):
    """How the target follows the online network after each update."""

    def __call__(self, target: MultiTaskNetwork, online: MultiTaskNetwork, learner_step: int) -> None:
        """Move the target."""


class PeriodicCopy:
    """Copies the online network every `period` updates (Mnih et al. 2015)."""

    def __init__(self, period: int) -> None:
        self._period = period

    def __call__(self, target: MultiTaskNetwork, online: MultiTaskNetwork, learner_step: int) -> None:
        """Copy when it is time."""
        if learner_step % self._period == 0:
            copy_parameters(target, online)


class PolyakAverage:
    """Moves the target by `rate` of the way in each update (Lillicrap et al. 2016, section 3)."""

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def __call__(
        self,
        target: MultiTaskNetwork,
        online: MultiTaskNetwork,
        learner_step: int,  # noqa: ARG002 - it moves in every one
    ) -> None:
        """Move a little."""
        with torch.no_grad():
            torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), self._rate)


def copy_parameters(target: MultiTaskNetwork, online: MultiTaskNetwork) -> None:
    """Set the target's parameters to the online network's."""
    with torch.no_grad():
        torch._foreach_copy_(list(target.parameters()), list(online.parameters()))


def frozen_copy(network: MultiTaskNetwork) -> MultiTaskNetwork:
    """Return a copy that asks for no gradients."""
    return copy.deepcopy(network).requires_grad_(False)
