"""From a space to its reader: the one place that knows which spaces there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gymnasium import spaces

from tasks.choices import Choices
from tasks.errors import SpaceError, told
from tasks.observation import observed
from tasks.readers.composite import CompositeReader
from tasks.readers.indices import IndicesReader
from tasks.readers.interface import Reader
from tasks.readers.mask import MaskReader
from tasks.readers.numbers import NumbersReader
from tasks.readers.padded_text import PaddedText, PaddedTextReader
from tasks.readers.sequences import SequenceReader
from tasks.readers.words import WordsReader
from tasks.reading import Reading

MOST_DIMENSIONS = 4
"""Of one part: a message has two more, for streams and rows, and its format allows six."""


@dataclass(frozen=True)
class Place:
    """Where in an observation a reader stands.

    Attributes:
        name: of its part; empty for the whole observation.
        reading: what the user said.
        choices: of the task's actions.
    """

    name: str
    reading: Reading
    choices: Choices

    @property
    def what(self) -> str:
        """What is read, for sentences."""
        return observed(self.name)

    @property
    def within(self) -> str:
        """Where it stands, for sentences about a space; empty for the whole observation."""
        return f" in the part {self.name!r}" if self.name else ""

    def inside(self, key: object) -> "Place":
        """Return the place of a member."""
        return Place(f"{self.name}.{key}" if self.name else str(key), self.reading, self.choices)


def reader_of(space: Any, place: Place) -> Reader:  # noqa: ANN401 - whatever an environment declares
    """Return the reader of a space.

    Raises:
        SpaceError: nothing can be learned from it.
    """
    if place.name and place.name == place.reading.action_mask:
        return MaskReader(place.choices, place.name, place.what)
    make = next((make for kind, make in READERS.items() if isinstance(space, kind)), None)
    return make(space, place) if make is not None else _of_other(space, place)


def _of_numbers(space: spaces.Box | spaces.MultiBinary, place: Place) -> Reader:
    _refuse_shape(space.shape, place)
    if isinstance(space, spaces.Box) and space.dtype.kind not in "fiub":
        raise SpaceError(f"has observations of dtype {space.dtype}{place.within}; allowed are numbers")
    return NumbersReader(space, place.name, place.what)


def _of_indices(space: spaces.Discrete | spaces.MultiDiscrete, place: Place) -> Reader:
    _refuse_shape(space.shape or (), place)
    return IndicesReader(space, place.name, place.what)


def _refuse_shape(shape: tuple[int, ...], place: Place) -> None:
    if 0 in shape or len(shape) > MOST_DIMENSIONS:
        raise SpaceError(
            f"has observations of shape {shape}{place.within}; allowed are {MOST_DIMENSIONS} dimensions at "
            "most, none of them 0"
        )


def _of_sequence(space: spaces.Sequence, place: Place) -> Reader:
    if place.reading.length is None:
        raise SpaceError(
            f"has Sequence observations{place.within}, and these have any length; tasks.*.observation_length "
            "should say how many elements are kept at most"
        )
    element = reader_of(space.feature_space, place)
    if len(element.parts) > 1 or element.parts[0].kind == "words":
        raise SpaceError(
            f"has Sequence observations of {type(space.feature_space).__name__} elements{place.within}; "
            "allowed are elements of Box, Discrete, MultiDiscrete and MultiBinary (wrap the environment in "
            "gymnasium.wrappers.TransformObservation for others)"
        )
    return SequenceReader(element, space, place.what, place.reading.length)


def _of_dict(space: spaces.Dict, place: Place) -> Reader:
    return _composite(
        {key: reader_of(member, place.inside(key)) for key, member in space.items()}, place, True
    )


def _of_tuple(space: spaces.Tuple[Any], place: Place) -> Reader:
    members = {index: reader_of(member, place.inside(index)) for index, member in enumerate(space.spaces)}
    return _composite(members, place, False)


def _composite(members: Mapping[Any, Reader], place: Place, named: bool) -> Reader:
    if not members:
        kind = "Dict" if named else "Tuple"
        raise SpaceError(f"has empty {kind} observations{place.within}; there should be something to see")
    return CompositeReader(members, place.what, named)


def _of_other(space: object, place: Place) -> Reader:
    """Return the reader of a space that is none of Gymnasium's own, if it is one of texts."""
    kind = "no declared" if space is None else type(space).__name__
    if isinstance(space, spaces.Space) and not isinstance(space, spaces.Graph | spaces.OneOf):
        try:
            if isinstance(space.sample(), str):
                return WordsReader(space, place.name, place.what, place.reading.length)
        except Exception as error:
            raise SpaceError(
                f"has {kind} observations{place.within} of which none can be sampled: {told(error)}"
            ) from error
    raise SpaceError(
        f"has {kind} observations{place.within}; allowed are Box, Discrete, MultiDiscrete, MultiBinary, "
        "Text, Sequence, and Dict and Tuple of these (wrap the environment in "
        "gymnasium.wrappers.TransformObservation for others)"
    )


READERS: Mapping[Any, Callable[[Any, Place], Reader]] = {
    spaces.Box | spaces.MultiBinary: _of_numbers,
    spaces.Discrete | spaces.MultiDiscrete: _of_indices,
    PaddedText: lambda space, at: PaddedTextReader(space, at.name, at.what, at.reading.length),
    spaces.Text: lambda space, at: WordsReader(space, at.name, at.what, at.reading.length),
    spaces.Sequence: _of_sequence,
    spaces.Dict: _of_dict,
    spaces.Tuple: _of_tuple,
}
"""What makes the reader of each kind of space."""
