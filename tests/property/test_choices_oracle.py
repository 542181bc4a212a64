"""Decoupled actions equal a table of all joint actions whose value is the mean over dimensions."""

import itertools

import numpy as np
import torch
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from actors.exploration import Exploration, random_choices
from network.dimensions import Dimensions, said_of
from network.output import Values
from network.support import Support
from tasks.acting import action_reader
from tasks.choices import Choices
from tasks.observation import ObservationLayout
from tasks.reading import Reading
from tests.support.builders import make_spec
from tests.support.spaces import SPEED, choice_sizes, mask_of, random_frames

ROWS = 4


def joint_actions(sizes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return every joint action, each as the numbers of its choices."""
    first = np.cumsum((0, *sizes[:-1]))
    return [tuple(first + np.array(each)) for each in itertools.product(*map(range, sizes))]


def best_joint(sizes: tuple[int, ...], q_A: NDArray[np.float32], allowed_A: NDArray[np.uint8]) -> list[int]:
    """Return the best joint action of those that are allowed, by looking at all of them."""
    allowed = [each for each in joint_actions(sizes) if allowed_A[list(each)].all()]
    return list(max(allowed, key=lambda each: float(np.mean(q_A[list(each)], dtype=np.float64))))


def distinct(rng: np.random.Generator, total: int) -> NDArray[np.float32]:
    """Return values of which no two sums are equal by accident."""
    return rng.permuted(np.tile(2.0 ** np.arange(total), (ROWS, 1)), axis=1).astype(np.float32)


@given(choice_sizes(), st.integers(0, 1000))
def test_the_best_choices_are_the_best_joint_action(sizes: tuple[int, ...], seed: int):
    """For actors and for the learner, with any mask that leaves something to do."""
    choices, rng = Choices(sizes), np.random.default_rng(seed)
    spec = make_spec("a", layout=ObservationLayout((SPEED, mask_of(choices))), choices=choices)
    frames, q_NA = random_frames(spec, ROWS, rng), distinct(rng, choices.total)
    allowed_NA = spec.layout.allowed(frames)
    assert allowed_NA is not None
    dimensions = Dimensions(spec)
    masked_NA = dimensions(torch.from_numpy(q_NA), [torch.from_numpy(frames)])
    found = dimensions.best(masked_NA)
    np.testing.assert_array_equal(choices.best(masked_NA.numpy()), found.numpy())
    for row in range(ROWS):
        wanted = best_joint(sizes, q_NA[row], allowed_NA[row])
        assert np.atleast_1d(found[row].numpy()).tolist() == wanted


@given(choice_sizes(), st.integers(0, 1000))
def test_a_joint_action_is_worth_the_mean_of_its_choices(sizes: tuple[int, ...], seed: int):
    """What heads say as values, and what they say as distributions, whose expectation is the mean of all."""
    choices, rng = Choices(sizes), np.random.default_rng(seed)
    outputs = {
        Values(): torch.from_numpy(rng.normal(size=(ROWS, choices.total)).astype(np.float32)),
        Support(7, 3.0): torch.from_numpy(rng.normal(size=(ROWS, choices.total, 7)).astype(np.float32)),
    }
    for output, said in outputs.items():
        q_NA = output(said).numpy()
        for joint in joint_actions(sizes):
            action = np.tile(joint, (ROWS, 1)).reshape(ROWS, *choices.shape)
            value = output(output.joint(said_of(torch.from_numpy(action), said)))
            np.testing.assert_allclose(value, q_NA[:, list(joint)].mean(1), atol=1e-5)
            np.testing.assert_allclose(choices.value(q_NA, action), q_NA[:, list(joint)].mean(1), atol=1e-6)


@settings(max_examples=50)
@given(choice_sizes(), st.integers(0, 1000), st.integers(1, 6))
def test_no_choice_is_taken_that_is_not_allowed(sizes: tuple[int, ...], seed: int, longest: int):
    """Neither by chance nor by holding on to one that was allowed before."""
    choices, rng = Choices(sizes), np.random.default_rng(seed)
    spec = make_spec("a", layout=ObservationLayout((SPEED, mask_of(choices))), choices=choices)
    exploration = Exploration(np.full(ROWS, 0.7), choices, longest, 2.0, rng)
    for _ in range(20):
        allowed_NA = spec.layout.allowed(random_frames(spec, ROWS, rng))
        assert allowed_NA is not None
        greedy = choices.best(np.where(allowed_NA, rng.random(allowed_NA.shape), -np.inf))
        for action in (
            exploration.choose(greedy, allowed_NA),
            random_choices(rng, choices, ROWS, allowed_NA),
        ):
            assert np.take_along_axis(allowed_NA, action.reshape(ROWS, -1), axis=1).all()
            within = choices.per_dimension(action)
            assert ((within >= 0) & (within < np.array(sizes))).all()


def test_random_choices_are_uniform_over_what_is_allowed():
    """In each dimension on its own."""
    choices, rng = Choices((3, 2)), np.random.default_rng(0)
    allowed_NA = np.tile(np.array([1, 0, 1, 1, 1], np.uint8), (20_000, 1))
    counts = np.bincount(random_choices(rng, choices, 20_000, allowed_NA).reshape(-1), minlength=5)
    np.testing.assert_allclose(counts / 20_000, [0.5, 0.0, 0.5, 0.5, 0.5], atol=0.02)


def test_a_state_without_any_choice_forbids_nothing():
    """It is the end of an episode: a value that is multiplied by 0 has to be a number."""
    choices = Choices((2, 2))
    spec = make_spec("a", layout=ObservationLayout((SPEED, mask_of(choices))), choices=choices)
    frames = np.zeros((2, *spec.frame_shape), np.uint8)
    spec.layout.parts_of(frames)[1][1] = [1, 1, 0, 0]
    q_NA = torch.arange(8.0).view(2, 4)
    assert torch.equal(Dimensions(spec)(q_NA, [torch.from_numpy(frames)]), q_NA)


@given(st.integers(2, 6), st.lists(st.integers(1, 3), max_size=2), st.integers(0, 1000))
def test_bins_are_spread_evenly_over_a_box(bins: int, shape: list[int], seed: int):
    """Both ends are among them, and every dimension has its own bounds."""
    rng = np.random.default_rng(seed)
    low = rng.normal(size=shape)
    space = spaces.Box(low, low + rng.uniform(0.1, 3, size=shape), dtype=np.float64)
    reader = action_reader(space, Reading(action_bins=bins))
    for place in range(bins):
        action = (reader.choices.first + place).reshape(1, *reader.choices.shape)
        wanted = space.low + (space.high - space.low) * place / (bins - 1)
        native = reader.native(action)[0]
        np.testing.assert_allclose(native, wanted, atol=1e-6)
        assert space.contains(np.asarray(native)), "rounding has gone beyond an end"


def test_bins_of_whole_numbers_are_the_nearest_ones():
    """Both ends are among them here too."""
    reader = action_reader(spaces.Box(0, 10, (1,), np.int64), Reading(action_bins=4))
    assert reader.native(np.arange(4)).tolist() == [[0], [3], [7], [10]]


def test_choices_reach_each_kind_of_action_space_in_its_own_words():
    """With the first number that the space counts from."""
    discrete = action_reader(spaces.Discrete(3, start=5), Reading())
    assert discrete.native(np.array([0, 2])).tolist() == [5, 7]
    several = action_reader(spaces.MultiDiscrete([3, 2], start=[1, 10]), Reading())
    assert several.native(np.array([[0, 3], [2, 4]])).tolist() == [[1, 10], [3, 11]]
    bits = action_reader(spaces.MultiBinary(3), Reading())
    assert bits.native(np.array([[0, 3, 5]])).tolist() == [[0, 1, 1]]
