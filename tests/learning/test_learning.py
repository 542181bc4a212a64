"""Does it learn? Small tasks together in one network, against random play, over several seeds."""

import numpy as np
import pytest
import torch

from config.resolution import ResolvedRun
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec
from tests.support.keypad import ENV as KEYPAD
from tests.support.runs import tiny_run
from training.assembly import assemble
from training.local.runtime import LocalRuntime
from training.parts.parts import Parts
from training.status.progress import Outcome, Progress

EPISODES = 50
DRIFT = "tests.support.own_environments:trunkline-test/Drift-v0"


def random_returns(spec: TaskSpec) -> float:
    """Return the mean return of uniformly random play."""
    rng = np.random.default_rng(0)
    vector = CheckedVector(spec, EPISODES, seed=0)
    vector.reset()
    returns, running = np.zeros(EPISODES), np.ones(EPISODES, bool)
    while running.any():
        _, reward, terminated, truncated = vector.step(rng.integers(spec.choices.total, size=EPISODES))
        returns += reward * running
        running &= ~(terminated | truncated)
    vector.close()
    return float(returns.mean())


def train(seed: int, *overrides: str) -> tuple[Outcome, list[TaskSpec]]:
    """Train three small tasks in one process."""
    return train_run(
        tiny_run(
            f"seed={seed}",
            "tasks.catch.env=trunkline/Catch-v0",
            "tasks.catch.envs_per_actor=4",
            "stop_env_steps=40000",
            f"evaluation.episodes={EPISODES}",
            *overrides,
        )
    )


def train_run(run: ResolvedRun) -> tuple[Outcome, list[TaskSpec]]:
    """Train in one process, in one torch thread."""
    parts = Parts(run.config, run.specs)
    torch.set_num_threads(run.config.learner.threads)
    with LocalRuntime(parts) as runtime:
        return assemble(parts, runtime, parts.learner(), Progress()).run(), run.specs


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
        ["learner.value_scale=popart"],
        ["learner.loss=hl_gauss", "learner.value_scale=return_range", "network.dueling=true"],
        ["actors.exploration_max_duration=1"],
        [
            "replay.shards=3",
            "tasks.chain.actors=3",
            "tasks.identity.actors=2",
            "replay.selector=proportional",
        ],
        ["tasks.catch.frame_stack=2", "replay.n_step=1"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_every_option_learns(overrides: list[str]):
    """No option of the algorithm is there only in name: each still solves the three tasks."""
    outcome, _ = train(1, *overrides)
    assert outcome.reason == "solved"


def test_a_stack_of_frames_tells_what_a_single_one_does_not():
    """Which way a light drifts is seen in two frames: with a stack it is named, without one it is guessed."""
    means = []
    for stack in (2, 1):
        run = tiny_run(
            "tasks.chain=null",
            "tasks.identity=null",
            f"tasks.drift.env={DRIFT}",
            "tasks.drift.envs_per_actor=4",
            "tasks.drift.discount=0.5",
            f"tasks.drift.frame_stack={stack}",
            "stop_env_steps=10000",
            f"evaluation.episodes={EPISODES}",
        )
        outcome, _ = train_run(run)
        assert outcome.evaluation is not None
        means.append(outcome.evaluation.mean("drift"))
    assert means[0] > 18.0
    assert means[1] < 14.0


def test_without_reward_nothing_is_solved():
    """The instrument can fail: with rewards clipped to nothing the bounds are not reached."""
    clipped = [f"tasks.{task}.reward_clip=1e-9" for task in ("chain", "identity", "catch")]
    outcome, _ = train(1, *clipped, "stop_env_steps=8000")
    assert outcome.reason == "budget"


@pytest.mark.parametrize("overrides", [(), ("learner.loss=hl_gauss", "learner.value_scale=return_range")])
def test_words_pictures_and_two_dimensions_of_action_are_learned(overrides: tuple[str, ...]):
    """A keypad without masks pays 2.3 of 8 to random play, and 4 to whoever ignores one of the dimensions."""
    outcome, _ = train_run(
        tiny_run(
            f"tasks.keypad.env={KEYPAD}",
            "tasks.keypad.env_kwargs={mask: nowhere}",
            "tasks.keypad.discount=0.5",
            "tasks.keypad.solved_at=7.5",
            "tasks.keypad.envs_per_actor=4",
            "network.encoder_width=32",
            "network.trunk=[64]",
            "stop_env_steps=60000",
            f"evaluation.episodes={EPISODES}",
            *overrides,
        )
    )
    assert outcome.reason == "solved", outcome.evaluation
