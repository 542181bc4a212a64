"""The encoder of observations of several parts: each part by one of its own, and all of them joined."""

from collections.abc import Sequence

from torch import Tensor, nn

from network.part_encoder import PartEncoder
from network.seen import part_of
from tasks.observation import ObservationLayout


class PartsEncoder(nn.Module):
    """Adds up what the encoders of the parts say: one linear layer over all that they have found.

    encoder = PartsEncoder(layout, [image_encoder, mission_encoder])
    features_NF = encoder([doorkey_obs_BO])

    Args:
        layout: of the frames; its masks are no input.
        encoders: of the parts that are seen, in their order, all for the same tasks.
    """

    def __init__(self, layout: ObservationLayout, encoders: Sequence[PartEncoder]) -> None:
        super().__init__()
        self._layout = layout
        self.parts: Sequence[PartEncoder] = nn.ModuleList(encoders)  # type: ignore[assignment]

    def of_task(self, index: int) -> "PartsEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        return PartsEncoder(self._layout, [encoder.of_task(index) for encoder in self.parts])

    def observe(self, observations: Sequence[Tensor]) -> None:
        """Let scales that follow what is seen learn of one batch a task."""
        for part, encoder in zip(self._layout.seen, self.parts, strict=True):
            encoder.observe([part_of(self._layout, part, obs) for obs in observations])

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width) of one batch a task, each (B, *observation_shape)."""
        said = [
            encoder([part_of(self._layout, part, obs) for obs in observations])
            for part, encoder in zip(self._layout.seen, self.parts, strict=True)
        ]
        features_NF: Tensor = sum(said[1:], start=said[0])
        return features_NF
