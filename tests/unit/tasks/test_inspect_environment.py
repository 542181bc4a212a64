"""Inspection: what an environment declares, and the sentences for those that cannot be trained on."""

import pytest

from tasks.errors import TaskError
from tasks.inspection import DEFAULT_LIMIT, examine_environment, inspect_environment
from tasks.reading import Reading
from tasks.recipe import Recipe
from tests.support.broken_environments import env_id
from tests.support.keypad import ENV as KEYPAD
from tests.support.odd_environments import odd


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("trunkline/Catch-v0", ((10, 5), "uint8", 3, 50)),
        ("trunkline/Chain-v0", ((8,), "float32", 2, 50)),
        ("trunkline/Identity-v0", ((3,), "float32", 3, 20)),
        ("CartPole-v1", ((4,), "float32", 2, 500)),
        ("MountainCar-v0", ((2,), "float32", 3, 200)),
        ("Acrobot-v1", ((6,), "float32", 3, 500)),
        ("trunkline/CarOnHill-v0", ((2,), "float32", 2, 100)),
        ("trunkline/InvertedPendulum-v0", ((2,), "float32", 3, 3000)),
        (env_id("WellBehaved"), ((3,), "float32", 2, 50)),
        ("FrozenLake-v1", ((1,), "uint8", 4, 100)),
        (env_id("DictObservations"), ((3,), "float32", 2, 50)),
    ],
)
def test_what_an_environment_declares_is_read(env: str, expected: tuple[object, ...]):
    """Shape, dtype, number of actions and time limit."""
    report = inspect_environment("task", Recipe(env, {}, None))
    assert expected == (
        report.layout.frame_shape,
        report.layout.frame_dtype,
        report.choices.total,
        report.max_episode_steps,
    )
    assert report.remarks == []


def test_keyword_arguments_reach_the_constructor():
    """A board of other size has other observations."""
    settings = {"rows": 6, "columns": 7}
    assert inspect_environment("task", Recipe("trunkline/Catch-v0", settings, None)).layout.frame_shape == (
        6,
        7,
    )


def test_a_time_limit_from_the_settings_replaces_the_environments():
    """The user's limit wins, and helps an environment that has none."""
    assert inspect_environment("task", Recipe("CartPole-v1", {}, 99)).max_episode_steps == 99
    assert inspect_environment("task", Recipe(env_id("NoTimeLimit"), {}, 7)).max_episode_steps == 7


def test_an_environment_without_a_time_limit_gets_one_and_a_remark():
    """It may end its episodes by itself; nothing but a limit ends those that it does not."""
    report = inspect_environment("task", Recipe(env_id("NoTimeLimit"), {}, None))
    assert report.max_episode_steps == DEFAULT_LIMIT
    (remark,) = report.remarks
    assert "cut after 10,000 steps" in remark
    assert "tasks.task.max_episode_steps" in remark


WITH_SPACES = odd("WithSpaces")
REFUSED = {
    "unknown": (
        "CartPoel-v1",
        {},
        "tasks.pole.env: unknown environment 'CartPoel-v1'; did you mean 'CartPole-v1'? "
        "allowed are registered Gymnasium ids, module:id for one that a module registers, and module:Class ",
    ),
    "unknown version": (
        "CartPole-v77",
        {},
        "tasks.pole.env: unknown environment 'CartPole-v77'; did you mean 'CartPole-v1'? ",
    ),
    "like nothing": (
        "zzzzzzzzzzzz",
        {},
        "tasks.pole.env: unknown environment 'zzzzzzzzzzzz'; allowed are registered Gymnasium ids",
    ),
    "no such module": (
        "no_such_module:Pole-v0",
        {},
        "tasks.pole.env: environment 'no_such_module:Pole-v0' cannot be built: no module 'no_such_module' is "
        "found where this process runs; install it there, start trunkline in the directory that it lies in, "
        "or name that directory in the variable PYTHONPATH, as in: PYTHONPATH=/where/it/lies trunkline ...",
    ),
    "continuous actions": (
        "Pendulum-v1",
        {},
        "tasks.pole.env: 'Pendulum-v1' has Box actions of shape (1,), and a value network chooses among a "
        "few values; tasks.pole.action_bins should say how many each of their dimensions has: 2 and 3 are",
    ),
    "observations of graphs": (
        WITH_SPACES,
        {"observations": "graph"},
        f"tasks.pole.env: {WITH_SPACES!r} has Graph observations; allowed are Box, Discrete, "
        "MultiDiscrete, MultiBinary, Text, Sequence, and Dict and Tuple of these (wrap the environment in "
        "gymnasium.wrappers.TransformObservation for others)",
    ),
    "a part of graphs": (
        WITH_SPACES,
        {"observations": "dict of graph"},
        f"tasks.pole.env: {WITH_SPACES!r} has Graph observations in the part 'map.2'; allowed are Box",
    ),
    "a part without numbers": (
        WITH_SPACES,
        {"observations": "dict of nothing"},
        f"tasks.pole.env: {WITH_SPACES!r} has observations of shape (0,) in the part 'arm'; allowed are "
        "4 dimensions at most, none of them 0",
    ),
    "bits of many dimensions": (
        WITH_SPACES,
        {"observations": "deep bits"},
        f"tasks.pole.env: {WITH_SPACES!r} has observations of shape (1, 1, 1, 1, 2); allowed are 4 dim",
    ),
    "no members": (
        WITH_SPACES,
        {"observations": "empty dict"},
        f"tasks.pole.env: {WITH_SPACES!r} has empty Dict observations; there should be something to see",
    ),
    "sequences of any length": (
        WITH_SPACES,
        {"observations": "sequence"},
        f"tasks.pole.env: {WITH_SPACES!r} has Sequence observations, and these have any length; "
        "tasks.pole.observation_length should say how many elements are kept at most",
    ),
    "a space that cannot be sampled": (
        WITH_SPACES,
        {"observations": "unsampled"},
        f"tasks.pole.env: {WITH_SPACES!r} has Space observations of which none can be sampled: "
        "NotImplementedError",
    ),
    "actions of several kinds": (
        WITH_SPACES,
        {"actions": "dict"},
        f"tasks.pole.env: {WITH_SPACES!r} has Dict actions; a value network needs Discrete, "
        "MultiDiscrete or MultiBinary ones, or Box ones with tasks.pole.action_bins (wrap the environment in "
        "gymnasium.wrappers.TransformAction for others)",
    ),
    "raises in the constructor": (
        env_id("RaisesInConstructor"),
        {},
        f"tasks.pole.env: environment '{env_id('RaisesInConstructor')}' cannot be built: "
        "OSError: no licence for this simulator",
    ),
    "unknown argument": (
        "trunkline/Catch-v0",
        {"height": 3},
        "tasks.pole.env: environment 'trunkline/Catch-v0' cannot be built with {'height': 3}: TypeError: ",
    ),
    "nothing to reverse": (
        "trunkline/Reversed-v0",
        {"env": "Catch-v0"},
        "tasks.pole.env: environment 'trunkline/Reversed-v0' cannot be built with {'env': 'Catch-v0'}: "
        "ValueError: 'Catch-v0' is no registered environment",
    ),
    "actions without an order": (
        "trunkline/Reversed-v0",
        {"env": "Pendulum-v1"},
        "tasks.pole.env: environment 'trunkline/Reversed-v0' cannot be built with {'env': 'Pendulum-v1'}: "
        "ValueError: 'Pendulum-v1' has Box actions; only Discrete ones have an order",
    ),
}


@pytest.mark.parametrize(("env", "settings", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_an_environment_that_cannot_be_trained_on_is_refused(
    env: str, settings: dict[str, object], sentence: str
):
    """The sentence names the field, the value and what is allowed."""
    with pytest.raises(TaskError) as raised:
        inspect_environment("pole", Recipe(env, settings, None))
    assert str(raised.value).startswith(sentence)


OF_READING = {
    "bins of choices": (
        "CartPole-v1",
        {},
        Reading(action_bins=3),
        "has Discrete actions, for which tasks.pole.action_bins 3 is not meant; it should be null, since "
        "such actions are choices already",
    ),
    "bins without bounds": (
        WITH_SPACES,
        {"actions": "unbounded"},
        Reading(action_bins=3),
        "has Box actions without finite bounds, between which the 3 values of tasks.pole.action_bins would "
        "lie; wrap the environment in gymnasium.wrappers.TransformAction, with a Box that has bounds",
    ),
    "sequences of texts": (
        WITH_SPACES,
        {"observations": "texts"},
        Reading(length=4),
        "has Sequence observations of Text elements; allowed are elements of Box, Discrete, MultiDiscrete "
        "and MultiBinary (wrap the environment in gymnasium.wrappers.TransformObservation for others)",
    ),
    "a mask that is not there": (
        env_id("DictObservations"),
        {},
        Reading(action_mask="mask"),
        "has no part 'mask' in its observations; tasks.pole.action_mask should be 'info', or one of "
        "'position'",
    ),
    "nothing but a mask": (
        env_id("DictObservations"),
        {},
        Reading(action_mask="position"),
        "has observations that are nothing but a mask; there should be something to see",
    ),
}


@pytest.mark.parametrize(
    ("env", "settings", "reading", "sentence"), OF_READING.values(), ids=OF_READING.keys()
)
def test_a_reading_that_does_not_fit_the_spaces_is_refused(
    env: str, settings: dict[str, object], reading: Reading, sentence: str
):
    """The sentence names the setting of this task."""
    with pytest.raises(TaskError) as raised:
        inspect_environment("pole", Recipe(env, settings), reading)
    assert str(raised.value) == f"tasks.pole.env: {env!r} {sentence}"


def test_a_mask_that_is_not_used_is_named_where_its_environment_raised():
    """Random actions without the mask are forbidden sooner or later: the sentence says what to set."""
    recipe = Recipe(KEYPAD, {"mask": "info"})
    (mistake,) = examine_environment("pad", recipe, Reading(), 1, seed=1).mistakes
    assert "raised in step: ValueError: the action" in mistake
    assert mistake.endswith("; with tasks.pad.action_mask=info none but allowed actions are taken")
    assert examine_environment("pad", recipe, Reading(action_mask="info"), 1, seed=1).mistakes == []
