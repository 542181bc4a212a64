"""How large each task's rewards are, as the learner meets them.

Shape letters: T tasks, B transitions of a task.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from learner.batch import TaskBatch


class RewardSizes:
    """The largest |n-step reward| of each task, kept on the learner's device until somebody asks.

        sizes = RewardSizes(["cartpole", "mountaincar"])
        sizes.look_at(batches)
        sizes.largest()                      # {"cartpole": 3.0, "mountaincar": 3.0}

    A look costs a few small operations, so it is meant for one update in many.

    Attributes:
        looks: updates that were looked at.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        self._tasks = list(tasks)
        self._largest_T: Tensor | None = None
        self.looks = 0

    def look_at(self, batches: Sequence[TaskBatch]) -> None:
        """Take in one update's rewards, from one batch a task in the order of the tasks."""
        largest_T = torch.stack([batch.reward_n_B.abs().max() for batch in batches])
        self._largest_T = largest_T if self._largest_T is None else largest_T.maximum(self._largest_T)
        self.looks += 1

    def largest(self) -> dict[str, float]:
        """Return the largest of each task, 0 where none was paid; nothing before the first look."""
        if self._largest_T is None:
            return {}
        return dict(zip(self._tasks, self._largest_T.tolist(), strict=True))
