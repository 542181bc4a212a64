"""Encoders of names of things: a learned row for each value that an index can have.

Shape letters: G tasks of a group, N rows of all of them, task after task; k tasks with B rows each; P indices
of an observation, V values of all of them, F features.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from network.grouped import joined, on_tasks
from network.part_encoder import PartEncoder
from network.seen import Seen


class IndexEncoder(PartEncoder):
    """Adds up one row of a table for each index: a linear layer over indices that are one-hot.

    encoder = IndexEncoder.initialised(seen, width=256)
    features_NF = encoder([taxi_obs_B1])
    """

    first: Tensor

    def __init__(self, tasks: int, first_P: Tensor, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self._tasks = tasks
        self.register_buffer("first", first_P, persistent=False)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    @classmethod
    def initialised(cls, alike: Sequence[Seen], width: int) -> "IndexEncoder":
        """Return tables that start as `nn.Linear` does with as many inputs as there are indices."""
        sizes = np.array(alike[0].part.sizes * alike[0].stack)
        first_P = torch.from_numpy(np.cumsum(sizes) - sizes)
        tasks, values = len(alike), int(sizes.sum())
        bound = len(sizes) ** -0.5
        weight = torch.empty(tasks * values, width).uniform_(-bound, bound)
        return cls(tasks, first_P, weight, torch.empty(tasks * width).uniform_(-bound, bound))

    def of_task(self, index: int) -> "IndexEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        weight, bias = self.weight.detach().chunk(self._tasks), self.bias.detach().chunk(self._tasks)
        return IndexEncoder(1, self.first, weight[index], bias[index])

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width) of one batch a task, each of shape (B, *shape of the part)."""
        rows_NP = joined(observations).flatten(1).long() + self.first
        if self._tasks == 1:
            return functional.embedding_bag(rows_NP, self.weight, mode="sum") + self.bias
        sizes = [obs.shape[0] for obs in observations]
        weight_GVF = torch.unflatten(self.weight, 0, (self._tasks, -1))
        return on_tasks(_looked_up, sizes, rows_NP, weight_GVF, self.bias.view(self._tasks, -1))


@fx.wrap
def _looked_up(rows_kBP: Tensor, weight_kVF: Tensor, bias_kF: Tensor) -> Tensor:
    tasks, values = weight_kVF.shape[:2]
    first_k = torch.arange(tasks, device=rows_kBP.device) * values
    rows_NP = (rows_kBP + first_k[:, None, None]).flatten(0, 1)
    summed_NF = functional.embedding_bag(rows_NP, weight_kVF.flatten(0, 1), mode="sum")
    return (torch.unflatten(summed_NF, 0, (tasks, -1)) + bias_kF.unsqueeze(1)).flatten(0, 1)
