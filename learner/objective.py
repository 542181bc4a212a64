"""From transitions to one loss a task.

Shape letters: T tasks, B transitions of a task, N transitions of all tasks, S samples of a target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.loss.interface import Loss
from learner.task_gradients import SharedCopies
from learner.td import task_means
from learner.value_scale.interface import Returns, ValueScale
from network.dimensions import said_of
from network.grouped import joined
from network.multi_task import MultiTaskNetwork


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

    objective = Objective(network, target, ErrorLoss(huber_loss), double=True, NoScale())
    targets_N = objective.update_targets(batches)
    losses = objective.losses(batches, targets_N)
    """

    def __init__(
        self,
        network: MultiTaskNetwork,
        target: MultiTaskNetwork,
        loss: Loss,
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

        (N,) in the order of its rows, or (N, S) if the loss bootstraps from samples. Nothing changes by it.
        """
        return self._values(*self._returns(batches))

    @torch.no_grad()
    def update_targets(self, batches: Sequence[TaskBatch]) -> Tensor:
        """Return what `targets` does for an update, of which the value scale learns first.

        Both networks' heads follow it, so call it before anything that looks at the network's parameters.
        """
        returns, shape = self._returns(batches)
        change = self._scale.observe(returns)
        if change is not None:
            for network in (self._network, self._target):
                network.adjust_outputs(change.factor_T, change.offset_T)
        return self._values(returns, shape)

    def _values(self, returns: Returns, shape: torch.Size) -> Tensor:
        return self._scale.values(returns.total(), returns.sizes).view(shape)

    def _returns(self, batches: Sequence[TaskBatch]) -> tuple[Returns, torch.Size]:
        """Return each sample as a row of its own, and the shape that they had.

        The next action is the online network's choice with `double` (van Hasselt et al. 2016, "Deep
        Reinforcement Learning with Double Q-learning", eq. 4), else the target network's (Mnih et al. 2015);
        what it is worth is always the target network's word. No choice is one that a mask forbids.
        """
        next_obs = [batch.next_obs_BO for batch in batches]
        outputs = self._target.group_outputs(next_obs)
        selector = (
            self._network.group_values(next_obs)
            if self._double
            else self._target.values_of(outputs, next_obs)
        )
        chosen = [
            said_of(dimensions.best(q_NA), said)
            for dimensions, q_NA, said in zip(self._network.dimensions, selector, outputs, strict=True)
        ]
        next_N = self._loss.bootstrap(joined([self._target.output.joint(said) for said in chosen]))
        samples = next_N.shape[1:].numel()
        rows = self._network.groups.arranged(batches)
        sizes = [samples * len(batch.action_B) for batch in rows]
        returns = Returns(
            _repeated(joined([batch.reward_n_B for batch in rows]), samples),
            _repeated(joined([batch.discount_n_B for batch in rows]), samples),
            self._scale.returns(next_N.flatten(), sizes),
            sizes,
        )
        return returns, next_N.shape

    def losses(
        self, batches: Sequence[TaskBatch], targets_N: Tensor, copies: SharedCopies | None = None
    ) -> Losses:
        """Return losses with a graph; through copies of what is shared, if they are given."""
        groups, rows = self._network.groups, self._network.groups.arranged(batches)
        sizes = [len(batch.action_B) for batch in rows]
        outputs = self._network.group_outputs(
            [batch.obs_BO for batch in batches], None if copies is None else copies.by_name
        )
        taken = [
            self._network.output.joint(said_of(joined([batch.action_B for batch in rows[group]]), output))
            for group, output in zip(groups.heads, outputs, strict=True)
        ]
        loss_N, error_N = self._loss(joined(taken), targets_N)
        loss_N = joined([batch.importance_B for batch in rows]) * loss_N
        loss_T = task_means(loss_N, sizes)
        return Losses(loss_T if groups.in_order else loss_T[self._ranks_T], error_N)


def _repeated(values_N: Tensor, samples: int) -> Tensor:
    return values_N if samples == 1 else values_N.repeat_interleave(samples)
