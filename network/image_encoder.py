"""Encoders of images: convolutions, and then the width that the trunk takes, or maps for a trunk of maps."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.convolution import GroupedConvolution
from network.grouped import GroupedLinear, joined
from network.images import has_channels_last, observed_maps, stem
from network.part_encoder import PartEncoder
from network.scaling import Scaling, scaling_of
from network.seen import Seen


class ImageEncoder(PartEncoder):
    """Scales images of a group of tasks and convolves them, each task with filters of its own.

    Small images go through one convolution (Young and Tian 2019), large ones through three (Mnih et al.
    2015), with a ReLU after each, and linearly into the width. For a trunk that begins with convolutions an
    encoder is its first convolution alone, without a ReLU: the trunk's blocks begin with norm and ReLU.

        encoder = ImageEncoder.initialised([breakout, asterix], width=128)
        features_NF = encoder([breakout_obs_BHWC, asterix_obs_BHWC])
    """

    def __init__(
        self,
        scaling: Scaling,
        channels_last: int | None,
        convolutions: Sequence[GroupedConvolution],
        linear: GroupedLinear | None,
    ) -> None:
        super().__init__()
        self.scaling = scaling
        self._channels_last = channels_last
        self.convolutions: Sequence[GroupedConvolution] = nn.ModuleList(convolutions)  # type: ignore[assignment]
        self.linear = linear

    @classmethod
    def initialised(cls, alike: Sequence[Seen], width: int | None) -> "ImageEncoder":
        """Return the encoder of tasks that all have images of one shape and dtype.

        Args:
            alike: the images, one of each task.
            width: that the trunk takes; None for a trunk that takes maps.

        Raises:
            ValueError: observations are no images, or too small.
        """
        first = alike[0]
        seen = observed_maps(first)
        if seen is None:
            raise ValueError(f"observations of task {first.task!r} are no images")
        made = stem(seen) if width is not None else stem(seen)[:1]
        tasks = len(alike)
        last = first.shape[-1] if has_channels_last(first.part.shape) else None
        steps = zip([seen, *made], made, strict=False)
        convolutions = [GroupedConvolution.initialised(tasks, *step) for step in steps]
        linear = None if width is None else GroupedLinear.initialised(tasks, made[-1].features, width)
        return cls(scaling_of(alike), last, convolutions, linear)

    def of_task(self, index: int) -> "ImageEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        convolutions = [convolution.of_task(index) for convolution in self.convolutions]
        linear = None if self.linear is None else self.linear.of_task(index)
        return ImageEncoder(self.scaling.of_task(index), self._channels_last, convolutions, linear)

    def observe(self, observations: Sequence[Tensor]) -> None:
        """Let a scale that follows what is seen learn of one batch a task."""
        self.scaling.observe(joined(observations).flatten(1), [obs.shape[0] for obs in observations])

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width), or flat maps, of one batch a task, each (B, *observation_shape)."""
        sizes = [obs.shape[0] for obs in observations]
        rows_NO = self.scaling(joined(observations).flatten(1), sizes)
        if self._channels_last is not None:
            rows_NO = self._channels_first(rows_NO, self._channels_last)
        features_NF: Tensor = self.convolutions[0](rows_NO, sizes)
        for layer in [*self.convolutions[1:], self.linear]:
            if layer is not None:
                features_NF = layer(torch.relu(features_NF), sizes)
        return features_NF

    def _channels_first(self, rows_NO: Tensor, channels: int) -> Tensor:
        maps = self.convolutions[0].maps
        rows_NFPC = rows_NO.view(rows_NO.shape[0], -1, maps.height * maps.width, channels)
        return rows_NFPC.transpose(2, 3).flatten(1)
