"""Mean losses over an interval, read only now and then so that a GPU need not be waited for.

Shape letters: T tasks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


class LossLog:
    """Adds up per-task losses on their device.

    log = LossLog(["cartpole", "mountaincar"])
    log.add(result.loss_T)
    log.take()                            # {"cartpole": 0.1, "mountaincar": 0.2}
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        self._tasks = list(tasks)
        self._sum_T: Tensor | None = None
        self._count = 0

    def add(self, loss_T: Tensor) -> None:
        """Take in one update's losses."""
        self._sum_T = loss_T if self._sum_T is None else self._sum_T + loss_T
        self._count += 1

    def not_finite(self) -> str | None:
        """Return a task whose losses hold a value that is not finite, or None."""
        if self._sum_T is None:
            return None
        finite_T = torch.isfinite(self._sum_T).tolist()
        return next((task for task, finite in zip(self._tasks, finite_T, strict=True) if not finite), None)

    def take(self) -> dict[str, float]:
        """Return the mean losses since the last call, by task; nothing if there were none."""
        if self._sum_T is None:
            return {}
        means = (self._sum_T / self._count).tolist()
        self._sum_T, self._count = None, 0
        return dict(zip(self._tasks, means, strict=True))
