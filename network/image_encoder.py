"""Encoders of images: convolutions, and then the width that the trunk takes, or maps for a trunk of maps."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from network.convolution import GroupedConvolution
from network.encoder import inverse_scales, scaled
from network.grouped import GroupedLinear
from network.images import has_channels_last, observed_maps, stem
from tasks.spec import TaskSpec


class ImageEncoder(nn.Module):
    """Scales images of a group of tasks and convolves them, each task with filters of its own.

    Small images go through one convolution (Young and Tian 2019), large ones through three (Mnih et al.
    2015), with a ReLU after each, and linearly into the width. For a trunk that begins with convolutions an
    encoder is its first convolution alone, without a ReLU: the trunk's blocks begin with norm and ReLU.

        encoder = ImageEncoder.initialised([breakout, asterix], width=128)
        features_NF = encoder([breakout_obs_BHWC, asterix_obs_BHWC])
    """

    inverse_scale: Tensor

    def __init__(
        self,
        inverse_scale_GO: Tensor,
        channels_last: int | None,
        convolutions: Sequence[GroupedConvolution],
        linear: GroupedLinear | None,
    ) -> None:
        super().__init__()
        self.register_buffer("inverse_scale", inverse_scale_GO, persistent=False)
        self._channels_last = channels_last
        self.convolutions: Sequence[GroupedConvolution] = nn.ModuleList(convolutions)  # type: ignore[assignment]
        self.linear = linear

    @classmethod
    def initialised(cls, specs: Sequence[TaskSpec], width: int | None) -> "ImageEncoder":
        """Return the encoder of tasks that all have images of one shape and dtype.

        Args:
            specs: the tasks.
            width: that the trunk takes; None for a trunk that takes maps.

        Raises:
            ValueError: observations are no images, or too small.
        """
        seen = observed_maps(specs[0])
        if seen is None:
            raise ValueError(f"observations of task {specs[0].name!r} are no images")
        made = stem(seen) if width is not None else stem(seen)[:1]
        tasks = len(specs)
        last = specs[0].observation_shape[-1] if has_channels_last(specs[0].frame_shape) else None
        steps = zip([seen, *made], made, strict=False)
        convolutions = [GroupedConvolution.initialised(tasks, *step) for step in steps]
        linear = None if width is None else GroupedLinear.initialised(tasks, made[-1].features, width)
        return cls(inverse_scales(specs), last, convolutions, linear)

    def of_task(self, index: int) -> "ImageEncoder":
        """Return the encoder of one task, in this encoder's memory."""
        convolutions = [convolution.of_task(index) for convolution in self.convolutions]
        linear = None if self.linear is None else self.linear.of_task(index)
        own = self.inverse_scale[index : index + 1]
        return ImageEncoder(own, self._channels_last, convolutions, linear)

    def forward(self, observations: Sequence[Tensor]) -> Tensor:
        """Return features (N, width), or flat maps, of one batch a task, each (B, *observation_shape)."""
        sizes = [obs.shape[0] for obs in observations]
        rows_NO = scaled(observations, self.inverse_scale)
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
