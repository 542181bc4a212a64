"""EnvPool's environments beyond CartPole: families, spaces, limits, missions, evaluation; what is missing."""

import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from tasks.environment import CheckedVector
from tasks.episodes import CheckedEpisodes
from tasks.errors import TaskError
from tasks.inspection import EnvironmentReport, examine_environment
from tasks.readers.padded_text import PaddedText
from tasks.readers.words import tokens
from tasks.reading import Reading
from tasks.recipe import Recipe
from tasks.sources import envpool as source
from tasks.sources.envpool_limits import own_limit
from tasks.sources.envpool_spaces import sane_action_space, sane_observation_space
from tasks.spec import TaskSpec

envpool = pytest.importorskip("envpool", reason="needs the extra envpool: pip install '.[envpool]'")


PLAIN = Reading()


def report_of(
    env: str, limit: int | None = None, reading: Reading = PLAIN, **env_kwargs: Any
) -> EnvironmentReport:
    return examine_environment("task", Recipe(f"envpool:{env}", env_kwargs, limit), reading, 2, 1)


def spec_of(env: str, limit: int | None = None, reading: Reading = PLAIN, **env_kwargs: Any) -> TaskSpec:
    report = report_of(env, limit, reading, **env_kwargs)
    assert report.mistakes == []
    recipe = f"envpool:{env}", report.layout, report.choices, report.max_episode_steps
    return TaskSpec("task", *recipe, env_kwargs, reading)


def random_play(vector: CheckedVector, steps: int, seed: int = 0) -> list[tuple[np.ndarray, ...]]:
    rng, choices = np.random.default_rng(seed), vector.spec.choices
    keys_TEA = rng.random((steps, vector.num_envs, choices.total))
    return [(vector.reset(),), *(vector.step(choices.best(keys_EA)) for keys_EA in keys_TEA)]


FAMILIES = {
    "CartPole-v1": Reading(),
    "LunarLander-v3": Reading(),
    "Taxi-v3": Reading(),
    "FrozenLake-v1": Reading(),
    "MiniGrid-DoorKey-5x5-v0": Reading(),
    "BabyAI-GoToLocal-v0": Reading(),
    "highway-fast-v0": Reading(),
    "Hopper-v5": Reading(action_bins=3),
    "WalkerRun-v1": Reading(action_bins=2),
    "Snake-v1": Reading(action_mask="action_mask"),
    "BinPack-v2": Reading(),
}


@pytest.mark.parametrize("env", FAMILIES)
def test_each_family_begins_the_next_episode_in_the_step_after_an_end(env: str):
    """EnvPool counts the steps of each episode: the count is 0 there, and nowhere else."""
    spec = spec_of(env, reading=FAMILIES[env])
    vector = CheckedVector(spec, 4, seed=1)
    native, counted = vector._streams._pool._pool, []  # type: ignore[attr-defined]
    step = native.step

    def counting(*arguments: Any) -> Any:
        answer = step(*arguments)
        counted.append(answer[0].infos["elapsed_step"].copy())
        return answer

    native.step = counting
    played = random_play(vector, 400)
    ended_E = np.zeros(4, np.bool_)
    for elapsed_E, (_, reward_E, terminated_E, truncated_E) in zip(counted, played[1:], strict=True):
        assert (elapsed_E == 0).tolist() == ended_E.tolist()
        assert not (ended_E & ((reward_E != 0) | terminated_E | truncated_E)).any()
        ended_E = terminated_E | truncated_E
    assert (
        ended_E.any() or any((elapsed_E == 0).any() for elapsed_E in counted) or spec.max_episode_steps > 400
    )


@pytest.mark.parametrize("env", ["highway-fast-v0", "MiniGrid-DoorKey-5x5-v0", "Hopper-v5"])
def test_a_shorter_limit_is_kept_by_all(env: str):
    """Some of EnvPool's environments do not listen to a limit: streams that are cut are reset alone."""
    spec = spec_of(env, 5, FAMILIES[env])
    vector, age_E, ended_E, cuts = (
        CheckedVector(spec, 3, seed=1),
        np.zeros(3, np.int64),
        np.zeros(3, np.bool_),
        0,
    )
    for _, _, terminated_E, truncated_E in random_play(vector, 40)[1:]:
        age_E = np.where(ended_E, 0, age_E + 1)
        assert truncated_E.tolist() == (age_E == 5).tolist()
        ended_E, cuts = terminated_E | truncated_E, cuts + truncated_E.sum()
    assert cuts > 10


def test_a_shorter_limit_leaves_rewards_alone():
    """MiniGrid's fall with the steps of its own limit: the goal in 5 of 100 steps gives 1 - 0.9 * 5 / 100."""

    def goal(limit: int | None) -> float:
        vector = CheckedVector(spec_of("MiniGrid-Empty-5x5-v0", limit), 1, seed=1)
        vector.reset()
        return float(sum(vector.step(np.array([action]))[1][0] for action in (2, 2, 1, 2, 2)))

    assert goal(None) == goal(50) == pytest.approx(1 - 0.9 * 5 / 100)


def test_a_mission_is_read_as_words():
    """EnvPool gives its bytes."""
    vector = CheckedVector(spec_of("MiniGrid-DoorKey-5x5-v0"), 2, seed=1)
    frame_EO = random_play(vector, 5)[-1][0]
    parts = {part.name: part for part in vector.spec.layout.parts}
    assert {name: (part.kind, part.shape) for name, part in parts.items()} == {
        "image": ("numbers", (7, 7, 3)),
        "direction": ("indices", (1,)),
        "mission": ("words", (48,)),
    }
    mission_EL = vector.spec.layout.parts_of(frame_EO)[list(parts).index("mission")]
    expected = tokens("use the key to open the door and then get to the goal")
    assert mission_EL[:, : len(expected)].tolist() == [expected.tolist()] * 2
    assert not mission_EL[:, len(expected) :].any()


def test_missions_change_with_episodes():
    """Rows whose bytes changed are read again."""
    vector = CheckedVector(spec_of("BabyAI-GoToLocal-v0", 8), 3, seed=1)
    place = [part.name for part in vector.spec.layout.parts].index("mission")
    frame, *outputs = random_play(vector, 100)
    before, ended_E, seen = vector.spec.layout.parts_of(frame[0])[place], np.zeros(3, np.bool_), set()
    for frame_EO, _, terminated_E, truncated_E in outputs:
        mission_EL = vector.spec.layout.parts_of(frame_EO)[place]
        assert not ((mission_EL != before).any(1) & ~ended_E).any()
        before, ended_E = mission_EL, terminated_E | truncated_E
        seen |= {row.tobytes() for row in mission_EL}
    assert len(seen) > 10


def test_masks_among_the_observations_are_kept_to():
    """Jumanji's environments have them."""
    spec = spec_of("Snake-v1", reading=FAMILIES["Snake-v1"])
    assert spec.layout.mask is not None
    allowed_EA = spec.layout.allowed(CheckedVector(spec, 3, seed=1).reset())
    assert allowed_EA is not None
    assert allowed_EA.any(1).all()


@pytest.mark.parametrize(
    ("env", "limit"),
    [
        ("CartPole-v1", 500),
        ("MiniGrid-DoorKey-5x5-v0", 250),
        ("BabyAI-GoToLocal-v0", 10_000),
        ("Blackjack-v1", 10_000),
    ],
)
def test_declared_limits_that_are_none_are_none(env: str, limit: int):
    """0 and the largest int32 stand for none, and the default takes their place, with a remark."""
    report = report_of(env)
    assert report.max_episode_steps == limit
    assert [remark[:20] for remark in report.remarks] == ["names no time limit:"] * (limit == 10_000)


def test_a_limit_is_found_under_the_same_id_in_gymnasium():
    """Where EnvPool has none."""
    assert own_limit("Acrobot-v1", 2**31 - 1) == own_limit("Acrobot-v1", None) == 500
    assert (own_limit("Acrobot-v1", 7), own_limit("Nowhere-v1", 0)) == (7, None)


def test_bounds_that_mean_none_are_infinite():
    """C++'s smallest float above 0 is not the lowest of all."""
    tiny, largest = np.finfo(np.float32).tiny, np.finfo(np.float32).max
    space = sane_observation_space(spaces.Dict({"a": spaces.Box(tiny, largest, (2,), np.float32)}))
    assert space == spaces.Dict({"a": spaces.Box(-np.inf, np.inf, (2,), np.float32)})
    kept = spaces.Box(np.array([-1, 0], np.float64), np.array([2, np.inf]), (2,), np.float64)
    assert sane_observation_space(kept) == kept
    assert isinstance(sane_observation_space(spaces.Box(0, 255, (9,), np.uint8), "mission"), PaddedText)
    assert sane_observation_space(spaces.Box(0, 255, (9,), np.uint8), "ram").shape == (9,)


def test_a_box_of_whole_numbers_is_choices():
    """In each of its dimensions."""
    space = sane_action_space(spaces.Box(np.array([0, -1]), np.array([3, 1]), (2,), np.int32))
    assert space == spaces.MultiDiscrete([4, 3], dtype=np.int32, start=[0, -1])
    assert sane_action_space(spaces.Box(-1, 1, (2,), np.float64)) == spaces.Box(-1, 1, (2,), np.float64)


def test_an_evaluation_lets_go_of_pools_that_are_used_up(monkeypatch: pytest.MonkeyPatch):
    """One of four episodes for each four; of the last ones as many as are left."""
    made: list[list[int]] = []
    make = source._made

    def noted(recipe: Recipe, seeds: list[int]) -> Any:
        made.append(seeds)
        return make(recipe, seeds)

    monkeypatch.setattr(source, "_made", noted)
    spec = spec_of("CartPole-v1", 6)
    made.clear()
    streams = CheckedEpisodes(spec, num_envs=4)
    width = streams.open(10)
    begun = width
    for stream in range(width):
        streams.begin(stream, 5 + stream)
    plays_E = np.ones(width, np.bool_)
    while plays_E.any():
        *_, terminated_E, truncated_E = streams.step(np.zeros(width, np.int64), plays_E)
        for stream in ((terminated_E | truncated_E) & plays_E).nonzero()[0].tolist():
            if begun < 10:
                streams.begin(stream, 5 + begun)
                begun += 1
            else:
                plays_E[stream] = False
        assert len(streams._streams._rounds) <= 2  # type: ignore[attr-defined]
    assert made == [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14]]
    streams.step(np.zeros(width, np.int64), plays_E)
    assert streams._streams._rounds == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("env", "env_kwargs", "words"),
    [
        (
            "CartPole-v7",
            {},
            "env: unknown environment 'envpool:CartPole-v7'; did you mean 'envpool:CartPole-v1'? ",
        ),
        (
            "ALE/Pong-v5",
            {},
            "env: unknown environment 'envpool:ALE/Pong-v5'; did you mean 'envpool:Pong-v5'? al",
        ),
        (
            "trunkline/Catch-v0",
            {},
            "env: unknown environment 'envpool:trunkline/Catch-v0'; Gymnasium has it: ta",
        ),
        (
            "CartPole-v1",
            {"seed": 3},
            "env_kwargs.seed: 3 is not allowed: trunkline keeps an argument of that na",
        ),
        (
            "CartPole-v1",
            {"num_envs": 3},
            "env_kwargs.num_envs: 3 is not allowed: trunkline keeps an argument o",
        ),
        (
            "Pong-v5",
            {"noop_max": 0},
            "env: environment 'envpool:Pong-v5' takes no noop_max of 0; tasks.task.env_kwargs.noop_max",
        ),
        (
            "CartPole-v1",
            {"wind": 3},
            "env: environment 'envpool:CartPole-v1' takes no argument 'wind'; tasks.ta",
        ),
        (
            "intersection-multi-agent-v0",
            {},
            "env: environment 'envpool:intersection-multi-agent-v0' is played by 2 pl",
        ),
    ],
)
def test_what_envpool_does_not_have_is_named(env: str, env_kwargs: dict[str, Any], words: str):
    """With what would do."""
    try:
        sentences = report_of(env, **env_kwargs).mistakes
    except TaskError as error:
        sentences = str(error).splitlines()
    assert len(sentences) == 1
    assert sentences[0].startswith(f"tasks.task.{words}")


@pytest.mark.parametrize("env", ["MiniGrid-DoorKey-5x5-v0", "Pong-v5"])
def test_gymnasiums_unknown_ids_are_found_in_envpool(env: str):
    """The sentence names what to write; so it does where what Gymnasium needs for an id is not installed."""
    if env.startswith("MiniGrid") and find_spec("minigrid"):
        pytest.skip("Gymnasium knows it here")
    with pytest.raises(TaskError, match=rf"EnvPool has it( too,)? as 'envpool:{env}'"):
        examine_environment("task", Recipe(env), Reading(), 1, 1)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    """With what to type."""
    for module in [name for name in sys.modules if name.split(".")[0] == "envpool"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "envpool", None)  # what Python takes for "not installed"
    with pytest.raises(TaskError) as raised:
        report_of("CartPole-v1")
    assert str(raised.value) == (
        "tasks.task.env: environment 'envpool:CartPole-v1' needs an extra that is not installed: "
        "pip install --editable '.[envpool]'"
    )


def test_a_missing_system_library_is_named(monkeypatch: pytest.MonkeyPatch):
    """Not every machine has what EnvPool draws with."""

    def fails() -> Any:
        raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr("tasks.sources.envpool.envpool_module", fails)
    with pytest.raises(TaskError, match=r"needs the system library libGL\.so\.1, .*apt-get install libgl1"):
        report_of("CartPole-v1")
