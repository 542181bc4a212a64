"""The interface of every way of sharing, and hard sharing: one trunk, an encoder and a head a task."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from network.encoder import VectorEncoder
from network.grouped import joined
from network.groups import TaskGroups, group_key, group_names
from network.heads import DuelingHead, LinearHead
from network.trunk import layer_norm_mlp
from tasks.spec import TaskSpec


class MultiTaskNetwork(nn.Module, ABC):
    """Action values of several tasks from one module.

    A way of sharing is a subclass of one level. The learner runs all tasks at once through `group_values`;
    `forward` is the same, task by task; an actor keeps `for_task(name)`, a module with that task's share.

        q_BA, q_CA = network([cartpole_obs_BO, mountaincar_obs_CO])
        q_BA = network.for_task("cartpole")(cartpole_obs_BO)

    Parameters of one task or of a group lie in modules under a `group_key`, the slices of a group's tasks one
    behind another along the first dimension: so `task_views` can tell what is whose.

    Attributes:
        groups: which tasks go through as one.
    """

    def __init__(self, specs: Sequence[TaskSpec]) -> None:
        super().__init__()
        self.groups = TaskGroups(specs)

    @abstractmethod
    def group_values(self, observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_NA for each of `groups.heads`, the rows of its tasks one after another.

        Args:
            observations: one batch a task, in the order of the tasks; batch sizes may differ.

        Raises:
            ValueError: there are more or fewer batches than tasks.
        """

    @abstractmethod
    def for_task(self, name: str) -> nn.Module:
        """Return a module obs -> q_BA whose parameters are views of the task's share of this network's.

        They share memory, also with updates in place, and are no part of this network's graph: train the
        whole. Their names are those of `task_views`.

        Raises:
            KeyError: there is no such task.
        """

    @abstractmethod
    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the parameters with values that more than one task's loss reaches.

        A parameter with a slice for each task of a group is not among them: each slice gets its gradient from
        its own task alone.
        """

    def forward(self, observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_BA a task, in the order of the tasks; batch sizes may differ."""
        sizes = [len(obs) for obs in self.groups.arranged(observations)]
        values = zip(self.group_values(observations), self.groups.heads, strict=True)
        return self.groups.by_task(
            [q_BA for q_NA, group in values for q_BA in q_NA.split_with_sizes(sizes[group])]
        )


class HardSharedNetwork(MultiTaskNetwork):
    """One trunk for all tasks (Caruana 1997, "Multitask Learning"; for DQN: D'Eramo et al. 2020).

    Every task's encoder maps into `trunk_widths[0]`; all tasks go through the trunk in one batch.
    """

    def __init__(self, specs: Sequence[TaskSpec], trunk_widths: Sequence[int], dueling: bool) -> None:
        super().__init__(specs)
        head = DuelingHead if dueling else LinearHead
        width_in, width_out = trunk_widths[0], trunk_widths[-1]
        ordered = self.groups.arranged(specs)
        seeing_alike = [ordered[group] for group in self.groups.encoders]
        acting_alike = [ordered[group] for group in self.groups.heads]
        self.encoders = nn.ModuleDict(
            {_key(alike): VectorEncoder.initialised(alike, width_in) for alike in seeing_alike}
        )
        self.trunk = layer_norm_mlp(trunk_widths)
        self.heads = nn.ModuleDict(
            {_key(a): head.initialised(len(a), width_out, a[0].num_actions) for a in acting_alike}
        )

    def group_values(self, observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_NA a group."""
        groups, ordered = self.groups, self.groups.arranged(observations)
        sizes = [len(obs) for obs in ordered]
        encoders = zip(self.encoders.values(), groups.encoders, strict=True)
        features = self.trunk(joined([encode(ordered[group]) for encode, group in encoders]))
        parts = features.split_with_sizes([sum(sizes[group]) for group in groups.heads])
        heads = zip(self.heads.values(), parts, groups.heads, strict=True)
        return [head(part, sizes[group]) for head, part, group in heads]

    def for_task(self, name: str) -> nn.Module:
        """Return the task's encoder, the trunk and the task's head as one module."""
        return _OneTask(name, _of_task(self.encoders, name), self.trunk, _of_task(self.heads, name))

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the trunk's parameters."""
        return list(self.trunk.parameters())


class _OneTask(nn.Module):
    """A network of a single task: every module is a group of one."""

    def __init__(self, name: str, encoder: nn.Module, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self._key = group_key([name])
        self.encoders = nn.ModuleDict({self._key: encoder})
        self.trunk = trunk
        self.heads = nn.ModuleDict({self._key: head})

    def forward(self, obs: Tensor) -> Tensor:
        features = self.trunk(self.encoders[self._key]([obs]))
        q_BA: Tensor = self.heads[self._key](features, [obs.shape[0]])
        return q_BA


def _key(specs: Sequence[TaskSpec]) -> str:
    return group_key(spec.name for spec in specs)


def _of_task(modules: nn.ModuleDict, name: str) -> nn.Module:
    for key, module in modules.items():
        names = group_names(key)
        if name in names:
            return cast("VectorEncoder | LinearHead | DuelingHead", module).of_task(names.index(name))
    raise KeyError(name)
