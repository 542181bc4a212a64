"""Trials of environments before a run: what is found within a few steps, and what is no mistake."""

import re
import time
from typing import Any

import gymnasium
import pytest

from tasks.declared import Declared
from tasks.errors import TaskError
from tasks.inspection import EnvironmentReport, examine_environment
from tasks.reading import Reading
from tasks.recipe import Recipe
from tasks.trial import Trial, try_environment
from tests.support.broken_environments import env_id
from tests.support.odd_environments import Alone, Steady, odd


def examine(name: str, instances: int = 2, limit: int | None = 50, **env_kwargs: Any) -> EnvironmentReport:
    env = name if ":" in name or "/" in name else odd(name)
    return examine_environment("maze", Recipe(env, env_kwargs, limit), Reading(), instances, seed=1)


def mistakes_of(name: str, instances: int = 2, **env_kwargs: Any) -> list[str]:
    """Return the mistakes of a report, or those that keep an environment from having one."""
    try:
        return examine(name, instances, **env_kwargs).mistakes
    except TaskError as error:
        return str(error).splitlines()


FOUND = {
    "VectorReward": "returned a reward of shape (2,); it should be one number",
    "VectorEnd": "returned terminated as array([ True, False]); it should be True or False",
    "OldReset": "returned one value (ndarray) from reset; it should be two values, observation and info",
    "OldStep": "raised in step: ValueError: not enough values to unpack (expected 5, got 4); a step should",
    "LateSecondEpisode": "raised in reset: OSError: the level is gone",
}


@pytest.mark.parametrize(("name", "words"), FOUND.items())
def test_what_an_environment_does_wrong_is_found(name: str, words: str):
    """One sentence, with the field that names the environment."""
    (found,) = mistakes_of(name)
    assert found.startswith(f"tasks.maze.env: environment '{odd(name)}' {words}")


@pytest.mark.parametrize(
    ("name", "after", "words"),
    [
        ("NanObservation", 3, "returned an observation that is not finite (nan)"),
        ("NanReward", 3, "returned a reward that is not finite (nan)"),
        ("WrongShape", 3, "returned an observation of shape (5,), but declares (3,)"),
        ("RaisesInStep", 4, "raised in step: RuntimeError: the arm is stuck"),
        ("RaisesInReset", 3, "raised in reset: OSError: no level file"),
    ],
)
def test_what_comes_after_some_steps_is_found(name: str, after: int, words: str):
    """Also after the end of an episode."""
    (found,) = mistakes_of(env_id(name), after=after)
    assert found == f"tasks.maze.env: environment '{env_id(name)}' {words}"


def test_an_environment_without_a_seed_is_told_what_reset_should_take():
    """The exception alone would leave that open."""
    (found,) = mistakes_of("Seedless")
    assert "unexpected keyword argument 'seed'; reset should take the keyword arguments seed" in found


def test_all_mistakes_are_named_at_once():
    """Nobody has to find them one after another."""
    shape, reward = mistakes_of("WrongTwice")
    assert shape.endswith("returned an observation of shape (3,), but declares (2,)")
    assert "returned a reward of shape (2,)" in reward
    both = mistakes_of("WithoutSpaces")
    assert [line.split(" has ")[1].split(";")[0] for line in both] == [
        "no declared observations",
        "no declared actions",
    ]


@pytest.mark.parametrize("shape", [[0], [3, 0], [1, 1, 1, 1, 1]])
def test_shapes_that_hold_nothing_or_do_not_fit_a_message_are_refused(shape: list[int]):
    """The sentence says which shapes are allowed."""
    (found,) = mistakes_of("Given", shape=shape)
    assert f"has observations of shape {tuple(shape)}; allowed are 4 dimensions at most" in found


def test_a_single_number_is_observed_as_an_array_of_one():
    """The shape () is allowed."""
    report = examine("Given", shape=[], dtype="int64")
    assert (report.layout.frame_shape, report.layout.frame_dtype, report.remarks) == ((1,), "float32", [])


@pytest.mark.parametrize("name", ["max_episode_steps", "disable_env_checker", "id"])
def test_arguments_that_gymnasium_keeps_are_refused(name: str):
    """The environment would never see them."""
    (found,) = mistakes_of("CartPole-v1", **{name: 30}) if name != "id" else mistakes_of("Steady", id=30)
    assert found.startswith(f"tasks.maze.env_kwargs.{name}: 30 is not allowed: Gymnasium keeps")
    assert found.endswith(
        "it should be tasks.maze.max_episode_steps"
        if name == "max_episode_steps"
        else "it should be left out"
    )


def test_a_second_instance_is_built_only_where_an_actor_needs_one():
    """What can be there once is played with one stream; both instances are closed."""
    (found,) = mistakes_of("Alone", instances=2)
    assert found.startswith(
        "tasks.maze.envs_per_actor: 2 is not allowed: beside a first instance, environment "
    )
    assert "OSError: port 4567 is in use; it should be 1" in found
    assert examine("Alone", instances=1).remarks == []
    assert Alone._there == 0


def test_a_second_instance_with_other_spaces_is_a_mistake():
    """One network and one table are for all instances of a task."""
    (found,) = mistakes_of("Growing", instances=2)
    assert re.search(
        r"declares actions of \d+ choices, but another instance of it declared actions of \d+", found
    )


def test_an_environment_that_raises_when_it_is_closed_gets_a_remark():
    """It is no reason to refuse it."""
    report = examine("Sulky", instances=1)
    assert report.remarks == [
        "raised in close: RuntimeError: it is closed already; it is let go of all the same"
    ]


@pytest.mark.parametrize("where", ["made", "reset", "step"])
def test_sys_exit_is_a_mistake_with_its_words(where: str):
    """It does not end the process that asks."""
    (found,) = mistakes_of("Leaves", where=where)
    assert "SystemExit (it called sys.exit): the window was closed" in found


def test_sys_exit_in_close_is_a_remark():
    """As any other exception there."""
    (remark,) = examine("Leaves", instances=1, where="close").remarks
    assert remark.startswith("raised in close: SystemExit")


def test_ctrl_c_during_a_trial_goes_on_its_way():
    """The user means the command."""
    with pytest.raises(KeyboardInterrupt):
        examine("Interrupts")


def test_values_outside_of_the_declared_bounds_get_a_remark():
    """Scales that are chosen by them would be wrong."""
    report = examine("Given", shape=[2], high=1, value=7.0)
    assert report.remarks == ["returns observations outside of the bounds that it declares"]
    assert (report.bounds, report.largest_seen) == (((0.0, 1.0),), (7.0,))


def test_statistics_that_every_instance_keeps_for_itself_get_a_remark():
    """Returns in training and in evaluation would not be comparable."""
    (remark,) = examine("made").remarks
    assert "NormalizeReward" in remark
    assert "learner.value_scale=return_range" in remark


class Slow(Steady):
    """Takes its time for a step."""

    def step(self, action: Any) -> Any:
        """Wait."""
        time.sleep(0.05)
        return super().step(action)


def test_a_slow_environment_is_no_mistake(monkeypatch: pytest.MonkeyPatch):
    """A trial ends after some seconds, however many steps are missing."""
    monkeypatch.setattr("tasks.trial.SECONDS", 0.2)
    began = time.monotonic()
    slow = Slow()
    trial = try_environment(slow, Declared(slow, Reading()), seed=1)
    assert trial.mistakes == {}
    assert trial.largest == pytest.approx((4.0,), abs=1.5)
    assert time.monotonic() - began < 1.0


def test_a_trial_plays_over_the_end_of_an_episode_with_actions_of_the_space():
    """Numbered as the environment numbers them; the first episode is seeded, the next ones are not."""
    seen: list[tuple[str, Any]] = []

    class Noting(Steady):
        def __init__(self) -> None:
            super().__init__()
            self.action_space = gymnasium.spaces.Discrete(2, start=5)

        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
            seen.append(("reset", seed))
            return super().reset(seed=seed, options=options)

        def step(self, action: Any) -> Any:
            seen.append(("step", int(action)))
            return super().step(action)

    noting = Noting()
    assert try_environment(noting, Declared(noting, Reading()), seed=9) == Trial(largest=(10.0,))
    assert [what for kind, what in seen if kind == "reset"] == [9, None, None, None, None]
    assert {what for kind, what in seen if kind == "step"} == {5, 6}


def test_dynamics_of_our_own_are_not_tried(monkeypatch: pytest.MonkeyPatch):
    """They are tested, and a start shall cost nothing."""
    monkeypatch.setattr("tasks.inspection.try_environment", None)
    assert examine_environment("pole", Recipe("CartPole-v1"), Reading(), 16, 1).layout.frame_shape == (4,)
