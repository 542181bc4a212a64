"""The update: from one batch a task to new weights and new priorities.

Shape letters: T tasks, B transitions of a task.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.gradient_bound import GradientBound
from learner.loss.interface import Loss
from learner.objective import Objective
from learner.target_network import TargetUpdate, frozen_copy
from learner.task_gradients import SharedCopies
from learner.value_scale.interface import NoScale, ValueScale
from learner.weighting.interface import TaskWeighting
from network.multi_task import MultiTaskNetwork


@dataclass(frozen=True)
class UpdateRule:
    """What an update does besides the network's own mathematics.

    Attributes:
        loss: of what the network's heads say.
        double: choose the bootstrap action by the online network (Double DQN).
        max_gradient_norm: bound on the norm of all gradients, or of each task's where tasks share nothing.
        weighting: from per-task losses to gradients.
        target_update: how the target network follows.
        value_scale: between the network's values and returns.
        trunk_frozen_for: updates from the first in which the trunk stays as it is; None for all.
        learning_rate: learner step -> step size; None for the optimizer's own.
    """

    loss: Loss
    double: bool
    max_gradient_norm: float
    weighting: TaskWeighting
    target_update: TargetUpdate
    value_scale: ValueScale = field(default_factory=NoScale)
    trunk_frozen_for: int | None = 0
    learning_rate: Callable[[int], float] | None = None


@dataclass(frozen=True)
class StepResult:
    """What one update found; tensors stay on the learner's device until somebody reads them.

    Attributes:
        loss_T: loss of each task, before task weighting.
        abs_td_errors: |TD error| of each transition, one (B,) a task.
        gradient_norm: norm of all gradients, before they were bounded.
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
        self.weighting = rule.weighting
        self.value_scale = rule.value_scale
        self.objective = Objective(network, self.target, rule.loss, rule.double, rule.value_scale)
        self.learner_step = 0
        self._copies = SharedCopies(network) if rule.weighting.treats_gradients else None
        self._bound = GradientBound(network, rule.max_gradient_norm)
        self._rule = rule

    def step(self, batches: Sequence[TaskBatch]) -> StepResult:
        """Make one update from one batch a task, in the order of the network's tasks."""
        self.network.observe([batch.obs_BO for batch in batches])
        targets_N = self.objective.update_targets(batches)
        losses = self.objective.losses(batches, targets_N, self._copies)
        self.optimizer.zero_grad(set_to_none=True)
        self.weighting.backward(losses.loss_T, self._copies)
        self._pull_and_freeze()
        norm = self._bound.apply()
        if self._rule.learning_rate is not None:
            self.optimizer.param_groups[0]["lr"] = self._rule.learning_rate(self.learner_step)
        self.optimizer.step()
        self.weighting.after_update(lambda: self.objective.losses(batches, targets_N).loss_T)
        self.learner_step += 1
        self._rule.target_update(self.target, self.network, self.learner_step)
        groups = self.network.groups
        sizes = [len(batch.action_B) for batch in groups.arranged(batches)]
        abs_td_errors = groups.by_task(losses.error_N.detach().abs().split_with_sizes(sizes))
        return StepResult(losses.loss_T.detach(), abs_td_errors, norm)

    def _pull_and_freeze(self) -> None:
        penalty = self.network.trunk.penalty()
        if penalty is not None:
            torch.autograd.backward(penalty)
        frozen_for = self._rule.trunk_frozen_for
        if frozen_for is None or self.learner_step < frozen_for:
            for parameter in self.network.trunk.parameters():
                parameter.grad = None
