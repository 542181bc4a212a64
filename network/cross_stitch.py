"""Soft sharing by cross-stitch units.

Shape letters: C columns, as many as tasks; N rows of all tasks, task after task; L layers.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.images import Width
from network.mlp import GroupedMLP
from network.trunk import Trunk

OWN_SHARE = 0.9
"""What a column takes of itself in the beginning; it takes the rest from the others in equal parts."""


class CrossStitchTrunk(Trunk):
    """A column a task; after each layer every column goes on with a learned mixture of all of them.

    Misra et al. 2016, "Cross-Stitch Networks for Multi-Task Learning", eq. 1 with one unit a layer. Their
    tasks look at one image; ours at observations of their own, so each row goes through all columns, and its
    task's head reads the task's column. That costs C times the arithmetic of one trunk.
    """

    def __init__(self, columns: GroupedMLP, stitches_LCC: Tensor, column: int | None = None) -> None:
        super().__init__()
        self._column = column
        self.columns = columns
        self.stitches = nn.Parameter(stitches_LCC)

    @classmethod
    def initialised(cls, names: Sequence[str], widths: Sequence[Width]) -> "CrossStitchTrunk":
        """Return columns that take most of themselves."""
        count = len(names)
        rest = (1 - OWN_SHARE) / max(count - 1, 1)
        own = OWN_SHARE if count > 1 else 1.0
        stitch_CC = torch.full((count, count), rest).fill_diagonal_(own)
        return cls(GroupedMLP.initialised(count, widths), stitch_CC.repeat(len(widths) - 1, 1, 1))

    def forward(self, rows_NF: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return features: of each task's rows, what its column makes of them."""
        count = self.stitches.shape[1]

        def stitched(features_CN_F: Tensor, layer: int) -> Tensor:
            mixed_C_NF = self.stitches[layer] @ features_CN_F.view(count, -1)
            return mixed_C_NF.view_as(features_CN_F)

        features_CN_F: Tensor = self.columns(rows_NF.repeat(count, 1), None, after=stitched)
        features_CNF = features_CN_F.view(count, -1, features_CN_F.shape[1])
        if self._column is not None:
            return features_CNF[self._column]
        parts = features_CNF.split_with_sizes(list(sizes), dim=1)
        return torch.cat([part[column] for column, part in enumerate(parts)])

    def of_task(self, index: int) -> nn.Module:
        """Return all columns, of which the task's is read."""
        return CrossStitchTrunk(self.columns, self.stitches.detach(), column=index)

    def shared(self) -> dict[str, nn.Parameter]:
        """Return all parameters: every task goes through every column."""
        return dict(self.named_parameters())
