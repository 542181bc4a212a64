"""Tasks with observations of several parts, actions of several dimensions and masks; spaces to draw from."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from tasks.choices import Choices
from tasks.observation import ObservationLayout, Part
from tasks.spec import TaskSpec
from tests.support.builders import make_spec

IMAGE = Part("image", "numbers", (8, 8, 3), "uint8", scale=(10.0,))
SPEED = Part("speed", "numbers", (3,), "float32", scale=(2.0, 1.0, 0.5))
DIRECTION = Part("direction", "indices", (2,), "uint8", sizes=(4, 3))
BOOLEAN: Any = np.bool_
"""Gymnasium takes it, though the annotation of `Box` leaves it out."""
MISSION = Part("mission", "words", (6,), "int32")


def mask_of(choices: Choices) -> Part:
    """Return the part that says which choices are allowed."""
    return Part("mask", "mask", (choices.total,), "uint8")


def parted_spec(name: str, sizes: tuple[int, ...] = (3,), masked: bool = False, **changes: Any) -> TaskSpec:
    """Return a task with an image, numbers, indices and words, and perhaps a mask."""
    choices = Choices(sizes)
    parts = (IMAGE, SPEED, DIRECTION, MISSION, *([mask_of(choices)] if masked else []))
    settings: dict[str, Any] = {"layout": ObservationLayout(parts), "choices": choices}
    return make_spec(name, **(settings | changes))


def random_frames(spec: TaskSpec, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return frames with random values in every part; masks leave a choice in each dimension."""
    frames = np.zeros((rows, *spec.frame_shape), spec.frame_dtype)
    for part, view in zip(spec.layout.parts, spec.layout.parts_of(frames), strict=True):
        view[...] = random_part(spec, part, rows, rng)
    return frames


def random_part(spec: TaskSpec, part: Part, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return random values of a part: (rows, *part.shape)."""
    shape = (rows, *part.shape)
    if part.kind == "indices":
        return rng.integers(np.array(part.sizes).reshape(part.shape), size=shape)
    if part.kind == "words":
        return rng.integers(1, 40, size=shape) * (np.arange(part.shape[-1]) < rng.integers(1, 7))
    if part.kind == "mask":
        allowed = rng.integers(0, 2, size=shape)
        for first, size in zip(spec.choices.first, spec.choices.sizes, strict=True):
            allowed[np.arange(rows), first + rng.integers(size, size=rows)] = 1
        return allowed
    return rng.integers(0, 256, shape) if part.dtype == "uint8" else rng.normal(size=shape)


def random_observations(spec: TaskSpec, rows: int, rng: np.random.Generator) -> Tensor:
    """Return observations, with stacked frames where the task has them."""
    if spec.frame_stack == 1:
        return torch.from_numpy(random_frames(spec, rows, rng))
    return torch.from_numpy(np.stack([random_frames(spec, rows, rng) for _ in range(spec.frame_stack)], 1))


def choice_sizes() -> st.SearchStrategy[tuple[int, ...]]:
    """Draw how many choices each of one to four dimensions has."""
    return st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def leaf_spaces() -> st.SearchStrategy[spaces.Space[Any]]:
    """Draw spaces that are no containers."""
    shape = st.lists(st.integers(1, 3), max_size=3).map(tuple)
    dtype = st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.int8])
    return st.one_of(
        st.builds(lambda s, d: spaces.Box(0, 100, s, d), shape, dtype),
        st.builds(lambda s: spaces.Box(-np.inf, np.inf, s, np.float64), shape),
        st.builds(lambda s: spaces.Box(0, 1, s, BOOLEAN), shape),
        st.builds(lambda n, start: spaces.Discrete(n, start=start), st.integers(1, 1000), st.integers(-5, 5)),
        st.builds(spaces.MultiDiscrete, st.lists(st.integers(1, 300), min_size=1, max_size=4)),
        st.builds(spaces.MultiBinary, st.integers(1, 9)),
        st.builds(spaces.Text, st.integers(1, 20)),
        st.builds(lambda n: spaces.Text(n, charset="abc "), st.integers(1, 20)),
    )


def any_space() -> st.SearchStrategy[spaces.Space[Any]]:
    """Draw spaces, nested as they come."""
    names = st.text("abcdef_", min_size=1, max_size=4)
    return st.recursive(
        leaf_spaces(),
        lambda inner: st.one_of(
            st.dictionaries(names, inner, min_size=1, max_size=3).map(spaces.Dict),
            st.lists(inner, min_size=1, max_size=3).map(spaces.Tuple),
        ),
        max_leaves=5,
    )
