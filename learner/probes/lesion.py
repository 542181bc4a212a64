"""What a head does without its trunk.

Shape letters: N rows of all tasks, in the order of the network's rows; T tasks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from learner.td import task_means
from network.grouped import joined
from network.multi_task import MultiTaskNetwork


def lesion_shares(network: MultiTaskNetwork, features_NF: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the share of each task's rows whose greedy action changes without the trunk: (T,).

    The lesion puts the mean features of the task's rows in the place of each row's: the head is left with
    what is the same in all states (ablation to the mean: Morcos et al. 2018, "On the Importance of Single
    Directions for Generalization"). 0 says that the head would act alike without seeing anything; a policy
    that does the same in all states has 0 as well.
    """
    parts = features_NF.split_with_sizes(list(sizes))
    blind_NF = torch.cat([part.mean(0, keepdim=True).expand_as(part) for part in parts])
    pairs = zip(network.heads_of(features_NF, sizes), network.heads_of(blind_NF, sizes), strict=True)
    changed_N = joined([seeing_NA.argmax(1) != blind_NA.argmax(1) for seeing_NA, blind_NA in pairs])
    return task_means(changed_N.float(), sizes)
