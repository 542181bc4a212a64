"""Reads what an environment shows in one step: its observation, and its info where a mask is in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.choices import Choices
from tasks.errors import ContractError, SpaceError
from tasks.observation import ObservationLayout
from tasks.readers.interface import Rows
from tasks.readers.mask import MaskReader
from tasks.readers.table import Place, reader_of
from tasks.reading import INFO, MASK_KEY, Reading


class ObservationReader:
    """Writes observations into frames.

        reader = ObservationReader(env.observation_space, Choices((2,)), Reading())
        frame_EO = np.zeros((16, *reader.layout.frame_shape), reader.layout.frame_dtype)
        reader.read(observation, info, reader.layout.parts_of(frame_EO), row=3)

    Raises:
        SpaceError: nothing can be learned from such observations, or they lack the mask.

    Attributes:
        layout: of the frames.
        bounds: lowest and highest value of each part, by what the space declares.
    """

    def __init__(self, space: object, choices: Choices, reading: Reading) -> None:
        self._observation = reader_of(space, Place("", reading, choices))
        parts, self.bounds = self._observation.parts, self._observation.bounds
        self._in_info = reading.action_mask == INFO
        self._mask_reader = MaskReader(choices, f"{INFO}.{MASK_KEY}", f'{INFO}["{MASK_KEY}"]')
        if self._in_info:
            parts = (*parts, *self._mask_reader.parts)
            self.bounds = (*self.bounds, *self._mask_reader.bounds)
        try:
            self.layout = ObservationLayout(parts)
        except ValueError as error:
            raise SpaceError(f"has observations that cannot be told apart: {error}") from error
        self._mask = next((i for i, part in enumerate(parts) if part.kind == "mask"), None)
        if reading.action_mask is not None and self._mask is None:
            raise SpaceError(
                f"has no part {reading.action_mask!r} in its observations; tasks.*.action_mask should be "
                f"{INFO!r}, or one of {', '.join(repr(part.name) for part in parts)}"
            )
        if not self.layout.seen:
            raise SpaceError("has observations that are nothing but a mask; there should be something to see")

    def mask_of(self, views: Sequence[NDArray[Any]]) -> NDArray[np.uint8] | None:
        """Return the flags of frames' choices, (rows, A); None where all choices are allowed."""
        return None if self._mask is None else views[self._mask]

    def read(
        self, observation: object, info: object, views: Sequence[NDArray[Any]], row: int, ended: bool = False
    ) -> None:
        """Write an observation into a row of the frames' parts.

        Args:
            observation: as the environment returned it.
            info: that came with it.
            views: of frames, as `ObservationLayout.parts_of` gives them.
            row: which of the frames.
            ended: whether the episode terminated with it, so that no action follows.

        Raises:
            ContractError: it is not what the environment declares.
        """
        self._observation.read(observation, views, row)
        if self._mask is None:
            return
        if self._in_info:
            self._mask_reader.read(_mask_in(info), views[self._mask :], row)
        if not ended:
            self._mask_reader.refuse_none(views[self._mask][row])

    def read_rows(
        self,
        observations: Any,  # noqa: ANN401 - whatever environments gave back
        infos: object,
        views: Sequence[NDArray[Any]],
        rows: Rows,
        goes_on_E: NDArray[np.bool_],
    ) -> None:
        """Write the observations of several streams at once.

        Args:
            observations: of all of these rows, as `Reader.read_rows` takes them.
            infos: that came with them: a dict of arrays, a row a stream.
            views: of frames.
            rows: which of the frames.
            goes_on_E: of all frames, those whose episode did not terminate, so that an action follows.

        Raises:
            ContractError: one of them is not what the environment declares.
        """
        self._observation.read_rows(observations, views, rows)
        if self._mask is None:
            return
        if self._in_info:
            self._mask_reader.read_rows(_mask_in(infos), views[self._mask :], rows)
        self._mask_reader.refuse_none(views[self._mask][rows][goes_on_E[rows]])


def _mask_in(info: object) -> Any:  # noqa: ANN401 - whatever environments gave back
    if not (isinstance(info, Mapping) and MASK_KEY in info):
        raise ContractError(f'returned no {INFO}["{MASK_KEY}"], which tasks.*.action_mask asks for')
    return info[MASK_KEY]
