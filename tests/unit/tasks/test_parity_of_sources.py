"""EnvPool beside the Python originals: the same parts, and random play that comes to the same."""

import gymnasium
import numpy as np
import pytest

from tasks.environment import CheckedVector
from tasks.inspection import EnvironmentReport, inspect_environment
from tasks.recipe import Recipe
from tasks.spec import TaskSpec

envpool = pytest.importorskip("envpool", reason="needs the extra envpool: pip install '.[envpool]'")

STREAMS, PICKED_UP = 20, 4


def looked_at(env: str) -> EnvironmentReport:
    return inspect_environment("task", Recipe(env))


def random_returns(env: str, episodes: int) -> np.ndarray:
    """Return those of the first episodes of each stream, so that long ones are not left out."""
    report = looked_at(env)
    spec = TaskSpec("task", env, report.layout, report.choices, report.max_episode_steps)
    vector, rng = CheckedVector(spec, STREAMS, seed=1), np.random.default_rng(0)
    vector.reset()
    returns: list[list[float]] = [[0.0] for _ in range(STREAMS)]
    while min(map(len, returns)) <= episodes // STREAMS:
        _, reward_E, terminated_E, truncated_E = vector.step(
            spec.choices.best(rng.random((STREAMS, spec.choices.total)))
        )
        for stream in range(STREAMS):
            returns[stream][-1] += reward_E[stream]
            if terminated_E[stream] or truncated_E[stream]:
                returns[stream].append(0.0)
    vector.close()
    return np.array([each[: episodes // STREAMS] for each in returns]).reshape(-1)


@pytest.mark.parametrize(
    ("original", "name", "module", "episodes"),
    [
        ("CartPole-v1", "CartPole-v1", "gymnasium", 1_000),
        ("FrozenLake-v1", "FrozenLake-v1", "gymnasium", 600),
        ("LunarLander-v3", "LunarLander-v3", "Box2D", 200),
        ("minigrid:MiniGrid-DoorKey-5x5-v0", "MiniGrid-DoorKey-5x5-v0", "minigrid", 80),
    ],
)
def test_random_play_comes_to_the_same(original: str, name: str, module: str, episodes: int):
    """The difference of the means is within three of its standard errors, and the parts are the same."""
    pytest.importorskip(module, reason=f"needs the Python original: pip install {module.lower()}")
    reports = [looked_at(env) for env in (original, f"envpool:{name}")]
    kinds = [
        {(part.name, part.kind, part.dtype, part.sizes) for part in report.layout.parts} for report in reports
    ]
    assert kinds[0] == kinds[1]
    assert reports[0].choices == reports[1].choices
    first, second = (random_returns(env, episodes) for env in (original, f"envpool:{name}"))
    assert abs(first.mean() - second.mean()) < 3 * np.hypot(first.std(), second.std()) / np.sqrt(episodes)
    assert first.std() > 0


def test_taxi_drives_alike_and_starts_more_easily():
    """Transitions are the original's; in a quarter of EnvPool's starts the passenger has arrived."""
    vector = CheckedVector(
        TaskSpec(
            "taxi", "envpool:Taxi-v3", (report := looked_at("envpool:Taxi-v3")).layout, report.choices, 200
        ),
        200,
        seed=1,
    )
    table = gymnasium.make("Taxi-v4").unwrapped.P  # type: ignore[attr-defined]
    state_E = first_E = vector.reset()[:, 0].astype(np.int64)
    rng, ended_E = np.random.default_rng(0), np.zeros(200, np.bool_)
    for step in range(150):
        action_E = rng.integers(6, size=200)
        frame_EO, reward_E, terminated_E, truncated_E = vector.step(action_E)
        for stream in (~ended_E).nonzero()[0].tolist():
            (_, following, reward, terminated), *_ = table[int(state_E[stream])][int(action_E[stream])]
            found = frame_EO[stream, 0], reward_E[stream], terminated_E[stream]
            assert found == (following, reward, terminated), step
        state_E, ended_E = frame_EO[:, 0].astype(np.int64), terminated_E | truncated_E
    passenger_E, destination_E = first_E // 4 % 5, first_E % 4
    assert (passenger_E != PICKED_UP).all()
    assert 0.15 < (passenger_E == destination_E).mean() < 0.35
    original = gymnasium.make("Taxi-v4")
    firsts = np.array([original.reset(seed=seed)[0] for seed in range(200)])
    assert not (firsts // 4 % 5 == firsts % 4).any()
