"""Encoders: from observations as environments give them to the width that the trunk takes."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.grouped import GroupedLinear, joined, on_tasks
from tasks.spec import TaskSpec


class VectorEncoder(nn.Module):
    """Scales, flattens and linearly maps observations of a group of tasks, each with weights of its own.

    Observations are divided by the `divisors` of their task. The inverse scales of shape (G, size) are a
    buffer and no state.

    encoder = VectorEncoder.initialised([cartpole, acrobot], width=256)
    features_NF = encoder([cartpole_obs_BO, acrobot_obs_BO])
    """

    inverse_scale: Tensor

    def __init__(self, inverse_scale_GO: Tensor, linear: GroupedLinear) -> None:
        super().__init__()
        self.register_buffer("inverse_scale", inverse_scale_GO, persistent=False)
        self.linear = linear

    @classmethod
    def initialised(cls, specs: Sequence[TaskSpec], width: int) -> "VectorEncoder":
        """Return the encoder of tasks that all have observations of one shape and dtype."""
        inverse_scale = inverse_scales(specs)
        return cls(inverse_scale, GroupedLinear.initialised(len(specs), inverse_scale.shape[1], width))

    def of_task(self, index: int) -> "VectorEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        return VectorEncoder(self.inverse_scale[index : index + 1], self.linear.of_task(index))

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width) of one batch a task, each of shape (B, *observation_shape)."""
        sizes = [obs.shape[0] for obs in observations]
        features_NF: Tensor = self.linear(scaled(observations, self.inverse_scale), sizes)
        return features_NF


def inverse_scales(specs: Sequence[TaskSpec]) -> Tensor:
    """Return the factors of each task's observations, laid flat: (G, size)."""
    size = int(torch.Size(specs[0].observation_shape).numel())
    return torch.stack([_inverse_scale(spec).expand(size) for spec in specs])


def scaled(observations: Sequence[Tensor], inverse_scale_GO: Tensor) -> Tensor:
    """Return the rows of one batch a task, laid flat and scaled: (N, size)."""
    rows_NO = joined(observations).flatten(1)
    if len(observations) == 1:
        return rows_NO * inverse_scale_GO
    return on_tasks(_scaled, [obs.shape[0] for obs in observations], rows_NO, inverse_scale_GO)


def _inverse_scale(spec: TaskSpec) -> Tensor:
    return 1.0 / torch.tensor(spec.divisors, dtype=torch.float32)


def _scaled(rows_kBO: Tensor, inverse_scale_kO: Tensor) -> Tensor:
    return (rows_kBO * inverse_scale_kO.unsqueeze(1)).flatten(0, 1)
