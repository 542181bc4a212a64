"""The network: an encoder and a head a task, and between them the trunk, which is how tasks share."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from torch import Tensor, nn

from network.dimensions import Dimensions
from network.grouped import joined
from network.groups import TaskGroups, group_key, group_names, tasks_in
from network.heads import Head
from network.output import Output
from network.part_encoder import PartEncoder
from network.parts_encoder import PartsEncoder
from network.tied import TIED, TiedEncoder, TiedHead
from network.trunk import Trunk
from tasks.spec import TaskSpec

Encoder = PartEncoder | PartsEncoder


class MultiTaskNetwork(nn.Module):
    """Action values of several tasks from one module.

    The learner runs all tasks at once through `group_values`; `forward` is the same, task by task; an actor
    keeps `for_task(name)`, a module with that task's share.

        q_BA, q_CA = network([cartpole_obs_BO, mountaincar_obs_CO])
        q_BA = network.for_task("cartpole")(cartpole_obs_BO)

    Parameters of one task or of a group lie in modules under a `group_key`, the slices of a group's tasks one
    after another along the first dimension: so `task_views` can tell what is whose.

    Args:
        specs: the tasks, in the order in which the network takes their observations.
        trunk: the way of sharing; it takes the tasks in the order of the rows.
        encoder: returns the encoder of tasks with equal observations; the trunk takes what it gives.
        width_out: width that the trunk gives to the heads.
        dueling: dueling heads in place of linear ones.
        output: what the heads say of an action.
        tied_ends: one encoder and one head for all tasks, which have to look and act alike.

    Attributes:
        groups: which tasks go through as one.
        output: as given.
        dimensions: of the actions of each of `groups.heads`.
    """

    def __init__(
        self,
        specs: Sequence[TaskSpec],
        trunk: Trunk,
        encoder: Callable[[Sequence[TaskSpec]], Encoder],
        width_out: int,
        dueling: bool,
        output: Output,
        tied_ends: bool = False,
    ) -> None:
        super().__init__()
        self.groups = TaskGroups(specs)
        ordered = self.groups.arranged(specs)
        seeing_alike = [ordered[group] for group in self.groups.encoders]
        acting_alike = [ordered[group] for group in self.groups.heads]
        if tied_ends:
            one = output.head(1, width_out, specs[0].choices, dueling)
            self.encoders = nn.ModuleDict({TIED: TiedEncoder(encoder(specs[:1]))})
            self.heads = nn.ModuleDict({TIED: TiedHead(one)})
        else:
            self.encoders = nn.ModuleDict({_key(alike): encoder(alike) for alike in seeing_alike})
            self.heads = nn.ModuleDict(
                {_key(a): output.head(len(a), width_out, a[0].choices, dueling) for a in acting_alike}
            )
        self.trunk = trunk
        self.output = output
        self.dimensions: Sequence[Dimensions] = nn.ModuleList(Dimensions(a[0]) for a in acting_alike)  # type: ignore[assignment]
        self._ranks = {spec.name: rank for rank, spec in enumerate(ordered)}

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, in the order of the rows."""
        return list(self._ranks)

    def group_values(
        self, observations: Sequence[Tensor], copies: Mapping[str, Tensor] | None = None
    ) -> list[Tensor]:
        """Return one q_NA for each of `groups.heads`, the rows of its tasks one after another.

        Takes and raises what `group_outputs` does.
        """
        return self.values_of(self.group_outputs(observations, copies), observations)

    def values_of(self, outputs: Sequence[Tensor], observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_NA for each of `groups.heads`, -inf of choices that observations do not allow.

        Args:
            outputs: what the heads say of the observations.
            observations: one batch a task, in the order of the tasks.
        """
        ordered = self.groups.arranged(observations)
        parts = zip(outputs, self.dimensions, self.groups.heads, strict=True)
        return [dimensions(self.output(said), ordered[group]) for said, dimensions, group in parts]

    def group_outputs(
        self, observations: Sequence[Tensor], copies: Mapping[str, Tensor] | None = None
    ) -> list[Tensor]:
        """Return what the heads say, (N, A, *output.shape), for each of `groups.heads`.

        Args:
            observations: one batch a task, in the order of the tasks; batch sizes may differ.
            copies: of the trunk's shared parameters, for `Trunk.apart`.

        Raises:
            ValueError: there are more or fewer batches than tasks.
        """
        sizes = [len(obs) for obs in self.groups.arranged(observations)]
        return self._outputs(self.features(observations, copies), sizes)

    def features(self, observations: Sequence[Tensor], copies: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return what the trunk gives to the heads, (N, width out), in the order of the rows."""
        rows_NF = self.encoded(observations)
        sizes = [len(obs) for obs in self.groups.arranged(observations)]
        features_NF: Tensor = (
            self.trunk(rows_NF, sizes) if copies is None else self.trunk.apart(rows_NF, sizes, copies)
        )
        return features_NF

    def encoded(self, observations: Sequence[Tensor]) -> Tensor:
        """Return what the encoders give to the trunk, (N, width in), in the order of the rows."""
        ordered = self.groups.arranged(observations)
        encoders = zip(self.encoders.values(), self.groups.encoders, strict=True)
        return joined([encode(ordered[group]) for encode, group in encoders])

    def observe(self, observations: Sequence[Tensor]) -> None:
        """Let scales that follow what is seen learn of one batch a task, in the order of the tasks."""
        ordered = self.groups.arranged(observations)
        for encoder, group in zip(self.encoders.values(), self.groups.encoders, strict=True):
            cast("Encoder | TiedEncoder", encoder).observe(ordered[group])

    def heads_of(self, features_NF: Tensor, sizes: Sequence[int]) -> list[Tensor]:
        """Return one q_NA for each of `groups.heads`; `sizes` in the order of the rows."""
        return [self.output(outputs) for outputs in self._outputs(features_NF, sizes)]

    def _outputs(self, features_NF: Tensor, sizes: Sequence[int]) -> list[Tensor]:
        parts = features_NF.split_with_sizes([sum(sizes[group]) for group in self.groups.heads])
        heads = zip(self.heads.values(), parts, self.groups.heads, strict=True)
        return [head(part, sizes[group]) for head, part, group in heads]

    def for_task(self, name: str) -> nn.Module:
        """Return a module obs -> q_BA whose parameters are views of the task's share of this network's.

        They share memory, also with updates in place, and are no part of this network's graph: train the
        whole. Their names are those of `task_views`.

        Raises:
            KeyError: there is no such task.
        """
        trunk = self.trunk.of_task(self._ranks[name])
        groups = zip(self.dimensions, self.groups.heads, strict=True)
        own = next(dimensions for dimensions, group in groups if self._ranks[name] < group.stop)
        return _OneTask(_of_task(self.encoders, name), trunk, _of_task(self.heads, name), self.output, own)

    def encoder_of(self, name: str) -> nn.ModuleDict:
        """Return a task's share of its encoder, under its key; the parameters are views.

        Raises:
            KeyError: there is no such task.
        """
        return _of_task(self.encoders, name)

    def adjust_outputs(self, factor_T: Tensor, offset_T: Tensor) -> None:
        """Turn every output y of a task into factor y + offset, in place; tasks in the order of the rows."""
        for head, group in zip(self.heads.values(), self.groups.heads, strict=True):
            cast("Head", head).adjust(factor_T[group], offset_T[group])

    def shared(self) -> dict[str, nn.Parameter]:
        """Return, by their names in the trunk, the parameters that more than one task's loss reaches.

        A parameter with a slice for each task of a group is not among them: each slice gets its gradient from
        its own task alone.
        """
        return self.trunk.shared()

    def owners(self) -> list[slice | None]:
        """Return of each parameter the ranks, in the order of the rows, of the tasks that own a slice of it.

        The slices lie one after another along the first dimension. None: the parameter is no task's own.
        """
        tasks = [tasks_in(name) for name, _ in self.named_parameters()]
        return [slice(self._ranks[own[0]], self._ranks[own[-1]] + 1) if own else None for own in tasks]

    def forward(self, observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_BA a task, in the order of the tasks; batch sizes may differ."""
        sizes = [len(obs) for obs in self.groups.arranged(observations)]
        values = zip(self.group_values(observations), self.groups.heads, strict=True)
        return self.groups.by_task(
            [q_BA for q_NA, group in values for q_BA in q_NA.split_with_sizes(sizes[group])]
        )


class _OneTask(nn.Module):
    """A network of a single task: every module is a group of one."""

    def __init__(
        self,
        encoder: nn.ModuleDict,
        trunk: nn.Module,
        head: nn.ModuleDict,
        output: Output,
        dimensions: Dimensions,
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.encoders = encoder
        self.trunk = trunk
        self.heads = head
        self.output = output

    def forward(self, obs: Tensor) -> Tensor:
        sizes = [obs.shape[0]]
        (encoder,), (head,) = self.encoders.values(), self.heads.values()
        values: Tensor = self.output(head(self.trunk(encoder([obs]), sizes), sizes))
        return cast("Tensor", self.dimensions(values, [obs]))


def _key(specs: Sequence[TaskSpec]) -> str:
    return group_key(spec.name for spec in specs)


def _of_task(modules: nn.ModuleDict, name: str) -> nn.ModuleDict:
    """Return the module of one task, alone under its key."""
    for key, module in modules.items():
        part = cast("Encoder | Head | TiedEncoder | TiedHead", module)
        if key == TIED:
            return nn.ModuleDict({TIED: part.of_task(0)})
        names = group_names(key)
        if name in names:
            return nn.ModuleDict({group_key([name]): part.of_task(names.index(name))})
    raise KeyError(name)
