"""Encoders of texts: words, and in which order they stand.

Shape letters: G tasks of a group, N rows of all of them, task after task; k tasks with B rows each; L tokens of
an observation, D numbers of a word, F features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from network.grouped import GroupedLinear, joined, on_tasks
from network.seen import Seen

ROWS = 1024
"""Rows of each of the two tables: two words have both of theirs in common once in a million pairs."""
WORD_WIDTH = 32
FILTERS = 64


class WordsEncoder(nn.Module):
    """Words as vectors, a convolution over three neighbours, the largest answer of each filter, a linear layer.

    After Kim 2014, "Convolutional Neural Networks for Sentence Classification". A word's vector is the sum of
    a row of each of two tables, which its token picks (Svenstrup et al. 2017, "Hash Embeddings"), so that no
    vocabulary has to be known. Token 0 is no word, and counts for nothing.

    encoder = WordsEncoder.initialised(seen, width=256)
    features_NF = encoder([tokens_BL])
    """

    def __init__(self, tasks: int, table: Tensor, convolution: GroupedLinear, linear: GroupedLinear) -> None:
        super().__init__()
        self._tasks = tasks
        self.table = nn.Parameter(table)
        self.convolution = convolution
        self.linear = linear

    @classmethod
    def initialised(cls, alike: Sequence[Seen], width: int) -> "WordsEncoder":
        """Return the encoder of tasks that all have texts of one length."""
        tasks = len(alike)
        table = torch.empty(tasks * 2 * ROWS, WORD_WIDTH).normal_()
        convolution = GroupedLinear.initialised(tasks, 3 * WORD_WIDTH, FILTERS)
        return cls(tasks, table, convolution, GroupedLinear.initialised(tasks, FILTERS, width))

    def of_task(self, index: int) -> "WordsEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        table = self.table.detach().chunk(self._tasks)[index]
        return WordsEncoder(1, table, self.convolution.of_task(index), self.linear.of_task(index))

    def observe(self, observations: Sequence[Tensor]) -> None:
        """Do nothing: there is nothing to scale."""

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width) of one batch a task, each of shape (B, *shape of the part)."""
        sizes = [obs.shape[0] for obs in observations]
        tokens_NL = joined(observations).flatten(1).long()
        present_NL1 = (tokens_NL > 0).unsqueeze(2)
        words_NLD = self._words(tokens_NL, sizes) * present_NL1
        padded = functional.pad(words_NLD, (0, 0, 1, 1))
        neighbours_NLD = torch.cat([padded[:, :-2], words_NLD, padded[:, 2:]], dim=2)
        length = tokens_NL.shape[1]
        answers_MF = torch.relu(
            self.convolution(neighbours_NLD.flatten(0, 1), [size * length for size in sizes])
        )
        answers_NLF = torch.unflatten(answers_MF, 0, (-1, length)) * present_NL1
        features_NF: Tensor = self.linear(answers_NLF.amax(1), sizes)
        return features_NF

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
