"""Encoders of numbers: from parts of observations as environments give them to the width of the trunk."""

from collections.abc import Sequence

from torch import Tensor

from network.grouped import GroupedLinear, joined
from network.part_encoder import PartEncoder
from network.scaling import Scaling, scaling_of
from network.seen import Seen


class VectorEncoder(PartEncoder):
    """Scales, flattens and linearly maps numbers of a group of tasks, each with weights of its own.

    encoder = VectorEncoder.initialised(seen, width=256)
    features_NF = encoder([cartpole_obs_BO, acrobot_obs_BO])
    """

    def __init__(self, scaling: Scaling, linear: GroupedLinear) -> None:
        super().__init__()
        self.scaling = scaling
        self.linear = linear

    @classmethod
    def initialised(cls, alike: Sequence[Seen], width: int) -> "VectorEncoder":
        """Return the encoder of tasks that all have numbers of one shape and dtype."""
        return cls(scaling_of(alike), GroupedLinear.initialised(len(alike), alike[0].size, width))

    def of_task(self, index: int) -> "VectorEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        return VectorEncoder(self.scaling.of_task(index), self.linear.of_task(index))

    def observe(self, observations: Sequence[Tensor]) -> None:
        """Let a scale that follows what is seen learn of one batch a task."""
        self.scaling.observe(joined(observations).flatten(1), [obs.shape[0] for obs in observations])

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width) of one batch a task, each of shape (B, *shape of the part)."""
        sizes = [obs.shape[0] for obs in observations]
        features_NF: Tensor = self.linear(self.scaling(joined(observations).flatten(1), sizes), sizes)
        return features_NF
