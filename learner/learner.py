"""The update: from one batch a task to new weights and new priorities.

Shape letters: T tasks, B transitions of a task.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from learner.batch import TaskBatch
from learner.target_network import TargetUpdate, frozen_copy
from learner.task_weighting import TaskWeighting
from learner.td import bootstrap_values, td_errors
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
        self._rule = rule

    def step(self, batches: Sequence[TaskBatch]) -> StepResult:
        """Make one update from one batch a task, in the order of the network's tasks."""
        errors = self._td_errors(batches)
        losses = [
            (batch.importance_B * self._rule.loss(error_B)).mean()
            for batch, error_B in zip(batches, errors, strict=True)
        ]
        loss_T = torch.stack(losses)
        self.optimizer.zero_grad(set_to_none=True)
        self._rule.weighting.backward(loss_T, self.network)
        norm = nn.utils.clip_grad_norm_(self._parameters, self._rule.max_gradient_norm)
        self.optimizer.step()
        self.learner_step += 1
        self._rule.target_update(self.target, self.network, self.learner_step)
        return StepResult(loss_T.detach(), [error_B.detach().abs() for error_B in errors], norm)

    def _td_errors(self, batches: Sequence[TaskBatch]) -> list[Tensor]:
        next_obs = [batch.next_obs_BO for batch in batches]
        with torch.no_grad():
            target_q = self.target(next_obs)
            selector_q = self.network(next_obs) if self._rule.double else target_q
        online_q = self.network([batch.obs_BO for batch in batches])
        return [
            td_errors(q_BA, batch.action_B, batch.reward_n_B, batch.discount_n_B, bootstrap_values(*next_q))
            for batch, q_BA, *next_q in zip(batches, online_q, target_q, selector_q, strict=True)
        ]
