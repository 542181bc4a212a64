"""From transitions to one loss a task.

Shape letters: T tasks, B transitions of a task, N transitions of all tasks, A actions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.hl_gauss import HLGauss
from learner.task_gradients import SharedCopies
from learner.td import bootstrap_values, taken_logits, taken_values, task_means
from learner.value_scale.interface import Returns, ValueScale
from network.grouped import joined
from network.multi_task import MultiTaskNetwork

ErrorLoss = Callable[[Tensor], Tensor]
"""TD errors (B,) -> losses (B,)."""


@dataclass(frozen=True)
class Losses:
    """What the objective says of one batch a task.

    Attributes:
        loss_T: importance-weighted mean loss of each task, in the order of the tasks.
        error_N: TD errors in the unit of the network's values, in the order of its rows.
    """

    loss_T: Tensor
    error_N: Tensor


class Objective:
    """The TD losses of an online network against targets of a target network.

    objective = Objective(network, target, huber_loss, double=True, NoScale())
    targets_N = objective.update_targets(batches)
    losses = objective.losses(batches, targets_N)
    """

    def __init__(
        self,
        network: MultiTaskNetwork,
        target: MultiTaskNetwork,
        loss: ErrorLoss | HLGauss,
        double: bool,
        scale: ValueScale,
    ) -> None:
        self._network = network
        self._target = target
        self._loss = loss
        self._double = double
        self._scale = scale
        device = next(network.parameters()).device
        self._ranks_T = torch.tensor(network.groups.ranks, device=device)

    @torch.no_grad()
    def targets(self, batches: Sequence[TaskBatch]) -> Tensor:
        """Return what the taken actions should be worth, in the unit of the network's values.

        (N,), in the order of its rows. Nothing changes by it.
        """
        returns = self._returns(batches)
        return self._scale.values(returns.total(), returns.sizes)

    @torch.no_grad()
    def update_targets(self, batches: Sequence[TaskBatch]) -> Tensor:
        """Return what `targets` does for an update, of which the value scale learns first.

        Both networks' heads follow it, so call it before anything that looks at the network's parameters.
        """
        returns = self._returns(batches)
        change = self._scale.observe(returns)
        if change is not None:
            for network in (self._network, self._target):
                network.adjust_outputs(change.factor_T, change.offset_T)
        return self._scale.values(returns.total(), returns.sizes)

    def _returns(self, batches: Sequence[TaskBatch]) -> Returns:
        next_obs = [batch.next_obs_BO for batch in batches]
        target_q = self._target.group_values(next_obs)
        selector_q = self._network.group_values(next_obs) if self._double else target_q
        rows = self._network.groups.arranged(batches)
        sizes = [len(batch.action_B) for batch in rows]
        next_values = [bootstrap_values(*next_q) for next_q in zip(target_q, selector_q, strict=True)]
        return Returns(
            joined([batch.reward_n_B for batch in rows]),
            joined([batch.discount_n_B for batch in rows]),
            self._scale.returns(joined(next_values), sizes),
            sizes,
        )

    def losses(
        self, batches: Sequence[TaskBatch], targets_N: Tensor, copies: SharedCopies | None = None
    ) -> Losses:
        """Return losses with a graph; through copies of what is shared, if they are given."""
        groups, rows = self._network.groups, self._network.groups.arranged(batches)
        sizes = [len(batch.action_B) for batch in rows]
        outputs = self._network.group_outputs(
            [batch.obs_BO for batch in batches], None if copies is None else copies.by_name
        )
        of_taken = taken_logits if isinstance(self._loss, HLGauss) else taken_values
        taken = [
            of_taken(output, joined([batch.action_B for batch in rows[group]]))
            for group, output in zip(groups.heads, outputs, strict=True)
        ]
        error_N, loss_N = self._errors_and_losses(joined(taken), targets_N)
        loss_N = joined([batch.importance_B for batch in rows]) * loss_N
        loss_T = task_means(loss_N, sizes)
        return Losses(loss_T if groups.in_order else loss_T[self._ranks_T], error_N)

    def _errors_and_losses(self, taken: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        """Return both, (N,) each; `taken` are values (N,), or logits (N, K)."""
        if isinstance(self._loss, HLGauss):
            return targets_N - self._loss.support(taken.detach()), self._loss(taken, targets_N)
        error_N = targets_N - taken
        return error_N, self._loss(error_N)
