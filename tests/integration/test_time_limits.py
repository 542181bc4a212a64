"""The real time limits of the shipped pair, from the environment to the discount of a stored transition."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from actors.fragment_writer import ActorIdentity, FragmentWriter
from config.loading import load_config
from config.resolution import resolve
from replay.messages import Inserted, Sampled
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY, TERMINATED, TRUNCATED
from replay.shard import Shard
from replay.wire import encode_block
from tasks.environment import CheckedVector
from tests.support.builders import make_row, make_table

Controller = Callable[[NDArray[np.float32]], int]
DISCOUNT = 0.99


def balance(obs: NDArray[np.float32]) -> int:
    """Keep CartPole's pole up for as long as it is let."""
    return int(0.1 * obs[0] + 0.3 * obs[1] + obs[2] * 3 + obs[3] > 0)


def fall(_: NDArray[np.float32]) -> int:
    """Push CartPole to one side."""
    return 0


def rock(obs: NDArray[np.float32]) -> int:
    """Push MountainCar the way it rolls: it reaches the flag within the limit."""
    return 2 if obs[1] > 0 else 0


def idle(_: NDArray[np.float32]) -> int:
    """Leave MountainCar in the valley."""
    return 1


def flags_and_discounts(task: str, control: Controller) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Play 600 steps into a real table; return the flags and the stored one-step discounts of its starts."""
    spec = next(spec for spec in resolve(load_config(None, [])).specs if spec.name == task)
    returns = ReturnSpec(n_step=1, discount=DISCOUNT)
    writer = FragmentWriter(spec, ActorIdentity("a", 0), num_envs=1, num_starts=600, returns=returns)
    vector = CheckedVector(spec, num_envs=1, seed=3)
    obs, ended, block = vector.reset(), False, None
    while block is None:
        action = np.array([control(obs[0])])
        next_obs, reward, terminated, truncated = vector.step(action)
        flag = BOUNDARY if ended else TERMINATED * terminated[0] + TRUNCATED * truncated[0]
        q_EA = np.zeros((1, spec.choices.total), np.float32)
        row = make_row(obs, action, reward, np.array([flag], np.uint8))
        block = writer.append(row, q_EA, 0)
        obs, ended = next_obs, bool(terminated[0] or truncated[0])
    table = make_table(task, num_rows=601, frame_shape=spec.frame_shape, returns=returns)
    assert Shard({task: table}).insert(encode_block(block)) == Inserted(int(block.starts().sum()), 0)
    sampled = table.sample(20_000)
    assert isinstance(sampled, Sampled)
    discounts = np.full(600, np.nan, np.float32)
    discounts[sampled.keys] = sampled.columns["discounts_n"]
    return block.flags[0, :600], discounts


@pytest.mark.parametrize(
    ("task", "control", "last_step"), [("cartpole", balance, 499), ("mountaincar", idle, 199)]
)
def test_a_time_limit_is_bootstrapped_through(task: str, control: Controller, last_step: int):
    """CartPole's 500th and MountainCar's 200th step are truncated and keep their discount."""
    flags, discounts = flags_and_discounts(task, control)
    assert np.flatnonzero(flags)[:2].tolist() == [last_step, last_step + 1]
    assert flags[last_step : last_step + 2].tolist() == [TRUNCATED, BOUNDARY]
    assert discounts[: last_step + 1] == pytest.approx(np.full(last_step + 1, DISCOUNT))


@pytest.mark.parametrize(("task", "control"), [("cartpole", fall), ("mountaincar", rock)])
def test_an_end_is_an_end(task: str, control: Controller):
    """A fallen pole and a reached flag are terminated: nothing is bootstrapped after them."""
    flags, discounts = flags_and_discounts(task, control)
    last_step = int(np.flatnonzero(flags)[0])
    assert last_step < 199
    assert flags[last_step] == TERMINATED
    assert discounts[last_step] == 0.0
    assert discounts[:last_step] == pytest.approx(np.full(last_step, DISCOUNT))
