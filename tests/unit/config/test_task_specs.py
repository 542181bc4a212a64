"""From settings to specifications: what observations are divided by, in vectors, bytes, images and stacks."""

from typing import Any

import numpy as np
import pytest
import torch

from config.errors import ConfigError
from config.network_mistakes import network_mistakes
from config.resolution import resolve_specs
from tasks.observation import Scale
from tasks.spec import TaskSpec
from tests.support.learning_builders import tiny_config
from tests.support.odd_environments import odd
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
    task = {"observation_scale": [10, 20, 30], "frame_stack": stack}
    seen = divided(shape, np.full((stack, *shape), 60), **task)
    assert [round(value) for value in seen[0].tolist()] == [
        (6, 3, 2)[channel(index)] for index in range(stack * 360)
    ]


def test_a_number_for_each_element_divides_it_in_every_frame_of_a_stack():
    """The frames lie one after another."""
    task = {"observation_scale": [1, 2, 3, 4], "frame_stack": 2}
    assert divided([2, 2], np.full((2, 2, 2), 12), **task)[0].tolist() == pytest.approx([12, 6, 4, 3] * 2)


@pytest.mark.parametrize(
    ("shape", "allowed"), [([10, 12, 3], "1, 3 (one for each channel) or 360, one"), ([4], "1 or 4, one")]
)
def test_another_number_of_divisors_is_refused(shape: list[int], allowed: str):
    """The sentence says which numbers are allowed."""
    with pytest.raises(ConfigError) as raised:
        spec_of(shape, observation_scale=[1, 2])
    assert f"tasks.a.observation_scale: 2 numbers given; allowed are {allowed}" in str(raised.value)


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
