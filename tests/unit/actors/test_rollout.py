"""Rollouts of real environments: what a shard receives is what happened."""

import math
from collections.abc import Callable
from itertools import count as counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from actors.exploration import Exploration
from actors.fragment_writer import ActorIdentity, FragmentWriter
from actors.policy import TaskPolicy
from actors.rollout import BLOCK_SECONDS, Rollout
from network.weights import ValueMap, WeightsLayout
from replay.fragment import FragmentBlock
from replay.messages import Inserted, Sampled
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY, LIFE_LOST, SENT, TERMINATED, TRUNCATED
from replay.wire import encode_block
from tasks.choices import Choices
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec
from tests.support.builders import FREELY, make_shard
from tests.support.learning_builders import make_network, tiny_config
from tests.support.odd_environments import odd
from tests.support.resolution import resolve_specs
from tests.support.wrapped_environments import wrapper

ENVS = {"catch": "trunkline/Catch-v0", "chain": "trunkline/Chain-v0", "identity": "trunkline/Identity-v0"}
RETURNS = ReturnSpec(3, 0.9)


def spec_of(name: str) -> TaskSpec:
    return resolve_specs(tiny_config(tasks={name: {"env": ENVS[name]}}))[0]


def make_rollout(
    spec: TaskSpec,
    epsilon: float = 0.5,
    streams: int = 3,
    seed: int = 0,
    clock: Callable[[], float] | None = None,
) -> Rollout:
    network = make_network([spec])
    policy = TaskPolicy(network, spec.name)
    policy.load(WeightsLayout(network).snapshot(network))
    rng = np.random.default_rng(seed)
    exploration = Exploration(np.full(streams, epsilon), spec.choices, 3, 2.0, rng)
    writer = FragmentWriter(spec, ActorIdentity(f"{spec.name}-0", 0), streams, 8, RETURNS)
    return Rollout(CheckedVector(spec, streams, seed), policy, exploration, writer, clock)


def blocks_of(rollout: Rollout, count: int) -> list[FragmentBlock]:
    blocks = [block for block in (rollout.next_block() for _ in range(count)) if block is not None]
    rollout.close()
    assert len(blocks) == count
    return blocks


@pytest.mark.parametrize("name", ENVS)
def test_a_real_shard_takes_every_block(name):
    """Shapes, dtypes, priorities and accounting of each built-in environment agree with its table."""
    spec = spec_of(name)
    shard = make_shard(
        (name,),
        num_rows=4000,
        frame_shape=spec.frame_shape,
        frame_dtype=spec.frame_dtype,
        returns=RETURNS,
    )
    for block in blocks_of(make_rollout(spec), 30):
        assert shard.insert(encode_block(block)) == Inserted(int(block.starts().sum()), 0)
    assert shard.problem() is None
    stats = shard.stats().tables[name]
    assert stats.episodes > 5
    assert isinstance(shard.sample(name, 64, FREELY), Sampled)


@pytest.mark.parametrize(("name", "flag"), [("catch", TERMINATED), ("identity", TRUNCATED)])
def test_ends_are_told_apart_and_followed_by_a_boundary(name, flag):
    """Catch dies, Identity runs into its time limit; the row after holds the last observation."""
    blocks = blocks_of(make_rollout(spec_of(name), epsilon=1.0), 12)
    flags = np.concatenate([block.flags[:, : block.num_starts] for block in blocks], axis=1)
    assert set(np.unique(flags).tolist()) == {0, flag, BOUNDARY}
    ends = flags[:, :-1] == flag
    assert (flags[:, 1:][ends] == BOUNDARY).all()
    assert int((flags[:, 1:] == BOUNDARY).sum()) == int(ends.sum())


def test_a_boundary_row_holds_the_last_observation_and_the_next_row_a_fresh_one():
    """On the chain the row after a death shows an end of the chain, and the one after it cell 1."""
    blocks = blocks_of(make_rollout(spec_of("chain"), epsilon=1.0), 12)
    flags = np.concatenate([block.flags[:, : block.num_starts] for block in blocks], axis=1)
    cells = np.concatenate([block.rows["frames"][:, : block.num_starts] for block in blocks], axis=1).argmax(
        -1
    )
    streams, rows = np.nonzero(flags[:, :-1] == BOUNDARY)
    assert len(streams) > 10
    assert set(cells[streams, rows].tolist()) <= {0, 7}
    assert set(cells[streams, rows + 1].tolist()) == {1}


def test_rewards_actions_and_observations_of_a_row_belong_together():
    """On Identity the reward is 1 exactly where the action names the symbol that the row shows."""
    blocks = blocks_of(make_rollout(spec_of("identity"), epsilon=1.0), 12)
    for block in blocks:
        real = (block.flags & BOUNDARY) == 0
        named = block.rows["frames"].argmax(-1) == block.rows["actions"]
        np.testing.assert_array_equal(block.rows["rewards"][real], named[real].astype(np.float32))
        assert 0 < named[real].mean() < 1


def test_greedy_rollouts_take_the_best_action_by_the_policy():
    """With epsilon 0 each action is the argmax of the action values of its row."""
    spec = spec_of("identity")
    network = make_network([spec])
    rollout = make_rollout(spec, epsilon=0.0)
    policy = TaskPolicy(network, spec.name)
    for block in blocks_of(rollout, 4):
        flat = block.rows["frames"].reshape(-1, *spec.observation_shape)
        values = policy.action_values(flat, np.ones(len(flat), np.bool_))
        np.testing.assert_array_equal(values.argmax(1), block.rows["actions"].reshape(-1))


def rows_of(**task: Any) -> tuple[list[FragmentBlock], NDArray[np.float32], NDArray[np.uint8]]:
    """Return blocks of a task, and rewards and flags of all rows once."""
    (spec,) = resolve_specs(tiny_config(tasks={"task": task}))
    blocks = blocks_of(make_rollout(spec), 8)
    rewards, flags = (
        np.concatenate([block.rows[name][:, : block.num_starts] for block in blocks], axis=1)
        for name in ("rewards", "flags")
    )
    return blocks, rewards, flags


def test_rows_hold_what_wrappers_pay_and_episodes_return_what_the_environment_does():
    """Ten a step for the learner; ten of one in an episode's return."""
    blocks, rewards, flags = rows_of(env=odd("Steady"), wrappers=[wrapper("Tenfold")])
    assert set(rewards[flags != BOUNDARY].tolist()) == {10.0}
    returns = np.concatenate([block.episode_returns for block in blocks]).tolist()
    assert len(returns) > 10
    assert set(returns) == {10.0}


@pytest.mark.parametrize("asked", [True, False])
def test_lost_lives_are_marked_where_they_end_returns_and_episodes_go_on(asked: bool):
    """Every fourth step of twelve; the return is that of all three lives."""
    blocks, _, flags = rows_of(env=wrapper("ThreeLives"), life_loss=asked)
    of_episode = [0, 0, 0, LIFE_LOST, 0, 0, 0, LIFE_LOST, 0, 0, 0, LIFE_LOST | TERMINATED, BOUNDARY]
    expected = of_episode if asked else [flag & ~LIFE_LOST for flag in of_episode]
    assert flags[0, :26].tolist() == expected * 2
    assert set(np.concatenate([block.episode_returns for block in blocks]).tolist()) == {12.0}


class Counting:
    """A policy with a memory: how many observations of its episode each stream has shown before this one."""

    version = 0
    value_map = ValueMap()

    def __init__(self) -> None:
        self._age_E: NDArray[np.int64] | None = None
        self.ages: list[NDArray[np.int64]] = []

    def action_values(self, obs_EO: NDArray[Any], first_E: NDArray[np.bool_]) -> NDArray[np.float32]:
        if first_E.all():
            self._age_E = np.zeros(len(obs_EO), np.int64)
        assert self._age_E is not None
        self._age_E = np.where(first_E, 0, self._age_E + 1)
        self.ages.append(self._age_E)
        return np.zeros((len(obs_EO), 3), np.float32)


@pytest.mark.parametrize("name", ["catch", "identity"])
def test_a_policy_is_told_where_episodes_begin(name):
    """With the row after a boundary, stream by stream; the boundary itself still belongs to the old one."""
    spec, policy = spec_of(name), Counting()
    exploration = Exploration(np.ones(3), spec.choices, 1, 2.0, np.random.default_rng(0))
    writer = FragmentWriter(spec, ActorIdentity(f"{spec.name}-0", 0), 3, 8, RETURNS)
    blocks = blocks_of(Rollout(CheckedVector(spec, 3, 0), policy, exploration, writer), 12)
    flags = np.concatenate([block.rows["flags"][:, : block.num_starts] for block in blocks], axis=1)
    assert int((flags == BOUNDARY).sum()) > 10
    for stream, row in enumerate(flags.tolist()):
        age = -1
        for step, flag in enumerate(row):
            age = 0 if step == 0 or row[step - 1] == BOUNDARY else age + 1
            assert policy.ages[step][stream] == age, (step, flag)


def test_rows_name_the_weights_that_acted():
    """After newer weights are loaded, the next whole block carries their version."""
    spec = spec_of("chain")
    network = make_network([spec])
    policy = TaskPolicy(network, spec.name)
    exploration = Exploration(np.zeros(2), Choices((2,)), 1, 2.0, np.random.default_rng(0))
    writer = FragmentWriter(spec, ActorIdentity("chain-0", 0), 2, 4, RETURNS)
    layout = WeightsLayout(network)
    policy.load(layout.snapshot(network, version=4))
    rollout = Rollout(CheckedVector(spec, 2, 0), policy, exploration, writer)
    versions = [block.weights_version for block in [rollout.next_block()] if block is not None]
    policy.load(layout.snapshot(network, version=6))
    assert versions + [block.weights_version for block in blocks_of(rollout, 2)] == [4, 4, 6]


def test_the_same_seed_rolls_out_the_same():
    """Environments and exploration draw from their seeds alone."""
    first, second, other = (
        [encode_block(block) for block in blocks_of(make_rollout(spec_of("catch"), seed=seed), 5)]
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize("step_seconds", [0.01, 2.0, 4.0, 100.0])
def test_slow_steps_make_short_blocks(step_seconds: float):
    """The first comes as soon as it can, others after ten seconds of stepping at most, with the same rows."""
    looks = counter()
    spec = spec_of("identity")
    blocks = blocks_of(make_rollout(spec, clock=lambda: step_seconds * next(looks)), 12)
    assert blocks[0].num_starts == 1
    assert {b.num_starts for b in blocks[1:]} == {min(8, math.floor(BLOCK_SECONDS / step_seconds) + 1)}
    full = blocks_of(make_rollout(spec), 12)
    for name in SENT:
        short_rows, full_rows = (
            np.concatenate([b.rows[name][:, : b.num_starts] for b in some], axis=1) for some in (blocks, full)
        )
        np.testing.assert_array_equal(short_rows, full_rows[:, : short_rows.shape[1]])


def test_what_is_there_is_sent_before_a_slow_reset():
    """Resets that take 100 s: once one was seen, each block ends where an episode does."""
    now = [0.0]
    rollout = make_rollout(spec_of("identity"), clock=lambda: now[0])
    step = rollout._step

    def slow_reset() -> FragmentBlock | None:
        now[0] += 100.0 if rollout._ended_E.any() else 0.001
        return step()

    rollout._step = slow_reset  # type: ignore[method-assign]
    blocks = blocks_of(rollout, 12)
    last_rows = [block.flags[:, -1] for block in blocks if block.num_starts < 8]
    assert sum(bool((row & TRUNCATED).any()) for row in last_rows) >= 2


def test_without_a_clock_blocks_are_full():
    """A run in one process must not depend on how long its steps take."""
    assert {block.num_starts for block in blocks_of(make_rollout(spec_of("chain")), 5)} == {8}


def test_a_halt_ends_the_block_at_hand():
    """What is there is sent, in a block of its own; then nothing comes any more."""
    looks = counter()

    def halt_in_the_sixth_step() -> float:
        if next(looks) == 6:
            rollout.halt()
        return 0.0

    rollout = make_rollout(spec_of("chain"), clock=halt_in_the_sixth_step)
    block = rollout.next_block()
    assert block is not None
    assert block.num_starts == 6 - RETURNS.n_step
    assert rollout.next_block() is None
    rollout.close()
