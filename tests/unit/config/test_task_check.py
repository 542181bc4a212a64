"""The check of one environment as a task: what is found, under which name, and what is refused."""

from typing import Any

import pytest

from config.errors import ConfigError
from config.task_check import TaskCheck, check_task
from tests.support.broken_environments import env_id
from tests.support.odd_environments import odd
from tests.support.unwise_environments import unwise


def checked(env: str, **fields: Any) -> TaskCheck:
    return check_task({"env": env, **fields}, seconds=0.05)


def test_a_known_environment_is_checked_with_its_settings_and_nothing_is_said():
    """The task to paste has what was given, since the settings come by the id."""
    found = checked("Taxi-v4")
    assert found.task == {"taxi": {"env": "Taxi-v4"}}
    assert [part.kind for part in found.spec.layout.parts] == ["indices", "mask"]
    assert found.encoders == ["a row for each value", "none: says what is allowed"]
    assert (found.wrong, found.unwise) == ([], [])
    assert found.checkup.alone is not None


def test_fields_are_those_of_a_task():
    """Whatever a configuration allows."""
    found = checked("Pendulum-v1", action_bins=3, frame_stack=2)
    assert (found.spec.choices.sizes, found.spec.frame_stack) == ((3,), 2)
    assert found.encoders == ["a linear layer"]


def test_what_is_wrong_in_the_trial_is_told_and_not_played():
    """All mistakes of the trial."""
    found = checked(odd("WrongTwice"))
    assert len(found.wrong) == 2
    assert all(sentence.startswith("tasks.wrongtwice.env: ") for sentence in found.wrong)
    assert found.checkup.alone is None


def test_what_is_wrong_later_is_told_too():
    """In the hundredth episode, which no trial reaches."""
    found = checked(env_id("NanObservation"), env_kwargs={"spared": 30})
    assert len(found.wrong) == 1
    assert "returned an observation that is not finite (nan)" in found.wrong[0]


def test_no_more_streams_are_built_than_an_actor_has():
    """Of this environment there can be one at a time."""
    assert checked(odd("Alone"), envs_per_actor=1).wrong == []
    (mistake,) = checked(odd("Alone")).wrong
    assert mistake.startswith("tasks.alone.envs_per_actor: 16 is not allowed")


def test_what_is_unwise_is_told_with_what_a_configuration_warns_of():
    """From the trial and from the checkup."""
    found = checked(unwise("Stingy"), env_kwargs={}, max_episode_steps=None)
    assert any("names no time limit" in sentence for sentence in found.unwise)
    assert any("random actions find no reward" in sentence for sentence in found.unwise)


def test_what_it_prints_is_kept_and_told(capfd: pytest.CaptureFixture[str]):
    """With the first line."""
    pytest.importorskip("ctypes")
    found = checked("tests.support.chatty:trunkline-test/Chatty-v0")
    assert capfd.readouterr() == ("", "")
    assert any("prints when it is built or played, such as '" in sentence for sentence in found.unwise)


@pytest.mark.parametrize(
    ("env", "fields", "said"),
    [
        (
            "CartPole-v9",
            {},
            "tasks.cartpole.env: unknown environment 'CartPole-v9'; did you mean 'CartPole-v1'?",
        ),
        (
            "CartPole-v1",
            {"frame_stak": 4},
            "tasks.cartpole.frame_stak: unknown key; did you mean 'frame_stack'?",
        ),
        ("CartPole-v1", {"preset": "atari"}, "tasks.cartpole.preset: 'atari' is not for 'CartPole-v1'"),
        ("Pendulum-v1", {}, "tasks.pendulum.env: 'Pendulum-v1' has Box actions of shape (1,)"),
    ],
)
def test_what_cannot_be_checked_is_refused_as_in_a_configuration(env: str, fields: dict[str, Any], said: str):
    """One sentence."""
    with pytest.raises(ConfigError) as raised:
        checked(env, **fields)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ("CartPole-v1", "cartpole"),
        ("trunkline/CarOnHill-v0", "car_on_hill"),
        ("mine:Some.Level-3x3-v12", "level_3x3"),
        ("a/42-v0", "task"),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_task_is_named_after_its_environment(env: str, name: str):
    """By the name of a known one, or in letters that a configuration allows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("config.task_check.described", lambda config, _: ([], [], [*config.tasks]))
        with pytest.raises(ConfigError, match=f"^{name}$"):
            checked(env)
