"""Wrappers and presets in a configuration: forms, mistakes, defaults, and the record of a run."""

from typing import Any

import pytest

from config.errors import ConfigError
from config.loading import parse_config, to_yaml
from config.resolution import rehearse
from config.schema import RunConfig
from config.sections.task import TaskConfig
from config.yaml_text import parse_yaml
from tasks.presets import PRESETS, expanded
from tasks.recipe import Wrapping
from tests.support.odd_environments import odd
from tests.support.resolution import resolve_specs
from tests.support.wrapped_environments import wrapper

FLATTEN = "gymnasium.wrappers.FlattenObservation"
CLIP = {"wrapper": "gymnasium.wrappers.ClipReward", "min_reward": -1, "max_reward": 1}


def config_of(**task: Any) -> RunConfig:
    return parse_config({"tasks": {"a": task}})


def task_of(**task: Any) -> TaskConfig:
    return config_of(**task).tasks["a"]


def error_of(**task: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        rehearse(config_of(**task))
    return str(raised.value)


def test_a_wrapper_is_a_name_or_a_mapping_with_arguments():
    """In the order in which they stand, into the specification and its recipe."""
    (spec,) = resolve_specs(config_of(env="CartPole-v1", wrappers=[FLATTEN, CLIP]))
    clip = Wrapping("gymnasium.wrappers.ClipReward", {"min_reward": -1, "max_reward": 1})
    assert spec.wrappers == spec.recipe.wrappers == (Wrapping(FLATTEN), clip)


@pytest.mark.parametrize("given", [FLATTEN, CLIP])
def test_one_wrapper_needs_no_list(given: Any):
    """As on a command line."""
    assert task_of(env="CartPole-v1", wrappers=given).wrappers == [given]


@pytest.mark.parametrize("given", [3, [""], [{"wraper": FLATTEN}], [[FLATTEN]], {"wrapper": None}])
def test_what_is_no_wrapper_by_its_form_is_refused(given: Any):
    """With both forms."""
    said = error_of(env="CartPole-v1", wrappers=given)
    assert said.startswith("tasks.a.wrappers: ")
    assert "each wrapper should be a name such as gymnasium.wrappers.FlattenObservation, or a mapping" in said
    assert "such as {wrapper: gymnasium.wrappers.ClipReward, min_reward: -1}" in said


def test_arguments_that_yaml_cannot_hold_are_refused():
    """A run's own configuration would come back as another one."""
    said = error_of(env="CartPole-v1", wrappers=[{"wrapper": FLATTEN, "a": {1, 2}}])
    assert said.startswith("tasks.a.wrappers: ")
    assert "is a set" in said


def test_mistakes_in_wrappers_name_their_place():
    """One sentence for the first wrapper of a task that cannot be put around."""
    said = error_of(env="CartPole-v1", wrappers=[FLATTEN, "gymnasium.wrappers.FlatenObservation"])
    assert said.startswith(
        "tasks.a.wrappers.1: 'gymnasium.wrappers.FlatenObservation' is not found; did you mean "
    )


def test_the_record_of_a_run_has_wrappers_and_lives_as_they_were_given():
    """What is read back is the same."""
    config = config_of(env=wrapper("ThreeLives"), wrappers=[FLATTEN, CLIP], life_loss=True)
    again = parse_config(parse_yaml(to_yaml(config), "record"))
    assert again == config
    assert resolve_specs(again) == resolve_specs(config)
    assert resolve_specs(again)[0].reading.life_loss


def test_a_preset_fills_in_what_the_task_does_not_say():
    """Machado et al. 2018: sticky actions, whole games, rewards clipped for the learner alone."""
    task = task_of(env="ALE/Pong-v5", preset="atari")
    assert task.env_kwargs == {"frameskip": 1, "repeat_action_probability": 0.25}
    assert (task.frame_stack, task.reward_clip, task.life_loss) == (4, 1.0, False)
    (preprocessing,) = task.wrappers
    assert isinstance(preprocessing, dict)
    assert (preprocessing["noop_max"], preprocessing["frame_skip"], preprocessing["screen_size"]) == (
        0,
        4,
        84,
    )


def test_the_older_protocol_differs_where_it_did():
    """Mnih et al. 2015: no-op starts, lives, no sticky actions."""
    task = task_of(env="ALE/Pong-v5", preset="atari_dqn")
    assert task.env_kwargs["repeat_action_probability"] == 0.0
    assert task.life_loss
    assert isinstance(task.wrappers[0], dict)
    assert task.wrappers[0]["noop_max"] == 30


def test_fields_of_the_task_come_before_those_of_its_preset():
    """Single arguments of the constructor too; null is a value."""
    own: dict[str, Any] = {
        "frame_stack": 1,
        "reward_clip": None,
        "wrappers": [],
        "env_kwargs": {"mode": 1, "frameskip": 4},
    }
    task = task_of(env="ALE/Pong-v5", preset="atari", **own)
    assert (task.frame_stack, task.reward_clip, task.wrappers) == (1, None, [])
    assert task.env_kwargs == {"frameskip": 4, "mode": 1, "repeat_action_probability": 0.25}


@pytest.mark.parametrize(
    ("env", "name", "off"),
    [("vector:ALE/Pong-v5", "atari", "reward_clipping"), ("envpool:Pong-v5", "atari_dqn", "reward_clip")],
)
def test_other_sources_get_the_protocol_in_their_own_words(env: str, name: str, off: str):
    """What they clip or end by themselves is switched off; stacks are the learner's."""
    task = task_of(env=env, preset=name)
    assert task.env_kwargs[off] is False
    assert task.env_kwargs["episodic_life"] is False
    assert task.env_kwargs["use_fire_reset"] is False
    assert (task.frame_stack, task.wrappers) == (4, [])


def test_the_record_of_a_run_has_the_fields_of_a_preset():
    """And reading it back changes nothing: the preset has nothing left to fill in."""
    config = config_of(env="ALE/Pong-v5", preset="atari", reward_clip=None)
    record = parse_yaml(to_yaml(config), "record")
    assert (record["tasks"]["a"]["frame_stack"], record["tasks"]["a"]["reward_clip"]) == (4, None)
    assert parse_config(record) == config


def test_presets_do_not_share_what_they_hold():
    """A task that changes its own leaves the next one alone."""
    task = {"env": "ALE/Pong-v5", "preset": "atari"}
    first, second = expanded("a", task), expanded("b", task)
    first["env_kwargs"]["frameskip"] = 2
    first["wrappers"][0]["noop_max"] = 7
    assert second == expanded("c", task)
    assert (second["env_kwargs"]["frameskip"], second["wrappers"][0]["noop_max"]) == (1, 0)


@pytest.mark.parametrize("name", ["atai", 3, ["atari"]])
def test_a_preset_that_does_not_exist_is_told_with_all(name: Any):
    """Whatever stands there."""
    expected = f"tasks.a.preset: {name!r} is not allowed; it should be one of {', '.join(PRESETS)}"
    assert error_of(env="ALE/Pong-v5", preset=name) == expected


def test_a_preset_is_refused_for_environments_that_it_is_not_for():
    """With the names of those that it is for; all mistakes at once."""
    with pytest.raises(ConfigError) as raised:
        parse_config({"tasks": {name: {"env": "CartPole-v1", "preset": "atari"} for name in "ab"}})
    first, second = str(raised.value).splitlines()
    assert first == (
        "tasks.a.preset: 'atari' is not for 'CartPole-v1', but for environments with names such as ALE/..., "
        "vector:ALE/..., envpool:..."
    )
    assert second.startswith("tasks.b.preset: ")


@pytest.mark.parametrize("name", ["atari", "atari_dqn"])
def test_a_game_by_a_preset_can_be_trained_on(name: str):
    """84 by 84 in grey, as bytes; a lost life is seen where the preset asks for it."""
    pytest.importorskip("ale_py")
    pytest.importorskip("cv2")
    run = rehearse(config_of(env="ALE/Breakout-v5", preset=name, envs_per_actor=1))
    (spec,) = run.specs
    assert (spec.observation_shape, spec.frame_dtype) == ((4, 84, 84), "uint8")
    assert run.warnings == []


def test_a_room_by_its_preset_is_its_image():
    """Divided by the largest code of an object."""
    pytest.importorskip("minigrid")
    (spec,) = resolve_specs(config_of(env="MiniGrid-Empty-5x5-v0", preset="minigrid_image"))
    (part,) = spec.layout.parts
    assert (part.shape, part.scale) == ((7, 7, 3), (10.0,))


def test_settings_of_known_environments_that_wrappers_may_undo_are_for_the_bare_ones():
    """The mask of Taxi, the scale of the image of a room."""
    assert task_of(env="Taxi-v4").action_mask == "info"
    assert task_of(env="MiniGrid-Empty-5x5-v0").observation_scale == {"image": [10.0]}
    wrapped = task_of(env="Taxi-v4", wrappers=[FLATTEN])
    assert (wrapped.action_mask, wrapped.solved_at) == (None, 7.0)
    assert task_of(env=odd("Steady"), wrappers=[FLATTEN]).observation_scale is None
