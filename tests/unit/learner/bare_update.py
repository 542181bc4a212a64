"""The update once more, written flat and without any of the learner's code, to compare with."""

from collections.abc import Sequence

import torch
from torch import Tensor

from learner.batch import TaskBatch

Weights = dict[str, Tensor]


class BareUpdate:
    """Double DQN with importance weights, clipped gradients and Adam, on plain tensors.

    It knows the hard-shared network of one trunk layer by the names that `task_views` gives to each task's
    own parameters: encoder, LayerNorm, ReLU, linear layer, ReLU, linear head.
    """

    def __init__(
        self, weights: Weights, double: bool, huber: bool, lambdas: Sequence[float], bound: float, rate: float
    ) -> None:
        self.online = {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
        self.target = {name: value.detach().clone() for name, value in weights.items()}
        self.mean = {name: torch.zeros_like(value) for name, value in weights.items()}
        self.square = {name: torch.zeros_like(value) for name, value in weights.items()}
        self.step_number = 0
        self._double, self._huber, self._lambdas, self._bound, self._rate = (
            double,
            huber,
            lambdas,
            bound,
            rate,
        )

    def step(self, batches: Sequence[TaskBatch]) -> tuple[list[float], list[list[float]], float]:
        """Move the weights; return per-task losses, |TD errors| and the norm of the whole gradient."""
        losses, errors = zip(*(self._loss(batch) for batch in batches), strict=True)
        weighted = [weight * loss for weight, loss in zip(self._lambdas, losses, strict=True)]
        names = list(self.online)
        gradients = torch.autograd.grad(sum(weighted, torch.zeros(())), [self.online[name] for name in names])
        norm = sum(float((gradient**2).sum()) for gradient in gradients) ** 0.5
        factor = min(1.0, self._bound / (norm + 1e-6))
        self.step_number += 1
        for name, gradient in zip(names, gradients, strict=True):
            self._adam(name, gradient * factor)
        return [loss.item() for loss in losses], [error.abs().tolist() for error in errors], norm

    def _loss(self, batch: TaskBatch) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            target_q = _values(self.target, batch.task, batch.next_obs_BO)
            chooser = self.online if self._double else self.target
            best = _values(chooser, batch.task, batch.next_obs_BO).max(1).indices
        q = _values(self.online, batch.task, batch.obs_BO)
        rows = range(len(best))
        values = torch.stack([q[row, batch.action_B[row]] for row in rows])
        nexts = torch.stack([target_q[row, best[row]] for row in rows])
        error = batch.reward_n_B + batch.discount_n_B * nexts - values
        size = error.abs()
        square = 0.5 * error**2
        loss = torch.where(size <= 1.0, square, size - 0.5) if self._huber else square
        return (batch.importance_B * loss).sum() / len(loss), error.detach()

    def _adam(self, name: str, gradient: Tensor, epsilon: float = 1e-8) -> None:
        self.mean[name] = 0.9 * self.mean[name] + 0.1 * gradient
        self.square[name] = 0.999 * self.square[name] + 0.001 * gradient**2
        mean = self.mean[name] / (1 - 0.9**self.step_number)
        square = self.square[name] / (1 - 0.999**self.step_number)
        with torch.no_grad():
            self.online[name] -= self._rate * mean / (square.sqrt() + epsilon)


def _values(weights: Weights, task: str, obs: Tensor) -> Tensor:
    x = obs @ weights[f"encoders.task:{task}.linear.weight"].T + weights[f"encoders.task:{task}.linear.bias"]
    x = (x - x.mean(1, keepdim=True)) / (x.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    x = (x * weights["trunk.mlp.blocks.0.norm.weight"] + weights["trunk.mlp.blocks.0.norm.bias"]).clamp(min=0)
    x = (x @ weights["trunk.mlp.blocks.0.linear.weight"].T + weights["trunk.mlp.blocks.0.linear.bias"]).clamp(
        min=0
    )
    return x @ weights[f"heads.task:{task}.values.weight"].T + weights[f"heads.task:{task}.values.bias"]
