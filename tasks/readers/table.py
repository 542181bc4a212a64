"""From a space to its reader: the one place that knows which spaces there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gymnasium import spaces

from tasks.choices import Choices
from tasks.errors import SpaceError
from tasks.readers.composite import CompositeReader
from tasks.readers.indices import IndicesReader
from tasks.readers.interface import Reader
from tasks.readers.mask import MaskReader
from tasks.readers.numbers import NumbersReader
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
        return f"an observation whose part {self.name!r} is one" if self.name else "an observation"

    def inside(self, key: object) -> "Place":
        """Return the place of a member."""
        return Place(f"{self.name}.{key}" if self.name else str(key), self.reading, self.choices)


def reader_of(space: Any, place: Place) -> Reader:  # noqa: ANN401 - whatever an environment declares
    """Return the reader of a space.

    Raises:
        SpaceError: nothing can be learned from it; the message goes on after the environment's name.
    """
    if place.name and place.name == place.reading.action_mask:
        return MaskReader(place.choices, place.name, f"a part {place.name!r} of its observation")
    make = next((make for kind, make in _READERS.items() if isinstance(space, kind)), None)
    return make(space, place) if make is not None else _of_other(space, place)


def _of_box(space: spaces.Box, place: Place) -> Reader:
    if 0 in space.shape or len(space.shape) > MOST_DIMENSIONS:
        raise SpaceError(
            f"has {_observations(place)} of shape {space.shape}; allowed are {MOST_DIMENSIONS} dimensions at "
            "most, none of them 0"
        )
    if space.dtype.kind not in "fiub":
        raise SpaceError(f"has {_observations(place)} of dtype {space.dtype}; allowed are numbers")
    return NumbersReader(space, place.name, place.what)


def _of_sequence(space: spaces.Sequence, place: Place) -> Reader:
    if place.reading.length is None:
        raise SpaceError(
            f"has {_observations(place)} that are Sequences, which have no end; tasks.*.observation_length "
            "says how many elements are kept at most"
        )
    element = reader_of(space.feature_space, place)
    if len(element.parts) > 1 or element.parts[0].kind == "words":
        raise SpaceError(
            f"has {_observations(place)} that are Sequences of {type(space.feature_space).__name__}; allowed "
            "are Sequences of Box, Discrete, MultiDiscrete and MultiBinary (wrap it in "
            "gymnasium.wrappers.TransformObservation)"
        )
    return SequenceReader(element, space, place.what, place.reading.length)


def _of_dict(space: spaces.Dict, place: Place) -> Reader:
    return _composite(
        {key: reader_of(member, place.inside(key)) for key, member in space.items()}, place, True
    )


def _of_tuple(space: Any, place: Place) -> Reader:
    members = {index: reader_of(member, place.inside(index)) for index, member in enumerate(space)}
    return _composite(members, place, False)


def _composite(members: Mapping[Any, Reader], place: Place, named: bool) -> Reader:
    if not members:
        raise SpaceError(f"has {_observations(place)} that are empty; there should be something to see")
    return CompositeReader(members, place.what, named)


def _of_other(space: object, place: Place) -> Reader:
    """Return the reader of a space that is none of Gymnasium's own, if it is one of texts."""
    if isinstance(space, spaces.Space) and not isinstance(space, spaces.Graph | spaces.OneOf):
        try:
            if isinstance(space.sample(), str):
                return WordsReader(space, place.name, place.what, place.reading.length)
        except Exception as error:
            raise SpaceError(f"has {_observations(place)} that cannot be sampled ({error})") from error
    kind = "no declared" if space is None else type(space).__name__
    raise SpaceError(
        f"has {kind} {_observations(place)}; allowed are Box, Discrete, MultiDiscrete, MultiBinary, Text, "
        "Sequence, and Dict and Tuple of these (wrap the environment in "
        "gymnasium.wrappers.TransformObservation for others)"
    )


def _observations(place: Place) -> str:
    return f"observations whose part {place.name!r} is one" if place.name else "observations"


_READERS: Mapping[Any, Callable[[Any, Place], Reader]] = {
    spaces.Box: _of_box,
    spaces.Discrete | spaces.MultiDiscrete: lambda space, at: IndicesReader(space, at.name, at.what),
    spaces.MultiBinary: lambda space, at: NumbersReader(space, at.name, at.what),
    spaces.Text: lambda space, at: WordsReader(space, at.name, at.what, at.reading.length),
    spaces.Sequence: _of_sequence,
    spaces.Dict: _of_dict,
    spaces.Tuple: _of_tuple,
}
"""What makes the reader of each kind of space."""
