"""What is read of a whole batch at once equals what is read row by row, for every space."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import concatenate, create_empty_array
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.choices import Choices
from tasks.errors import ContractError
from tasks.observing import ObservationReader
from tasks.readers.padded_text import PaddedText, PaddedTextReader
from tasks.readers.words import WordsReader
from tasks.reading import Reading

SHAPES = st.lists(st.integers(1, 3), max_size=2).map(tuple)
LEAVES = st.one_of(
    SHAPES.map(lambda shape: spaces.Box(-9.0, 9.0, shape, np.float32)),
    SHAPES.map(lambda shape: spaces.Box(-9.0, 9.0, shape, np.float64)),
    SHAPES.map(lambda shape: spaces.Box(0, 255, shape, np.uint8)),
    st.integers(1, 400).map(lambda n: spaces.Discrete(n, start=-3)),
    st.lists(st.integers(1, 300), min_size=1, max_size=3).map(spaces.MultiDiscrete),
    st.integers(1, 4).map(spaces.MultiBinary),
    st.just(spaces.Text(12)),
    st.just(spaces.Sequence(spaces.Discrete(5))),
)
SPACES = st.recursive(
    LEAVES,
    lambda members: st.one_of(
        st.dictionaries(st.sampled_from("abc"), members, min_size=1, max_size=3).map(spaces.Dict),
        st.lists(members, min_size=1, max_size=3).map(spaces.Tuple),
    ),
    max_leaves=5,
)


def batch_of(space: spaces.Space[Any], values: list[Any]) -> Any:
    """Return values as a vectorised environment of Gymnasium gives them."""
    empty: Any = create_empty_array(space, len(values))
    return concatenate(space, values, empty)


@settings(max_examples=150, deadline=None)
@given(space=SPACES, count=st.integers(1, 5), seed=st.integers(0, 1000), data=st.data())
def test_a_batch_is_read_as_its_rows_are(
    space: spaces.Space[Any], count: int, seed: int, data: st.DataObject
):
    """In any rows of the frames, with a mask in infos; rows that are not read stay as they are."""
    reader = ObservationReader(space, Choices((2, 3)), Reading(action_mask="info", length=64))
    space.seed(seed)
    rows = np.array(data.draw(st.permutations(range(count + 2)))[:count])
    values = [space.sample() for _ in range(count)]
    mask = np.random.default_rng(seed).integers(0, 2, (count, 5)).astype(np.int8) | np.array(
        [1, 0, 0, 1, 0], np.int8
    )
    frames = np.zeros((2, count + 2, *reader.layout.frame_shape), reader.layout.frame_dtype)
    one_by_one, at_once = (reader.layout.parts_of(each) for each in frames)
    for row, value, flags in zip(rows, values, mask, strict=True):
        reader.read(value, {"action_mask": flags}, one_by_one, int(row))
    goes_on = np.ones(count + 2, np.bool_)
    reader.read_rows(batch_of(space, values), {"action_mask": mask}, at_once, rows, goes_on)
    assert np.array_equal(*frames)


@settings(deadline=None)
@given(steps=st.lists(st.lists(st.sampled_from(["", "go", "get a red key", "é!"]), min_size=3, max_size=3)))
def test_texts_in_bytes_are_read_as_texts(steps: list[list[str]]):
    """From step to step, whichever of them change."""
    reader = PaddedTextReader(PaddedText(20), "mission", "an observation", None)
    plain = WordsReader(spaces.Text(19, charset=" x"), "mission", "an observation", None)
    assert reader.parts[0].shape == plain.parts[0].shape
    for texts in steps:
        batch = np.zeros((3, 20), np.uint8)
        for row, text in enumerate(texts):
            encoded = text.encode()
            batch[row, : len(encoded)] = np.frombuffer(encoded, np.uint8)
        at_once, singly, expected = ([np.ones((3, 10), np.int32)] for _ in range(3))
        reader.read_rows(batch, at_once, slice(None))
        for row, text in enumerate(texts):
            reader.read(batch[row], singly, row)
            plain.read(text, expected, row)
        assert np.array_equal(at_once, expected)
        assert np.array_equal(singly, expected)


@pytest.mark.parametrize(
    ("space", "batch", "words"),
    [
        (
            spaces.Box(0, 1, (2,)),
            np.zeros((1, 2), np.float32),
            "for 3 streams; its first axis should be theirs",
        ),
        (spaces.Box(0, 1, (2,)), np.zeros((3, 4), np.float32), "of shape (4,), but declares (2,)"),
        (spaces.Box(0, 1, (2,)), np.full((3, 2), 1e39), "with a value of 1e+39"),
        (spaces.Discrete(4), np.array([0, 4, 1]), "of [0, 4, 1], but declares values from 0 to 3"),
        (spaces.Discrete(4), np.int64(1), "for 3 streams; its first axis should be theirs"),
        (spaces.Text(4), ("a", "b"), "in place of the observations of 3 streams"),
        (spaces.Dict({"a": spaces.Discrete(2)}), {"b": np.zeros(3)}, "without 'a', which it declares"),
        (
            PaddedText(4),
            np.zeros((3, 5), np.uint8),
            "of shape (5,) and dtype uint8, but declares texts of 4 bytes",
        ),
    ],
)
def test_a_batch_that_is_not_as_declared_is_refused(space: spaces.Space[Any], batch: Any, words: str):
    """In the words that a single observation is refused in."""
    reader = ObservationReader(space, Choices((2,)), Reading())
    frames = np.zeros((3, *reader.layout.frame_shape), reader.layout.frame_dtype)
    with pytest.raises(ContractError) as raised:
        reader.read_rows(batch, {}, reader.layout.parts_of(frames), slice(None), np.ones(3, np.bool_))
    assert words in str(raised.value)


def test_a_mask_may_allow_nothing_where_the_episode_is_over():
    """No action follows there; in any other row it is refused."""
    reader = ObservationReader(spaces.Discrete(3), Choices((2,)), Reading(action_mask="info"))
    frames = np.zeros((2, *reader.layout.frame_shape), reader.layout.frame_dtype)
    infos = {"action_mask": np.array([[0, 0], [0, 1]], np.int8)}
    views = reader.layout.parts_of(frames)
    reader.read_rows(np.array([1, 2]), infos, views, slice(None), np.array([False, True]))
    assert views[1].tolist() == [[0, 0], [0, 1]]
    with pytest.raises(ContractError, match="allows no action in a state from which the episode goes on"):
        reader.read_rows(np.array([1, 2]), infos, views, slice(None), np.array([True, True]))
