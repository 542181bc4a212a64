"""Stacks the last frames of every stream into the observation that the network takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class FrameStack:
    """The newest `size` frames of E streams; an episode's first frame fills what is missing before it.

        stack = FrameStack(size=4, first_frame_EO)
        obs_ESO = stack.push(frame_EO, first_E)          # first_E: streams at the first frame of an episode

    With a size of 1 observations are the frames themselves.
    """

    def __init__(self, size: int, first_frame_EO: NDArray[Any]) -> None:
        self._size = size
        self._frames_ESO = np.repeat(first_frame_EO[:, None], size, axis=1)

    @property
    def observations(self) -> NDArray[Any]:
        """Return the observations of all streams: (E, *frame_shape), or (E, size, *frame_shape)."""
        return self._frames_ESO[:, 0] if self._size == 1 else self._frames_ESO

    def push(self, frame_EO: NDArray[Any], first_E: NDArray[np.bool_]) -> NDArray[Any]:
        """Take in the next frame of every stream and return the observations."""
        if self._size == 1:
            self._frames_ESO = frame_EO[:, None]
        else:
            self._frames_ESO = np.concatenate([self._frames_ESO[:, 1:], frame_EO[:, None]], axis=1)
            self._frames_ESO[first_E] = frame_EO[first_E, None]
        return self.observations
