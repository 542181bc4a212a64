"""Warnings of a configuration: choices that are allowed and may be unwise, and none where all is well."""

from typing import Any

import pytest

from config.resolution import rehearse
from config.schema import RunConfig
from tests.support.broken_environments import env_id
from tests.support.learning_builders import tiny_config
from tests.support.odd_environments import odd


def configured(shape: list[int], *overrides: str, limit: int | None = 50, **given: Any) -> RunConfig:
    task = {
        "env": odd("Given"),
        "env_kwargs": {"shape": shape, **given},
        "max_episode_steps": limit,
        "envs_per_actor": 1,
    }
    return tiny_config("replay.memory_budget=1GiB", "replay.capacity=100", *overrides, tasks={"a": task})


def warnings_of(shape: list[int], *overrides: str, **given: Any) -> list[str]:
    return list(rehearse(configured(shape, *overrides, **given)).warnings)


QUIET = [
    ([4], {}, "float32"),
    ([84, 84, 3], {}, "uint8"),
    ([4, 84, 84], {}, "uint8"),
    ([5, 5, 3], {"value": 200}, "uint8"),
    ([10, 10], {"value": 1, "high": 1}, "float32"),
    ([600], {"value": 1}, "float32"),
]


@pytest.mark.parametrize(("shape", "given", "dtype"), QUIET)
def test_what_is_usual_gets_no_warning(shape: list[int], given: dict[str, Any], dtype: str):
    """Vectors, pictures, small boards."""
    assert warnings_of(shape, dtype=dtype, **({"value": 99} | given)) == []


def test_the_tasks_that_are_shipped_get_no_warning():
    """Their scales come along."""
    tasks = {
        "chain": {"env": "trunkline/Chain-v0"},
        "catch": {"env": "trunkline/Catch-v0"},
        "pole": {"env": "CartPole-v1"},
    }
    assert rehearse(tiny_config(tasks=tasks)).warnings == []


@pytest.mark.parametrize(
    ("shape", "overrides", "advice"),
    [
        ([4, 84, 84, 3], (), "give single pictures and tasks.a.frame_stack=4"),
        ([84, 84], (), "network.encoder=conv convolves them, and so does tasks.a.frame_stack=4"),
        ([84, 84, 3], ("network.encoder=mlp",), "since network.encoder is 'mlp'; 'auto' gives convolutions"),
        ([6, 200, 3], (), "their sides are too small for convolutions"),
        ([21168], (), "if they were pictures, leave them in their shape: convolutions need it"),
    ],
)
def test_one_linear_layer_over_what_may_be_a_picture(
    shape: list[int], overrides: tuple[str, ...], advice: str
):
    """Its size is in the sentence, and what to do instead."""
    (found,) = warnings_of(shape, *overrides, dtype="uint8", value=200)
    size = 1
    for side in shape:
        size *= side
    assert found.startswith(
        f"tasks.a.env: observations of shape {tuple(shape)} go through one linear layer of"
    )
    assert f"{size:,} inputs and {8 * size + 8:,} parameters" in found
    assert advice in found


@pytest.mark.parametrize("overrides", [("network.encoder=conv",), ("tasks.a.frame_stack=4",)])
def test_what_is_advised_for_a_board_ends_the_warning(overrides: tuple[str, ...]):
    """Either of the two."""
    assert warnings_of([84, 84], *overrides, dtype="uint8", value=200) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"high": 10, "value": 7}, "divided by 255, and the largest that is declared is 10: 10 would use"),
        (
            {"value": 10},
            "divided by 255, and the largest that is seen in a few steps of trial is 10: 10 would",
        ),
    ],
)
def test_bytes_that_are_no_pictures(given: dict[str, Any], words: str):
    """By what the space declares, or by what is seen; with a scale of one's own there is nothing to say."""
    (found,) = warnings_of([7, 7, 3], dtype="uint8", **given)
    assert found.startswith("tasks.a.observation_scale: observations are ")
    assert words in found
    assert warnings_of([7, 7, 3], "tasks.a.observation_scale=10", dtype="uint8", **given) == []


@pytest.mark.parametrize(
    ("shape", "given", "words"),
    [
        ([84, 84, 3], {"value": 3}, "values as large as 255 are declared: 255 would bring them to 1"),
        (
            [1],
            {"value": 375, "high": 499},
            "values as large as 499 are declared: 499 would bring",
        ),
    ],
)
def test_large_numbers_that_are_not_divided(shape: list[int], given: dict[str, Any], words: str):
    """Pictures as floats up to 255, and what counts to hundreds."""
    (found,) = warnings_of(shape, **given)
    assert words in found
    assert warnings_of(shape, "tasks.a.observation_scale=255", **given) == []


def test_a_time_limit_that_nobody_named():
    """The default one is said, and the field that sets another."""
    tasks = {"a": {"env": env_id("NoTimeLimit"), "envs_per_actor": 1}}
    run = rehearse(tiny_config(tasks=tasks))
    (found,) = [warning for warning in run.warnings if "time limit" in warning]
    assert found.startswith(f"tasks.a.env: environment '{env_id('NoTimeLimit')}' names no time limit")
    assert [spec.max_episode_steps for spec in run.specs] == [10_000]


def test_a_budget_in_which_nothing_can_be_learned():
    """One task needs 64 transitions before the first update: 64 env steps are no more than that."""
    (warning,) = warnings_of([4], "stop_env_steps=64")
    assert warning.startswith("stop_env_steps: 64 is used up before anything is learned")
    assert "replay.min_size_to_sample (64)" in warning
    assert warnings_of([4], "stop_env_steps=65") == []
