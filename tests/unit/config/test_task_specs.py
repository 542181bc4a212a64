"""From settings to specifications: what observations are divided by, in vectors, bytes, images and stacks."""

from typing import Any

import numpy as np
import pytest
import torch

from config.errors import ConfigError
from config.network_mistakes import network_mistakes
from network.encoder import VectorEncoder
from network.image_encoder import ImageEncoder
from tasks.observation import Scale
from tasks.spec import TaskSpec
from tests.support.learning_builders import tiny_config
from tests.support.odd_environments import odd
from tests.support.resolution import resolve_specs
from training.parts.parts import Parts


def spec_of(shape: list[int], dtype: str = "uint8", **task: Any) -> TaskSpec:
    settings = {"env": odd("Given"), "env_kwargs": {"shape": shape, "dtype": dtype, "high": 1}, **task}
    (spec,) = resolve_specs(tiny_config(tasks={"a": settings}))
    return spec


def divided(shape: list[int], value: np.ndarray, dtype: str = "uint8", **task: Any) -> torch.Tensor:
    """Return what the first layer of a task's encoder sees of an observation, laid flat."""
    settings = {"env": odd("Given"), "env_kwargs": {"shape": shape, "dtype": dtype}, **task}
    config = tiny_config(tasks={"a": settings})
    parts = Parts(config, resolve_specs(config))
    (encoder,) = parts.network().encoders.values()
    assert isinstance(encoder, VectorEncoder | ImageEncoder)
    seen: torch.Tensor = encoder.scaling(torch.tensor(value.reshape(1, -1), dtype=torch.float32), [1])
    return seen


def divisors(spec: TaskSpec) -> tuple[Scale, ...]:
    """Return what each part of a task's observations is divided by."""
    return tuple(part.scale for part in spec.layout.parts)


@pytest.mark.parametrize(
    ("dtype", "divisor"),
    [("uint8", 255.0), ("bool", 1.0), ("float32", 1.0), ("float64", 1.0), ("int64", 1.0)],
)
def test_what_is_not_said_depends_on_the_dtype(dtype: str, divisor: float):
    """Bytes are pictures, unless somebody says otherwise; booleans are 0 and 1 already."""
    assert divisors(spec_of([4], dtype)) == ((divisor,),)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "float32"])
def test_what_is_said_holds_for_every_dtype(dtype: str):
    """Grid codes of 0 to 10 are bytes and no pictures."""
    assert divisors(spec_of([4], dtype, observation_scale=10)) == ((10.0,),)
    assert divisors(spec_of([4], dtype, observation_scale=[1, 2, 3, 4])) == ((1.0, 2.0, 3.0, 4.0),)
    assert divisors(spec_of([4], dtype, observation_scale="auto")) == ("auto",)


def test_codes_in_bytes_reach_the_network_divided_by_what_is_said():
    """Twice the scale, half of what is seen."""
    codes = np.arange(10, dtype=np.uint8)
    assert divided([10], codes, observation_scale=9).tolist()[0] == pytest.approx((codes / 9).tolist())
    assert divided([10], codes).tolist()[0] == pytest.approx((codes / 255).tolist())


@pytest.mark.parametrize("stack", [1, 3])
@pytest.mark.parametrize(
    ("shape", "channel"),
    [([10, 12, 3], lambda index: index % 3), ([3, 10, 12], lambda index: index // 120 % 3)],
    ids=["channels last", "channels first"],
)
def test_a_number_for_each_channel_divides_its_plane(shape: list[int], channel: Any, stack: int):
    """In every frame of a stack."""
    task: dict[str, Any] = {"observation_scale": [10, 20, 30], "frame_stack": stack}
    seen = divided(shape, np.full((stack, *shape), 60), **task)
    assert [round(value) for value in seen[0].tolist()] == [
        (6, 3, 2)[channel(index)] for index in range(stack * 360)
    ]


def test_a_number_for_each_element_divides_it_in_every_frame_of_a_stack():
    """The frames lie one after another."""
    task: dict[str, Any] = {"observation_scale": [1, 2, 3, 4], "frame_stack": 2}
    assert divided([2, 2], np.full((2, 2, 2), 12), **task)[0].tolist() == pytest.approx([12, 6, 4, 3] * 2)


@pytest.mark.parametrize(
    ("shape", "allowed"), [([10, 12, 3], "1, 3 (one for each channel) or 360, one"), ([4], "1 or 4, one")]
)
def test_another_number_of_divisors_is_refused(shape: list[int], allowed: str):
    """The sentence says which numbers are allowed."""
    with pytest.raises(ConfigError) as raised:
        spec_of(shape, observation_scale=[1, 2])
    assert f"tasks.a.observation_scale: 2 numbers given; allowed are {allowed}" in str(raised.value)


def of_parts(scale: Any, env: str = odd("WithSpaces")) -> TaskSpec:
    """Return a task with a vector, an image and the name of a room."""
    settings = {"observations": "parts"} if env == odd("WithSpaces") else {}
    task = {"env": env, "env_kwargs": settings, "observation_scale": scale}
    (spec,) = resolve_specs(tiny_config(tasks={"a": task}))
    return spec


@pytest.mark.parametrize(
    ("scale", "arm", "image"),
    [
        (None, (1.0,), (255.0,)),
        (2, (2.0,), (2.0,)),
        ("auto", "auto", "auto"),
        ({}, (1.0,), (255.0,)),
        ({"image": 10}, (1.0,), (10.0,)),
        ({"arm": [2, 4], "image": "auto"}, (2.0, 4.0), "auto"),
        ({"image": [1, 2, 3]}, (1.0,), (1.0, 2.0, 3.0) * 49),
    ],
)
def test_each_part_of_numbers_has_the_scale_that_is_said_of_it(scale: Any, arm: Scale, image: Scale):
    """A mapping says it by name; what it leaves out follows from the dtype, and names have no scale."""
    assert divisors(of_parts(scale)) == (arm, image, (1.0,))


REFUSED_SCALES = {
    "an unknown part": (
        {"leg": 1},
        ": the observation has no part 'leg' of numbers; allowed are 'arm', 'image'",
    ),
    "a part of names": (
        {"room": 1},
        ": the observation has no part 'room' of numbers; allowed are 'arm', 'image'",
    ),
    "several numbers for several parts": (
        [1, 2],
        f": 2 numbers given, and observations of {odd('WithSpaces')} have several parts of numbers; it "
        "should be one number, auto, or a mapping from 'arm', 'image' to a scale each",
    ),
    "a wrong number for a part": (
        {"arm": [1, 2, 3]},
        ".arm: 3 numbers given; allowed are 1 or 2, one for each element of the part 'arm' of an observation "
        f"of {odd('WithSpaces')}",
    ),
}


@pytest.mark.parametrize(("scale", "sentence"), REFUSED_SCALES.values(), ids=REFUSED_SCALES.keys())
def test_a_scale_that_fits_no_part_is_refused(scale: Any, sentence: str):
    """The sentence says which parts there are."""
    with pytest.raises(ConfigError) as raised:
        of_parts(scale)
    assert raised.value.sentences == (f"tasks.a.observation_scale{sentence}",)


def test_a_scale_of_what_has_one_part_or_none_of_numbers():
    """Without a name a mapping has nothing to say; names of things are not divided."""
    with pytest.raises(ConfigError, match="no part 'x' of numbers; it should be one scale, or null"):
        of_parts({"x": 1}, "CartPole-v1")
    with pytest.raises(ConfigError, match="2 is not allowed: observations of FrozenLake-v1 have no part of"):
        of_parts(2, "FrozenLake-v1")
    with pytest.raises(ConfigError, match="auto is not allowed: observations of FrozenLake-v1 have no part"):
        of_parts("auto", "FrozenLake-v1")
    assert divisors(of_parts(None, "FrozenLake-v1")) == ((1.0,),)


def test_tied_ends_need_one_scale():
    """One encoder divides all tasks by the same: the scale of a second task would be ignored."""
    tasks = {
        name: {"env": "trunkline/Chain-v0", "observation_scale": scale}
        for name, scale in (("a", 1), ("b", 2))
    }
    config = tiny_config("network.tied_ends=true", tasks=tasks)
    (found,) = network_mistakes(config, resolve_specs(config))
    assert "tasks 'a' and 'b' have different observation scales" in found
    same = tiny_config("network.tied_ends=true", "tasks.b.observation_scale=1", tasks=tasks)
    assert network_mistakes(same, resolve_specs(same)) == []
