"""Hard sharing: one trunk for all tasks.

Shape letters: T tasks, N rows of all of them, task after task; D width of a task's vector.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from network.choices import Conditioning
from network.grouped import on_tasks
from network.groups import group_key
from network.images import Maps, Width, channels
from network.mlp import GroupedMLP
from network.trunk import Trunk

EMBEDDING_WIDTH = 32


class TaskVectors(nn.Module):
    """A learned vector a task, (T D,), and what it does to the task's rows."""

    def __init__(self, tasks: int, values: Tensor) -> None:
        super().__init__()
        self._tasks = tasks
        self.values = nn.Parameter(values)

    def of_task(self, index: int) -> "TaskVectors":
        """Return the vector of one task, in this one's memory."""
        return TaskVectors(1, self.values.detach().chunk(self._tasks)[index])

    def appended(self, rows_NF: Tensor, sizes: Sequence[int], width: Width) -> Tensor:
        """Return rows of a width that end with the task's vector, scaled to length 1: (N, F + D).

        After maps each of its elements is a map of its own, the same everywhere. A learned task embedding:
        Nauman et al. 2025, "Bigger, Regularized, Categorical", section 3.
        """
        unit_TD = functional.normalize(self.values.view(self._tasks, -1), dim=1)
        unit_TD = _everywhere(unit_TD, width)
        if self._tasks == 1:
            return torch.cat([rows_NF, unit_TD.expand(rows_NF.shape[0], -1)], dim=1)
        return on_tasks(_appended, sizes, rows_NF, unit_TD)

    def modulated(self, rows_NF: Tensor, sizes: Sequence[int], width: Width, start: int) -> Tensor:
        """Return (1 + gamma) x + beta, with gamma and beta from `start` on in the task's vector.

        Maps have one of each a channel. FiLM: Perez et al. 2018, "FiLM: Visual Reasoning with a General
        Conditioning Layer", eq. 2.
        """
        values_TD, middle = self.values.view(self._tasks, -1), start + channels(width)
        gamma_TF = _everywhere(values_TD[:, start:middle], width)
        beta_TF = _everywhere(values_TD[:, middle : middle + channels(width)], width)
        if self._tasks == 1:
            return rows_NF * (1 + gamma_TF) + beta_TF
        return on_tasks(_modulated, sizes, rows_NF, gamma_TF, beta_TF)


class HardTrunk(Trunk):
    """One multi-layer perceptron (Caruana 1997, "Multitask Learning"; for DQN: D'Eramo et al. 2020).

    All rows go through it in one batch. With `embedding` or `film` each task has a learned vector that is
    appended to its rows, or that scales and shifts them after every norm.
    """

    def __init__(
        self, names: Sequence[str], mlp: GroupedMLP, conditioning: Conditioning, vectors: Tensor
    ) -> None:
        super().__init__()
        self._names = list(names)
        self._conditioning = conditioning
        self.mlp = mlp
        self.conditions = nn.ModuleDict()
        if conditioning != "none":
            self.conditions[group_key(names)] = TaskVectors(len(names), vectors)

    @classmethod
    def initialised(
        cls, names: Sequence[str], widths: Sequence[Width], conditioning: Conditioning = "none"
    ) -> "HardTrunk":
        """Return a trunk that starts the same for every task."""
        inputs = _with_embedding(widths[0]) if conditioning == "embedding" else widths[0]
        mlp = GroupedMLP.initialised(1, [inputs, *widths[1:]])
        if conditioning == "film":
            length = 2 * sum(map(channels, widths[:-1]))
            return cls(names, mlp, conditioning, torch.zeros(len(names) * length))
        return cls(names, mlp, conditioning, torch.randn(len(names) * EMBEDDING_WIDTH))

    def forward(self, rows_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return features."""
        return self._features(self.mlp, None, rows_NF, sizes)

    def of_task(self, index: int) -> nn.Module:
        """Return the trunk, and of the vectors the task's."""
        name = self._names[index]
        own = torch.empty(0)
        if self._conditioning != "none":
            own = self._vectors.of_task(index).values.detach()
        return HardTrunk([name], self.mlp, self._conditioning, own)

    def shared(self) -> dict[str, nn.Parameter]:
        """Return the perceptron's parameters."""
        return {f"mlp.{name}": parameter for name, parameter in self.mlp.named_parameters()}

    def apart(self, rows_NF: Tensor, sizes: Sequence[int], copies: Mapping[str, Tensor]) -> Tensor:
        """Return features, through all copies at once."""
        own = {name.removeprefix("mlp."): copy for name, copy in copies.items()}
        return self._features(partial(self.mlp, copies=own), sizes, rows_NF, sizes)

    @property
    def _vectors(self) -> TaskVectors:
        (vectors,) = self.conditions.values()
        return cast("TaskVectors", vectors)

    def _features(
        self,
        mlp: Callable[..., Tensor],
        mlp_sizes: Sequence[int] | None,
        rows_NF: Tensor,
        sizes: Sequence[int],
    ) -> Tensor:
        if self._conditioning == "none":
            return mlp(rows_NF, mlp_sizes)
        vectors = self._vectors
        if self._conditioning == "embedding":
            return mlp(vectors.appended(rows_NF, sizes, self.mlp.widths[0]), mlp_sizes)
        widths = self.mlp.widths
        starts = [0, *accumulate(2 * channels(width) for width in widths)]

        def modulated(normal_NF: Tensor, index: int) -> Tensor:
            return vectors.modulated(normal_NF, sizes, widths[index], starts[index])

        return mlp(rows_NF, mlp_sizes, modulated)


def _with_embedding(width: Width) -> Width:
    """Return the width with an embedding appended."""
    if isinstance(width, Maps):
        return replace(width, channels=width.channels + EMBEDDING_WIDTH)
    return width + EMBEDDING_WIDTH


def _everywhere(values_TC: Tensor, width: Width) -> Tensor:
    """Return one value a channel at every place of the channel's map."""
    if isinstance(width, Maps):
        return values_TC.repeat_interleave(width.height * width.width, dim=1)
    return values_TC


def _appended(rows_kBF: Tensor, unit_kD: Tensor) -> Tensor:
    own_kBD = unit_kD.unsqueeze(1).expand(-1, rows_kBF.shape[1], -1)
    return torch.cat([rows_kBF, own_kBD], dim=2).flatten(0, 1)


def _modulated(rows_kBF: Tensor, gamma_kF: Tensor, beta_kF: Tensor) -> Tensor:
    return torch.addcmul(beta_kF.unsqueeze(1), rows_kBF, 1 + gamma_kF.unsqueeze(1)).flatten(0, 1)
