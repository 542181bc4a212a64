"""From transitions to one loss a task.

Shape letters: T tasks, B transitions of a task, N transitions of all tasks, A actions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.task_gradients import SharedCopies
from learner.td import bootstrap_values, taken_values, task_means, td_targets
from network.grouped import joined
from network.multi_task import MultiTaskNetwork


@dataclass(frozen=True)
class Losses:
    """What the objective says of one batch a task.

    Attributes:
        loss_T: importance-weighted mean loss of each task, in the order of the tasks.
        error_N: TD errors, in the order of the network's rows.
    """

    loss_T: Tensor
    error_N: Tensor


class Objective:
    """The TD losses of an online network against targets of a target network.

    objective = Objective(network, target, huber_loss, double=True)
    targets_N = objective.targets(batches)
    losses = objective.losses(batches, targets_N)
    """

    def __init__(
        self,
        network: MultiTaskNetwork,
        target: MultiTaskNetwork,
        loss: Callable[[Tensor], Tensor],
        double: bool,
    ) -> None:
        self._network = network
        self._target = target
        self._loss = loss
        self._double = double
        device = next(network.parameters()).device
        self._ranks_T = torch.tensor(network.groups.ranks, device=device)

    @torch.no_grad()
    def targets(self, batches: Sequence[TaskBatch]) -> Tensor:
        """Return what the taken actions should be worth: (N,), in the order of the network's rows."""
        next_obs = [batch.next_obs_BO for batch in batches]
        target_q = self._target.group_values(next_obs)
        selector_q = self._network.group_values(next_obs) if self._double else target_q
        rows = self._network.groups.arranged(batches)
        return td_targets(
            joined([batch.reward_n_B for batch in rows]),
            joined([batch.discount_n_B for batch in rows]),
            joined([bootstrap_values(*next_q) for next_q in zip(target_q, selector_q, strict=True)]),
        )

    def losses(
        self, batches: Sequence[TaskBatch], targets_N: Tensor, copies: SharedCopies | None = None
    ) -> Losses:
        """Return losses with a graph; through copies of what is shared, if they are given."""
        groups, rows = self._network.groups, self._network.groups.arranged(batches)
        sizes = [len(batch.action_B) for batch in rows]
        values = self._network.group_values(
            [batch.obs_BO for batch in batches], None if copies is None else copies.by_name
        )
        taken = [
            taken_values(q_NA, joined([batch.action_B for batch in rows[group]]))
            for group, q_NA in zip(groups.heads, values, strict=True)
        ]
        error_N = targets_N - joined(taken)
        loss_N = joined([batch.importance_B for batch in rows]) * self._loss(error_N)
        loss_T = task_means(loss_N, sizes)
        return Losses(loss_T if groups.in_order else loss_T[self._ranks_T], error_N)
