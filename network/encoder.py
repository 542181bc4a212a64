"""Per-task encoders: from observations as environments give them to the width that the trunk takes."""

import torch
from torch import Tensor, nn

from tasks.spec import TaskSpec


class VectorEncoder(nn.Module):
    """Scales, flattens and linearly maps one task's observations: (B, *observation_shape) -> (B, width).

    float32 observations are divided by the task's `observation_scale`, uint8 ones by 255.
    """

    inverse_scale: Tensor

    def __init__(self, spec: TaskSpec, width: int) -> None:
        super().__init__()
        scale = torch.tensor(spec.observation_scale, dtype=torch.float32)
        if spec.observation_dtype == "uint8":
            scale = torch.tensor([255.0])
        size = int(torch.Size(spec.observation_shape).numel())
        self.register_buffer("inverse_scale", (1.0 / scale).expand(size).clone(), persistent=False)
        self.linear = nn.Linear(size, width)

    def forward(self, obs: Tensor) -> Tensor:
        """Return features of shape (B, width)."""
        features: Tensor = self.linear(obs.flatten(1) * self.inverse_scale)
        return features
