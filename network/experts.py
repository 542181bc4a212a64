"""Soft sharing by a mixture of experts.

Shape letters: E experts, N rows of all tasks, task after task, F features.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, fx, nn

from network.grouped import GroupedLinear
from network.groups import group_key
from network.images import Width, features
from network.mlp import GroupedMLP
from network.trunk import Trunk

SMALLEST_LENGTH = 1e-6
"""Under which an expert adds no direction of its own."""


class ExpertsTrunk(Trunk):
    """Experts that all tasks share, and a gate a task that says how much of each a row takes.

    Ma et al. 2018, "Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts",
    eq. 6 and 7: softmax gates over what the trunk takes in. With `orthogonal` the experts' features are made
    orthonormal row by row before they are mixed (Hendawy et al. 2024, "Multi-Task Reinforcement Learning with
    Mixture of Orthogonal Experts", section 4; their mixing weights depend on the task alone, these on the row
    as well).
    """

    def __init__(
        self, names: Sequence[str], experts: GroupedMLP, count: int, gate: GroupedLinear, orthogonal: bool
    ) -> None:
        super().__init__()
        self._names = list(names)
        self._count = count
        self._orthogonal = orthogonal
        self.experts = experts
        self.gates = nn.ModuleDict({group_key(names): gate})

    @classmethod
    def initialised(
        cls, names: Sequence[str], widths: Sequence[Width], count: int, orthogonal: bool
    ) -> "ExpertsTrunk":
        """Return experts that start apart, and gates that start near equal shares."""
        gate = GroupedLinear.initialised(len(names), features(widths[0]), count)
        return cls(names, GroupedMLP.initialised(count, widths), count, gate, orthogonal)

    @property
    def _gate(self) -> GroupedLinear:
        (gate,) = self.gates.values()
        return cast("GroupedLinear", gate)

    def forward(self, rows_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return features: each row's mixture."""
        share_NE = self._gate(rows_NF, sizes).softmax(1)
        features_EN_F: Tensor = self.experts(rows_NF.repeat(self._count, 1), None)
        features_ENF = features_EN_F.view(self._count, -1, features_EN_F.shape[1])
        if self._orthogonal:
            features_ENF = orthonormal(features_ENF)
        return torch.einsum("ne,enf->nf", share_NE, features_ENF)

    def of_task(self, index: int) -> nn.Module:
        """Return all experts, with the task's gate."""
        gate = self._gate.of_task(index)
        return ExpertsTrunk([self._names[index]], self.experts, self._count, gate, self._orthogonal)

    def shared(self) -> dict[str, nn.Parameter]:
        """Return the experts' parameters."""
        return {f"experts.{name}": parameter for name, parameter in self.experts.named_parameters()}


@fx.wrap
def orthonormal(features_ENF: Tensor) -> Tensor:
    """Return the features of each row made orthonormal over the experts, first expert first (Gram-Schmidt).

    What an expert adds no direction with becomes zero.
    """
    basis: list[Tensor] = []
    for rest_NF in features_ENF.unbind():
        for unit_NF in basis:
            rest_NF = rest_NF - (rest_NF * unit_NF).sum(1, keepdim=True) * unit_NF
        length_N1 = rest_NF.norm(dim=1, keepdim=True)
        basis.append(rest_NF / length_N1.clamp(min=SMALLEST_LENGTH))
    return torch.stack(basis)
