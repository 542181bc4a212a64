"""Frame stacks against Gymnasium's own, from the actor's side and through a real table."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.wrappers import FrameStackObservation
from numpy.typing import NDArray

from actors.exploration import Exploration
from actors.fragment_writer import ActorIdentity, FragmentWriter
from actors.frame_stack import FrameStack
from actors.policy import TaskPolicy
from actors.rollout import Rollout
from learner.batch_source import split_windows
from network.weights import WeightsLayout
from replay.fragment import FragmentBlock
from replay.messages import Sampled
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY
from replay.selectors.uniform import Uniform
from replay.windows import window_length
from replay.wire import encode_block
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec
from tests.support.builders import FREELY, make_shard
from tests.support.greedy_episodes import greedy_returns
from tests.support.learning_builders import make_network, tiny_config
from tests.support.own_environments import MODULE as OWN
from tests.support.resolution import resolve_specs

STREAMS, STARTS = 3, 6
ENDINGS: dict[str, dict[str, Any]] = {
    "terminated": {"env": "trunkline/Catch-v0"},
    "truncated": {"env": "trunkline/Catch-v0", "max_episode_steps": 5},
    "short": {"env": "trunkline/Catch-v0", "env_kwargs": {"rows": 3}},
    "vectors": {"env": "CartPole-v1", "max_episode_steps": 30},
}
"""Episodes that end in each way, one kind of them shorter than the longest stack."""


def stacked_spec(kind: str, stack: int) -> TaskSpec:
    return resolve_specs(tiny_config(tasks={"task": {**ENDINGS[kind], "frame_stack": stack}}))[0]


def gymnasium_stacks(spec: TaskSpec, seed: int, actions: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the stack that Gymnasium shows at each row of a stream; after an end actions are ignored."""
    env = gymnasium.make(spec.env, max_episode_steps=spec.max_episode_steps, **dict(spec.env_kwargs))
    stacked = FrameStackObservation(env, spec.frame_stack, padding_type="reset")
    observation, _ = stacked.reset(seed=seed)
    ended = False
    for action in actions:
        yield observation.copy()
        if ended:
            (observation, _), ended = stacked.reset(), False
        else:
            observation, _, terminated, truncated, _ = stacked.step(action)
            ended = terminated or truncated
    env.close()


@pytest.mark.parametrize("stack", [2, 3, 4])
@pytest.mark.parametrize("kind", ENDINGS)
def test_observations_are_gymnasiums_stacks(kind: str, stack: int):
    """Through beginnings and ends of many episodes, stream by stream."""
    spec = stacked_spec(kind, stack)
    vector = CheckedVector(spec, STREAMS, seed=5)
    frames, ended = FrameStack(stack, vector.reset()), np.zeros(STREAMS, bool)
    rng = np.random.default_rng(0)
    actions = rng.integers(spec.choices.total, size=(80, STREAMS))
    found, ends = [], 0
    for action in actions:
        found.append(frames.observations.copy())
        frame, _, terminated, truncated = vector.step(action)
        frames.push(frame, first_E=ended)
        ended = terminated | truncated
        ends += int(ended.sum())
    vector.close()
    assert ends > 5
    for stream in range(STREAMS):
        expected = list(gymnasium_stacks(spec, 5 + stream, actions[:, stream]))
        np.testing.assert_array_equal(np.array(found)[:, stream], expected)


def test_a_stack_of_one_is_the_frame_itself():
    """No axis is added where there is nothing to stack."""
    first, second = np.zeros((2, 4, 5), np.uint8), np.ones((2, 4, 5), np.uint8)
    frames = FrameStack(1, first)
    np.testing.assert_array_equal(frames.observations, first)
    np.testing.assert_array_equal(frames.push(second, np.array([True, False])), second)


def test_observations_handed_out_stay_as_they_were():
    """A later frame makes a new array: whoever kept the last one still has it."""
    frames = FrameStack(2, np.zeros((1, 3), np.float32))
    before = frames.push(np.ones((1, 3), np.float32), np.array([False]))
    kept = before.copy()
    frames.push(np.full((1, 3), 2.0, np.float32), np.array([True]))
    np.testing.assert_array_equal(before, kept)


def roll_out(
    spec: TaskSpec, returns: ReturnSpec, count: int, epsilon: float = 1.0
) -> tuple[list[FragmentBlock], TaskPolicy]:
    network = make_network([spec])
    policy = TaskPolicy(network, spec.name)
    policy.load(WeightsLayout(network).snapshot(network))
    exploration = Exploration(np.full(STREAMS, epsilon), spec.choices, 1, 2.0, np.random.default_rng(3))
    writer = FragmentWriter(spec, ActorIdentity("task-0", 0), STREAMS, STARTS, returns)
    rollout = Rollout(CheckedVector(spec, STREAMS, seed=7), policy, exploration, writer)
    blocks = [rollout.next_block() for _ in range(count)]
    rollout.close()
    return [block for block in blocks if block is not None], policy


def stacks_of(spec: TaskSpec, blocks: list[FragmentBlock]) -> NDArray[Any]:
    """Replay the blocks' actions in Gymnasium: (E, rows, stack, *frame_shape), row 0 a stream's first."""
    lead, starts = blocks[0].lead, blocks[0].num_starts
    parts = [blocks[0].rows["actions"][:, lead:]]
    parts += [block.rows["actions"][:, block.rows["actions"].shape[1] - starts :] for block in blocks[1:]]
    actions = np.concatenate(parts, axis=1)
    return np.array([list(gymnasium_stacks(spec, 7 + stream, actions[stream])) for stream in range(STREAMS)])


@pytest.mark.parametrize("n_step", [1, 2, 5])
@pytest.mark.parametrize(("kind", "stack"), [("terminated", 3), ("truncated", 3), ("short", 4)])
def test_what_a_table_gives_back_are_gymnasiums_stacks(kind: str, stack: int, n_step: int):
    """Each frame is sent once; both observations of each transition come out as Gymnasium stacks them."""
    spec, returns = stacked_spec(kind, stack), ReturnSpec(n_step, 0.9)
    blocks, _ = roll_out(spec, returns, 12)
    stacks = stacks_of(spec, blocks)
    num_rows = 12 * blocks[0].rows["actions"].size
    shard = make_shard(
        ("task",),
        num_rows=num_rows,
        selector=Uniform(num_rows),
        frame_shape=spec.frame_shape,
        frame_dtype=spec.frame_dtype,
        frame_stack=stack,
        returns=returns,
    )
    for block in blocks:
        shard.insert(encode_block(block))
    sampled = shard.sample("task", 3000, FREELY)
    assert isinstance(sampled, Sampled)
    assert sampled.columns["windows"].shape[1] == window_length(stack, n_step)
    obs, next_obs = split_windows(
        torch.from_numpy(sampled.columns["windows"]), sampled.columns["bootstrap_starts"], stack
    )
    rows_of_fragment = blocks[0].rows["actions"].shape[1]
    fragments, places = np.divmod(sampled.keys, rows_of_fragment)
    sequences, streams = np.divmod(fragments, STREAMS)
    rows = sequences * STARTS + places - (stack - 1)
    np.testing.assert_array_equal(obs.numpy(), stacks[streams, rows])
    flags = np.array([block.flags for block in blocks])
    for number in range(len(rows)):
        if sampled.columns["discounts_n"][number] > 0:
            fragment = flags[sequences[number], streams[number], places[number] :]
            ends = np.flatnonzero(fragment)
            steps = min(n_step, int(ends[0]) + 1 if len(ends) else n_step, len(fragment) - 1)
            expected = stacks[streams[number], rows[number] + steps]
            np.testing.assert_array_equal(next_obs[number].numpy(), expected)
    assert len(np.unique(sampled.keys)) == shard.stats().tables["task"].items


def test_a_stacked_rollout_acts_by_its_stacks():
    """With epsilon 0 each action is the argmax over the values of the stack that Gymnasium shows."""
    spec = stacked_spec("terminated", 3)
    blocks, policy = roll_out(spec, ReturnSpec(2, 0.9), 6, epsilon=0.0)
    assert spec.observation_shape == (3, 10, 5)
    stacks = stacks_of(spec, blocks)
    for sequence, block in enumerate(blocks):
        starts = slice(block.lead, block.lead + STARTS)
        is_start = (block.flags[:, starts] & BOUNDARY) == 0
        values = policy.action_values(
            stacks[:, sequence * STARTS : (sequence + 1) * STARTS].reshape(-1, *spec.observation_shape),
            np.ones(STREAMS * STARTS, np.bool_),
        )
        greedy = values.argmax(1).reshape(STREAMS, STARTS)
        np.testing.assert_array_equal(greedy[is_start], block.rows["actions"][:, starts][is_start])


class SeesDrift:
    """Names where the light went between the last two frames; where they are the same, what it is told to."""

    def __init__(self, right_at_first: bool = False) -> None:
        self._right_at_first = right_at_first

    def action_values(self, obs_ESO: NDArray[np.uint8], first_E: NDArray[np.bool_]) -> NDArray[np.float32]:
        cells = obs_ESO[:, -2:].argmax(-1)
        went_right = (cells[:, 1] - cells[:, 0]) % obs_ESO.shape[-1] == 1
        assert (cells[first_E, 0] == cells[first_E, 1]).all()
        went_right |= first_E & self._right_at_first
        return np.stack([~went_right, went_right], axis=1).astype(np.float32)


class RemembersDrift:
    """The same of single frames: the one before is remembered, for as long as the episode lasts.

    In the first step of an episode it goes to the right.
    """

    def __init__(self) -> None:
        self._before_E: NDArray[np.int64] | None = None

    def action_values(self, obs_EO: NDArray[np.uint8], first_E: NDArray[np.bool_]) -> NDArray[np.float32]:
        cell_E = obs_EO.argmax(-1)
        if self._before_E is None:
            assert first_E.all()
            self._before_E = cell_E
        before_E = np.where(first_E, cell_E - 1, self._before_E)
        self._before_E = cell_E
        went_right = (cell_E - before_E) % obs_EO.shape[-1] == 1
        return np.stack([~went_right, went_right], axis=1).astype(np.float32)


@pytest.mark.parametrize("stack", [2, 3])
def test_greedy_evaluation_stacks_frames(stack: int):
    """Who needs two frames to be right is right in every step but, at times, the first of an episode."""
    env = f"{OWN}:trunkline-test/Drift-v0"
    (spec,) = resolve_specs(tiny_config(tasks={"drift": {"env": env, "frame_stack": stack}}))
    returns = greedy_returns(spec, SeesDrift(), 40, seed=11)
    assert set(returns.undiscounted) == {19.0, 20.0}


@pytest.mark.parametrize("num_envs", [1, 5, 40])
def test_a_policy_with_a_memory_is_evaluated(num_envs: int):
    """It remembers within an episode and never from one to the next: it does what stacks of frames do."""
    env = f"{OWN}:trunkline-test/Drift-v0"
    drift, stacked = (
        resolve_specs(tiny_config(tasks={"drift": {"env": env, "frame_stack": stack}}))[0] for stack in (1, 2)
    )
    remembered = greedy_returns(drift, RemembersDrift(), 40, seed=11, num_envs=num_envs)
    shown = greedy_returns(stacked, SeesDrift(right_at_first=True), 40, seed=11)
    assert remembered == shown
    assert set(shown.undiscounted) == {19.0, 20.0}


def test_a_stacked_block_holds_each_frame_once():
    """A fragment has as many frames as rows: stack - 1 before its starts, n_step after them."""
    spec = stacked_spec("terminated", 3)
    blocks, _ = roll_out(spec, ReturnSpec(2, 0.9), 3)
    for block in blocks:
        assert block.rows["frames"].shape == (STREAMS, 2 + STARTS + 2, 10, 5)
        assert block.rows["frames"].dtype == np.uint8
    assert (blocks[0].flags[:, :2] == BOUNDARY).all()
    assert len(encode_block(blocks[1])) < 3 * STREAMS * (STARTS + 4) * 50
