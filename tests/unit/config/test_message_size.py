"""Blocks that no message can hold are refused before a run, with settings that fit."""

from typing import Any

import numpy as np
import pytest

from config.message_size import block_bytes, message_mistakes
from config.schema import RunConfig
from replay.wire import MAX_MESSAGE_BYTES, decode_block, encode_block
from tasks.spec import TaskSpec
from tests.support.builders import make_block, make_spec
from tests.support.learning_builders import tiny_config


def config_of(*overrides: str, streams: int = 16) -> RunConfig:
    tasks = {"a": {"env": "trunkline/Chain-v0", "envs_per_actor": streams}}
    return tiny_config("actors.fragment_length=32", "replay.n_step=5", *overrides, tasks=tasks)


def pictures(shape: tuple[int, ...] = (128, 128, 3), dtype: str = "float32", **changes: Any) -> TaskSpec:
    return make_spec("a", shape, observation_dtype=dtype, **changes)


def settings_in(sentence: str) -> list[list[str]]:
    """Return the settings that a sentence says fit: alternatives of one or two each."""
    return [option.split(" with ") for option in sentence.partition("what fits is ")[2].split(" or ")]


@pytest.mark.parametrize(
    ("spec", "overrides", "streams"),
    [
        (pictures(), (), 16),
        (pictures((84, 84, 3), "uint8"), ("actors.fragment_length=1000",), 16),
        (pictures((84, 84)), (), 200),
        (pictures((512, 512, 3)), (), 16),
        (pictures((4, 84, 84), "uint8", frame_stack=4), ("actors.fragment_length=500",), 64),
    ],
)
def test_each_setting_that_a_refusal_names_fits(spec: TaskSpec, overrides: tuple[str, ...], streams: int):
    """And a little more than it does not."""
    (sentence,) = message_mistakes(config_of(*overrides, streams=streams), [spec])
    assert sentence.startswith(f"tasks.a.envs_per_actor: {streams} streams of ")
    assert settings_in(sentence)
    for settings in settings_in(sentence):
        assert message_mistakes(config_of(*overrides, *settings, streams=streams), [spec]) == []
        field, _, value = settings[-1].partition("=")
        more = [*settings, f"{field}={int(value) + 1}"]
        assert message_mistakes(config_of(*overrides, *more, streams=streams), [spec]) != []


def test_observations_that_fit_into_no_message_say_so():
    """A single stream of a single step is too large."""
    (sentence,) = message_mistakes(config_of(), [pictures((2000, 2000, 3))])
    assert sentence.endswith("no setting fits observations so large")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_block_is_no_larger_than_was_reckoned(dtype: str):
    """Of noise, which does not compress, with an episode's end in every row."""
    rng = np.random.default_rng(1)
    config, spec = config_of(streams=8), pictures((30, 20), dtype)
    ends = 8 * 37
    block = make_block(
        streams=8,
        starts=32,
        overlap=5,
        frame_shape=(30, 20),
        frame_dtype=dtype,
        rng=rng,
        episode_returns=np.zeros(ends, np.float32),
        episode_lengths=np.zeros(ends, np.int32),
    )
    size = len(encode_block(block))
    assert size <= block_bytes(config, spec, 8) <= 1.1 * size + 8192


def test_the_largest_block_that_is_allowed_can_be_sent():
    """Neither end of the wire has anything to say."""
    spec = pictures((128, 128, 3), "uint8")
    config = config_of("actors.fragment_length=80", streams=16)
    assert 0.98 * MAX_MESSAGE_BYTES < block_bytes(config, spec, 16) <= MAX_MESSAGE_BYTES
    noise = np.random.default_rng(1).bytes(16 * 85 * 128 * 128 * 3)
    frames = np.frombuffer(noise, np.uint8).reshape(16, 85, 128, 128, 3)
    block = make_block(streams=16, starts=80, overlap=5, frames=frames)
    assert decode_block(encode_block(block)).rows["frames"].shape == block.rows["frames"].shape
