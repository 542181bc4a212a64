"""Every source of environments keeps the same promises: shown with CartPole, which each of them has."""

import logging
from typing import Any

import numpy as np
import pytest

from tasks.environment import CheckedVector
from tasks.errors import EnvironmentFailureError
from tasks.inspection import examine_environment
from tests.support.builders import make_spec
from tests.support.cartpoles import CARTPOLES, CartPole, balances, begins, follows, has_fallen, played, same
from tests.support.greedy_episodes import greedy_returns
from tests.support.vector_environments import MODULE

every_source = pytest.mark.parametrize("source", CARTPOLES, ids=lambda source: source.name)


def random_actions(steps: int, num_envs: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(2, size=(steps, num_envs))


@every_source
def test_every_frame_belongs_to_its_episode(source: CartPole):
    """An episode's last frame is its own, the frame after it begins the next one, and all others follow."""
    limit = 20
    vector = CheckedVector(source.spec(limit), num_envs=5, seed=3)
    before, ended_E, age_E = vector.reset(), np.zeros(5, np.bool_), np.zeros(5, np.int64)
    assert begins(before).all()
    ends = np.zeros(2, np.int64)
    for action_E in random_actions(300, 5):
        frame, reward_E, terminated_E, truncated_E = vector.step(action_E)
        age_E = np.where(ended_E, 0, age_E + 1)
        assert np.where(ended_E, begins(frame), follows(before, frame)).all()
        assert reward_E.tolist() == (~ended_E).astype(float).tolist()
        assert terminated_E.tolist() == has_fallen(frame).tolist()
        assert (truncated_E & ~terminated_E).tolist() == ((age_E == limit) & ~terminated_E).tolist()
        ends += [terminated_E.sum(), (truncated_E & ~terminated_E).sum()]
        before, ended_E = frame, terminated_E | truncated_E
    assert (ends > 5).all(), "episodes ended in both ways"
    vector.close()


@every_source
@pytest.mark.parametrize("limit", [90, 640])
def test_the_tasks_time_limit_counts(source: CartPole, limit: int):
    """Be it shorter or longer than the environment's own, which is 500."""
    vector = CheckedVector(source.spec(limit), num_envs=2, seed=1)
    frame = vector.reset()
    ends = []
    for _ in range(limit):
        frame, _, terminated_E, truncated_E = vector.step(balances(frame))
        ends.append((bool(terminated_E.any()), bool(truncated_E.all())))
    assert ends == [(False, False)] * (limit - 1) + [(False, True)]
    vector.close()


@every_source
def test_seeds_repeat_and_streams_differ(source: CartPole):
    """Twice the same vector, reset or made anew, gives the same; another seed something else."""
    spec, actions = source.spec(), random_actions(120, 4)
    vector = CheckedVector(spec, 4, seed=7)
    first = played(vector, actions)
    assert len(np.unique(first[0][0], axis=0)) == 4
    assert same(first, played(vector, actions))
    assert same(first, played(CheckedVector(spec, 4, seed=7), actions))
    assert not same(first[:1], played(CheckedVector(spec, 4, seed=8), actions)[:1])
    assert np.array_equal(vector.reset(8), CheckedVector(spec, 4, seed=8).reset())
    assert np.array_equal(vector.reset(), CheckedVector(spec, 4, seed=8).reset()), "the seed stays"


@every_source
def test_stream_e_has_the_seed_plus_e(source: CartPole):
    """Gymnasium's own vector of CartPole has one generator for all of its streams."""
    spec = source.spec()
    frames = [CheckedVector(spec, 3, seed).reset() for seed in (5, 6)]
    assert np.array_equal(frames[0][1:], frames[1][:-1]) == source.seeds_each


@every_source
def test_an_action_after_an_end_is_ignored(source: CartPole):
    """Whatever it is, what comes next is the same."""
    spec, actions = source.spec(12), random_actions(60, 4)
    first = played(CheckedVector(spec, 4, seed=2), actions)
    ended = np.array([terminated | truncated for _, _, terminated, truncated in first[1:]])
    assert ended.any()
    actions[1:] ^= ended[:-1]
    assert same(first, played(CheckedVector(spec, 4, seed=2), actions))


@every_source
def test_frames_are_fresh_and_of_the_tasks_dtype(source: CartPole):
    """Whoever keeps them keeps what they were."""
    vector = CheckedVector(source.spec(), 3, seed=1)
    outputs = played(vector, random_actions(40, 3))
    copies = [tuple(array.copy() for array in output) for output in outputs]
    for action_E in random_actions(40, 3, seed=1):
        vector.step(action_E)
    assert same(outputs, copies)
    dtypes = {tuple((array.dtype.name, array.shape) for array in output) for output in outputs[1:]}
    assert dtypes == {(("float32", (3, 4)), ("float64", (3,)), ("bool", (3,)), ("bool", (3,)))}


class Falls:
    """A policy that pushes to one side, whichever the pole leans to at first."""

    def action_values(self, obs_EO: Any, first_E: Any) -> np.ndarray:  # noqa: ARG002 - it remembers nothing
        return np.stack([0.3 * obs_EO[:, 0] - obs_EO[:, 2], np.zeros(len(obs_EO))], 1).astype(np.float32)


@every_source
def test_an_episode_is_the_same_alone_and_among_others(source: CartPole):
    """Episode i begins with seed + i, each is played to its end, and none counts twice."""
    spec = source.spec(60)
    alone = [greedy_returns(spec, Falls(), 1, seed=11 + episode).undiscounted[0] for episode in range(9)]
    assert len(set(alone)) > 3
    for num_envs in (1, 2, 4):
        assert alone == greedy_returns(spec, Falls(), 9, seed=11, num_envs=num_envs).undiscounted


@every_source
def test_episodes_begin_as_streams_of_their_seeds_do(source: CartPole):
    """What is evaluated is what is trained on: the same returns from a stream that plays one episode."""
    spec, returns = source.spec(60), []
    for seed in (11, 12):
        vector, total, ended = CheckedVector(spec, 1, seed), 0.0, False
        frame = vector.reset()
        while not ended:
            frame, reward_E, *ends = vector.step(Falls().action_values(frame, None).argmax(1))
            total, ended = total + reward_E[0], bool(np.any(ends))
        returns.append(total)
    assert returns == greedy_returns(spec, Falls(), 2, seed=11).undiscounted


@every_source
def test_an_environment_is_inspected_and_tried(source: CartPole):
    """A pool of one stands for a single environment, across the ends of episodes."""
    spec = source.spec()
    report = examine_environment("pole", spec.recipe, spec.reading, instances=2, seed=1)
    assert (report.layout, report.choices) == (spec.layout, spec.choices)
    assert (report.max_episode_steps, report.remarks, report.mistakes) == (500, [], [])


def bad(wrong: str, **env_kwargs: Any) -> CheckedVector:
    spec = make_spec("maze", (2,), env=f"vector:{MODULE}:Bad", env_kwargs={"wrong": wrong, **env_kwargs})
    return CheckedVector(spec, 2, seed=1)


def step_often(vector: CheckedVector) -> None:
    for _ in range(7):
        vector.step(np.zeros(2, np.int64))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("observation", "returned an observation that is not finite (nan)"),
        ("reward", "returned a reward that is not finite (inf)"),
        ("rows", "returned an observation of shape (1, 2) for 2 streams; its first axis should be theirs"),
        (
            "rewards",
            "returned rewards of shape (2, 1) and dtype float64; they should be 2 numbers, one a str",
        ),
        ("ends", "returned terminated of shape (2,) and dtype int64; it should be 2 booleans, one a stream"),
        ("dtype", "returned an observation of dtype complex64, but declares float32"),
        ("raises", "raised in step: RuntimeError: the simulator is lost"),
    ],
)
def test_what_a_pool_does_wrong_is_one_sentence(wrong: str, words: str):
    """It names the task, the environment and what happened."""
    vector = bad(wrong)
    vector.reset()
    with pytest.raises(EnvironmentFailureError) as raised:
        step_often(vector)
    assert str(raised.value).startswith(f"task 'maze': environment 'vector:{MODULE}:Bad' {words}")


def test_a_vector_that_does_not_say_how_episodes_end_is_refused():
    """Nobody can tell what it shows there."""
    with pytest.raises(
        EnvironmentFailureError, match=r"has None as metadata\[\"autoreset_mode\"\]; it should"
    ):
        bad("mode")


def test_a_vector_that_resets_other_streams_is_refused():
    """At the task's limit only the stream that is cut begins anew."""
    vector = bad("nothing", mode="SameStep")
    vector.reset()
    vector._streams._age_E[0] = 5  # type: ignore[attr-defined]
    with pytest.raises(EnvironmentFailureError, match="reset streams that were not asked for"):
        step_often(vector)


def test_what_closing_raises_is_a_warning(caplog: pytest.LogCaptureFixture):
    """A run has ended by then."""
    vector = bad("close")
    with caplog.at_level(logging.WARNING):
        vector.close()
    assert caplog.messages == [
        f"task 'maze': environment 'vector:{MODULE}:Bad' raised in close: RuntimeError: it cannot be closed"
    ]
