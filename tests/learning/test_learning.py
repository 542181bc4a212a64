"""Does it learn? Small tasks together in one network, against random play, over several seeds."""

import time

import numpy as np
import pytest

from deploy.local_runtime import LocalRuntime
from deploy.parts import Parts
from deploy.progress import Outcome, Progress
from deploy.reporting import Reporter
from deploy.training import Training
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec
from tests.support.runs import tiny_run

EPISODES = 50


def random_returns(spec: TaskSpec) -> float:
    """Return the mean return of uniformly random play."""
    rng = np.random.default_rng(0)
    vector = CheckedVector(spec, EPISODES, seed=0)
    vector.reset()
    returns, running = np.zeros(EPISODES), np.ones(EPISODES, bool)
    while running.any():
        _, reward, terminated, truncated = vector.step(rng.integers(spec.num_actions, size=EPISODES))
        returns += reward * running
        running &= ~(terminated | truncated)
    vector.close()
    return float(returns.mean())


def train(seed: int, *overrides: str) -> tuple[Outcome, list[TaskSpec]]:
    """Train three small tasks in one process."""
    run = tiny_run(
        f"seed={seed}",
        "tasks.catch.env=trunkline/Catch-v0",
        "tasks.catch.envs_per_actor=4",
        "stop_env_steps=40000",
        f"evaluation.episodes={EPISODES}",
        *overrides,
    )
    parts = Parts(run.config, run.specs)
    with LocalRuntime(parts) as runtime:
        reporter = Reporter(run.config, Progress(), 0, [], time.perf_counter)
        source = parts.batch_source(runtime.client)
        training = Training(
            run.config, runtime, parts.learner(), source, reporter, lambda *_: None, Progress()
        )
        return training.run(), run.specs


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_network_solves_three_tasks(seed: int):
    """Chain, identity and catch, each to its bound, confirmed, and far above random play."""
    outcome, specs = train(seed)
    assert outcome.reason == "solved"
    assert outcome.evaluation is not None
    for spec in specs:
        assert spec.solved_at is not None
        margin = 0.5 * (spec.solved_at - random_returns(spec))
        assert outcome.evaluation.mean(spec.name) > random_returns(spec) + margin


@pytest.mark.parametrize(
    "overrides",
    [
        ["replay.selector=proportional"],
        ["network.dueling=true", "learner.double=false"],
        ["learner.loss=squared", "learner.target_rate=0.02"],
        ["actors.exploration_max_duration=1"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_every_option_learns(overrides: list[str]):
    """No option of the algorithm is there only in name: each still solves the three tasks."""
    outcome, _ = train(1, *overrides)
    assert outcome.reason == "solved"


def test_without_reward_nothing_is_solved():
    """The instrument can fail: with rewards clipped to nothing the bounds are not reached."""
    clipped = [f"tasks.{task}.reward_clip=1e-9" for task in ("chain", "identity", "catch")]
    outcome, _ = train(1, *clipped, "stop_env_steps=8000")
    assert outcome.reason == "budget"
