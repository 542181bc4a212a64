"""Choices of actions as tensors: the best of each dimension, what is said of those taken, and masks.

Shape letters: N rows of all tasks of a group; D dimensions of an action; A choices of all of them, K of the
dimension that has most.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.grouped import joined
from network.seen import part_of
from tasks.spec import TaskSpec


class Dimensions(nn.Module):
    """The choices of tasks that look and act alike, and which of them observations allow.

    dimensions = Dimensions(spec)
    q_NA = dimensions(q_NA, [obs_BO, obs_BO])        # -inf of choices that are not allowed
    action_N = dimensions.best(q_NA)

    Args:
        spec: of any of the tasks.
    """

    table: Tensor

    def __init__(self, spec: TaskSpec) -> None:
        super().__init__()
        self.choices = spec.choices
        self._layout, self._stacked = spec.layout, spec.frame_stack > 1
        self.register_buffer("table", torch.from_numpy(spec.choices.table), persistent=False)

    def best(self, q_NA: Tensor) -> Tensor:
        """Return the choice of the largest value in each dimension: (N,), or (N, D) of several dimensions."""
        if not self.choices.shape:
            return q_NA.argmax(1)
        place_ND = q_NA[:, self.table].argmax(2)
        return self.table.expand(len(q_NA), -1, -1).gather(2, place_ND.unsqueeze(2)).squeeze(2)

    def forward(self, q_NA: Tensor, observations: Sequence[Tensor]) -> Tensor:
        """Return q_NA with -inf of what the observations, one batch a task, do not allow.

        Where a dimension has no choice that is allowed, as at the end of an episode, nothing is forbidden:
        what its best choice is worth counts for nothing there, but has to be a number.
        """
        mask = self._layout.mask
        if mask is None:
            return q_NA
        flags = part_of(self._layout, mask, joined(observations))
        allowed_NA = (flags[:, -1] if self._stacked else flags) > 0
        possible_N1 = allowed_NA[:, self.table].any(2).all(1, keepdim=True)
        return q_NA.masked_fill(possible_N1 & ~allowed_NA, -torch.inf)


def said_of(action_N: Tensor, outputs_NA: Tensor) -> Tensor:
    """Return what is said of the choices of one action a row: (N, D, ...) of (N, A, ...)."""
    index_ND = action_N.view(action_N.shape[0], -1)
    for size in outputs_NA.shape[2:]:
        index_ND = index_ND.unsqueeze(-1).expand(*index_ND.shape, size)
    return outputs_NA.gather(1, index_ND)
