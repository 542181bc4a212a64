"""The interface of every way of sharing, and hard sharing: one trunk, an encoder and a head a task."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.encoder import VectorEncoder
from network.heads import DuelingHead, LinearHead
from network.trunk import layer_norm_mlp
from tasks.spec import TaskSpec


class MultiTaskNetwork(nn.Module, ABC):
    """Action values of several tasks from one module.

    A way of sharing is a subclass of one level. The learner runs all tasks at once through `forward`; an
    actor keeps `for_task(name)`, a module with that task's share of the parameters under the same names.

        q_BA, q_CA = network([cartpole_obs_BO, mountaincar_obs_CO])
        q_BA = network.for_task("cartpole")(cartpole_obs_BO)
    """

    @abstractmethod
    def forward(self, observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_BA a task, in the order of the tasks; batch sizes may differ."""

    @abstractmethod
    def for_task(self, name: str) -> nn.Module:
        """Return a module obs -> q_BA that shares this network's parameters and their names.

        Raises:
            KeyError: there is no such task.
        """

    @abstractmethod
    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that more than one task's loss reaches."""


class HardSharedNetwork(MultiTaskNetwork):
    """One trunk for all tasks (Caruana 1997, "Multitask Learning"; for DQN: D'Eramo et al. 2020).

    Every task's encoder maps into `trunk_widths[0]`; all tasks go through the trunk in one batch.
    """

    def __init__(self, specs: Sequence[TaskSpec], trunk_widths: Sequence[int], dueling: bool) -> None:
        super().__init__()
        head = DuelingHead if dueling else LinearHead
        self.encoders = nn.ModuleDict({_key(s.name): VectorEncoder(s, trunk_widths[0]) for s in specs})
        self.trunk = layer_norm_mlp(trunk_widths)
        self.heads = nn.ModuleDict({_key(s.name): head(trunk_widths[-1], s.num_actions) for s in specs})

    def forward(self, observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_BA a task."""
        encoded = [encode(obs) for encode, obs in zip(self.encoders.values(), observations, strict=True)]
        features = self.trunk(torch.cat(encoded)).split([len(part) for part in encoded])
        return [head(part) for head, part in zip(self.heads.values(), features, strict=True)]

    def for_task(self, name: str) -> nn.Module:
        """Return the task's encoder, the trunk and the task's head as one module."""
        return _OneTask(_key(name), self.encoders[_key(name)], self.trunk, self.heads[_key(name)])

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the trunk's parameters."""
        return list(self.trunk.parameters())


def _key(name: str) -> str:
    """Return a task's key in a ModuleDict, whose own attributes (`keys`, `train`) are no keys."""
    return f"task:{name}"


class _OneTask(nn.Module):
    def __init__(self, key: str, encoder: nn.Module, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({key: encoder})
        self.trunk = trunk
        self.heads = nn.ModuleDict({key: head})
        self._key = key

    def forward(self, obs: Tensor) -> Tensor:
        q_BA: Tensor = self.heads[self._key](self.trunk(self.encoders[self._key](obs)))
        return q_BA
