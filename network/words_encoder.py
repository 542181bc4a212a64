"""Encoders of texts: words, and in which order they stand.

Shape letters: G tasks of a group, N rows of all of them, U different texts in them, task after task; k tasks
with B rows each; L tokens of an observation, D numbers of a word, F features.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from network.grouped import GroupedLinear, joined, on_tasks
from network.part_encoder import PartEncoder
from network.seen import Seen

ROWS = 1024
"""Rows of each of the two tables: two words have both of theirs in common once in a million pairs."""
WORD_WIDTH = 32
FILTERS = 64


class WordsEncoder(PartEncoder):
    """Words as vectors, a convolution over three neighbours, each filter's largest answer, a linear layer.

    After Kim 2014, "Convolutional Neural Networks for Sentence Classification". A word's vector is the sum of
    a row of each of two tables, which its token picks (Svenstrup et al. 2017, "Hash Embeddings"), so that no
    vocabulary has to be known. Token 0 is no word, and counts for nothing.

    encoder = WordsEncoder.initialised(seen, width=256)
    features_NF = encoder([tokens_BL])
    """

    factors: Tensor

    def __init__(
        self, tasks: int, factors_L: Tensor, table: Tensor, convolution: GroupedLinear, linear: GroupedLinear
    ) -> None:
        super().__init__()
        self._tasks = tasks
        self.register_buffer("factors", factors_L, persistent=False)
        self.table = nn.Parameter(table)
        self.convolution = convolution
        self.linear = linear

    @classmethod
    def initialised(cls, alike: Sequence[Seen], width: int) -> "WordsEncoder":
        """Return the encoder of tasks that all have texts of one length."""
        tasks = len(alike)
        table = torch.empty(tasks * 2 * ROWS, WORD_WIDTH).normal_()
        convolution = GroupedLinear.initialised(tasks, 3 * WORD_WIDTH, FILTERS)
        factors = np.random.default_rng(0).integers(1, 2**63, alike[0].size)
        return cls(
            tasks,
            torch.from_numpy(factors),
            table,
            convolution,
            GroupedLinear.initialised(tasks, FILTERS, width),
        )

    def of_task(self, index: int) -> "WordsEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        table = self.table.detach().chunk(self._tasks)[index]
        return WordsEncoder(
            1, self.factors, table, self.convolution.of_task(index), self.linear.of_task(index)
        )

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width) of one batch a task, each of shape (B, *shape of the part)."""
        rows_NL = joined(observations).flatten(1).long()
        texts_UL, text_N, sizes = self._distinct(rows_NL, [obs.shape[0] for obs in observations])
        present_UL1 = (texts_UL > 0).unsqueeze(2)
        words_ULD = self._words(texts_UL, sizes) * present_UL1
        padded = functional.pad(words_ULD, (0, 0, 1, 1))
        neighbours_ULD = torch.cat([padded[:, :-2], words_ULD, padded[:, 2:]], dim=2)
        length = rows_NL.shape[1]
        answers_MF = self.convolution(neighbours_ULD.flatten(0, 1), [size * length for size in sizes])
        answers_ULF = torch.unflatten(torch.relu(answers_MF), 0, (-1, length)) * present_UL1
        features_UF: Tensor = self.linear(answers_ULF.amax(1), sizes)
        return features_UF[text_N]

    def _distinct(self, rows_NL: Tensor, sizes: list[int]) -> tuple[Tensor, Tensor, list[int]]:
        """Return each task's texts once, (U, L), which of them each row has, and how many each task has.

        A batch has few missions, and what is made of one is the same in all rows. Rows are compared by a sum
        of their tokens with random 63-bit factors.
        """
        owner_N = None
        mixed_N = (rows_NL * self.factors).sum(1)
        if self._tasks > 1:
            tasks_G = torch.arange(self._tasks, device=rows_NL.device)
            owner_N = tasks_G.repeat_interleave(torch.tensor(sizes, device=rows_NL.device))
            mixed_N = mixed_N + owner_N * self.factors[0]
        found = torch.unique(mixed_N, return_inverse=True)
        text_N = found[1]
        row_U = torch.empty_like(found[0]).scatter_(0, text_N, torch.ones_like(text_N).cumsum(0) - 1)
        if owner_N is None:
            return rows_NL[row_U], text_N, sizes
        row_U, order_U = row_U.sort()
        rank_U = torch.empty_like(order_U).scatter_(
            0, order_U, torch.arange(len(order_U), device=order_U.device)
        )
        counts = owner_N[row_U].bincount(minlength=self._tasks).tolist()
        return rows_NL[row_U], rank_U[text_N], counts

    def _words(self, tokens_NL: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return the vectors of words: (N, L, D)."""
        first_NL = tokens_NL % ROWS
        second_NL = torch.div(tokens_NL, ROWS, rounding_mode="floor") % ROWS + ROWS
        if self._tasks == 1:
            return functional.embedding(first_NL, self.table) + functional.embedding(second_NL, self.table)
        table_GVD = torch.unflatten(self.table, 0, (self._tasks, -1))
        picked_N2L = torch.stack([first_NL, second_NL], dim=1)
        return on_tasks(_words_of, sizes, picked_N2L, table_GVD)


@fx.wrap
def _words_of(picked_kB2L: Tensor, table_kVD: Tensor) -> Tensor:
    tasks, rows = table_kVD.shape[:2]
    first_k = torch.arange(tasks, device=picked_kB2L.device) * rows
    picked = picked_kB2L + first_k[:, None, None, None]
    return functional.embedding(picked, table_kVD.flatten(0, 1)).sum(2).flatten(0, 1)
