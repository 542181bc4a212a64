"""Every space that Gymnasium can nest is read into its parts, and nothing that it shows gets lost."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.choices import Choices
from tasks.errors import ContractError
from tasks.observing import ObservationReader
from tasks.readers.words import tokens
from tasks.reading import Reading
from tests.support.spaces import any_space


def leaves(space: spaces.Space[Any], value: Any) -> list[tuple[spaces.Space[Any], Any]]:
    """Return the spaces that are no containers, with what was shown in each: the obvious walk."""
    if isinstance(space, spaces.Dict):
        return [pair for key, inner in space.items() for pair in leaves(inner, value[key])]
    if isinstance(space, spaces.Tuple):
        return [pair for inner, part in zip(space, value, strict=True) for pair in leaves(inner, part)]
    return [(space, value)]


def expected(space: spaces.Space[Any], value: Any) -> Any:
    """Return the numbers that a leaf is kept as."""
    if isinstance(space, spaces.Text):
        return tokens(value, " " not in space.character_set)
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        return np.asarray(value) - space.start
    return np.asarray(value, np.float32)


@settings(max_examples=60, deadline=None)
@given(any_space(), st.integers(0, 2**31))
def test_what_is_shown_is_found_in_its_part(space: spaces.Space[Any], seed: int):
    """In the row that was asked for, and in no other."""
    space.seed(seed)
    value = space.sample()
    reader = ObservationReader(space, Choices((2,)), Reading())
    layout = reader.layout
    frames = np.zeros((3, *layout.frame_shape), layout.frame_dtype)
    views = layout.parts_of(frames)
    reader.read(value, {}, views, row=1)
    assert not frames[0].any()
    assert not frames[2].any()
    found = leaves(space, value)
    assert len(found) == len(layout.parts)
    for (leaf, shown), view in zip(found, layout.parts_of(frames), strict=True):
        wanted = np.asarray(expected(leaf, shown)).reshape(-1)
        np.testing.assert_array_equal(view[1].reshape(-1)[: len(wanted)], wanted)
        assert not view[1].reshape(-1)[len(wanted) :].any()


@settings(max_examples=60, deadline=None)
@given(any_space(), any_space(), st.integers(0, 2**31))
def test_what_another_space_shows_is_taken_as_it_is_or_refused(
    space: spaces.Space[Any], other: spaces.Space[Any], seed: int
):
    """By a sentence, and never by another exception."""
    other.seed(seed)
    reader = ObservationReader(space, Choices((2,)), Reading())
    frames = np.zeros((1, *reader.layout.frame_shape), reader.layout.frame_dtype)
    refused = ""
    try:
        reader.read(other.sample(), {}, reader.layout.parts_of(frames), row=0)
    except ContractError as error:
        refused = str(error)
    assert refused.startswith("returned ") or not refused


@pytest.mark.parametrize("stack", [False, True])
def test_sequences_are_filled_up_with_nothing(stack: bool):
    """Things count from 1, so that 0 stands for none; a part says how many there are."""
    space = spaces.Dict({"cards": spaces.Sequence(spaces.Discrete(9), stack=stack)})
    reader = ObservationReader(space, Choices((2,)), Reading(length=4))
    frames = np.zeros((1, *reader.layout.frame_shape), reader.layout.frame_dtype)
    views = reader.layout.parts_of(frames)
    for cards in [(3, 0, 8), (5,), ()]:
        reader.read({"cards": np.array(cards, int) if stack else cards}, {}, views, row=0)
        filled = [card + 1 for card in cards] + [0] * (4 - len(cards))
        assert views[0].reshape(-1).tolist() == filled
        assert views[1].reshape(-1).tolist() == [len(cards)]
    with pytest.raises(ContractError, match="5 elements, and 4 are kept"):
        reader.read({"cards": (1, 2, 3, 4, 5)}, {}, views, row=0)
