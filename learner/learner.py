"""The update: from one batch a task to new weights and new priorities.

Shape letters: T tasks, B transitions of a task, N transitions of all tasks, A actions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from learner.batch import TaskBatch
from learner.target_network import TargetUpdate, frozen_copy
from learner.task_weighting import TaskWeighting
from learner.td import bootstrap_values, taken_values, task_means, td_errors
from network.grouped import joined
from network.multi_task import MultiTaskNetwork


@dataclass(frozen=True)
class UpdateRule:
    """What an update does besides the network's own mathematics.

    Attributes:
        loss: TD errors (B,) -> losses (B,).
        double: choose the bootstrap action by the online network (Double DQN).
        max_gradient_norm: bound on the norm of all gradients together.
        weighting: from per-task losses to gradients.
        target_update: how the target network follows.
    """

    loss: Callable[[Tensor], Tensor]
    double: bool
    max_gradient_norm: float
    weighting: TaskWeighting
    target_update: TargetUpdate


@dataclass(frozen=True)
class StepResult:
    """What one update found; tensors stay on the learner's device until somebody reads them.

    Attributes:
        loss_T: loss of each task, before task weighting.
        abs_td_errors: |TD error| of each transition, one (B,) a task.
        gradient_norm: norm of all gradients, before clipping.
    """

    loss_T: Tensor
    abs_td_errors: list[Tensor]
    gradient_norm: Tensor


class Learner:
    """Online and target network, optimizer, and the step that moves them.

    learner = Learner(network, torch.optim.Adam(network.parameters(), lr=1e-3), rule)
    result = learner.step(batches)
    """

    def __init__(self, network: MultiTaskNetwork, optimizer: torch.optim.Optimizer, rule: UpdateRule) -> None:
        self.network = network
        self.target = frozen_copy(network)
        self.optimizer = optimizer
        self.learner_step = 0
        self._parameters = list(network.parameters())
        self._ranks_T = torch.tensor(network.groups.ranks, device=self._parameters[0].device)
        self._rule = rule

    def step(self, batches: Sequence[TaskBatch]) -> StepResult:
        """Make one update from one batch a task, in the order of the network's tasks."""
        groups, rows = self.network.groups, self.network.groups.arranged(batches)
        sizes = [len(batch.action_B) for batch in rows]
        error_N = self._td_errors(batches)
        loss_N = joined([batch.importance_B for batch in rows]) * self._rule.loss(error_N)
        loss_T = task_means(loss_N, sizes)
        if not groups.in_order:
            loss_T = loss_T[self._ranks_T]
        self.optimizer.zero_grad(set_to_none=True)
        self._rule.weighting.backward(loss_T, self.network)
        norm = nn.utils.clip_grad_norm_(self._parameters, self._rule.max_gradient_norm)
        self.optimizer.step()
        self.learner_step += 1
        self._rule.target_update(self.target, self.network, self.learner_step)
        abs_td_errors = groups.by_task(error_N.detach().abs().split_with_sizes(sizes))
        return StepResult(loss_T.detach(), abs_td_errors, norm)

    def _td_errors(self, batches: Sequence[TaskBatch]) -> Tensor:
        """Return the TD errors of all tasks in the order of the rows: (N,)."""
        next_obs = [batch.next_obs_BO for batch in batches]
        with torch.no_grad():
            target_q = self.target.group_values(next_obs)
            selector_q = self.network.group_values(next_obs) if self._rule.double else target_q
        online_q = self.network.group_values([batch.obs_BO for batch in batches])
        rows, groups = self.network.groups.arranged(batches), self.network.groups.heads
        taken = [
            taken_values(q_NA, joined([batch.action_B for batch in rows[group]]))
            for group, q_NA in zip(groups, online_q, strict=True)
        ]
        return td_errors(
            joined(taken),
            joined([batch.reward_n_B for batch in rows]),
            joined([batch.discount_n_B for batch in rows]),
            joined([bootstrap_values(*next_q) for next_q in zip(target_q, selector_q, strict=True)]),
        )
