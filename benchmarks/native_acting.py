"""Acting in environments that step natively: an actor's loop beside a bare one over the same pool."""

import importlib.util
from collections.abc import Callable

import numpy as np
import torch

from actors.exploration import Exploration, epsilon_ladder
from actors.fragment_writer import ActorIdentity, FragmentWriter
from actors.policy import TaskPolicy
from actors.rollout import Rollout
from benchmarks.harness import Bench, LocalPeer, warmed
from config.loading import parse_config
from config.resolution import resolve
from tasks.environment import CheckedVector
from tasks.sources.prefixes import without_prefix
from tasks.spec import TaskSpec
from training.parts.parts import Parts

SHAPES = (
    ("envpool:CartPole-v1", 16),
    ("envpool:MiniGrid-DoorKey-6x6-v0", 16),
    ("envpool:MiniGrid-DoorKey-6x6-v0", 64),
)
MISSING = "EnvPool is not installed, so rows of it are left out: pip install --editable '.[envpool]'"


def measure_native_acting(bench: Bench) -> None:
    """Measure every row; each is made in this process, without Ray."""
    if importlib.util.find_spec("envpool") is None:
        bench.notes.append(MISSING)
        return
    torch.set_num_threads(1)  # as actors have it
    for env, num_envs in SHAPES:
        parts = _parts(env, num_envs)
        bare = LocalPeer("bare loop, EnvPool", warmed(_bare(parts, num_envs)))
        bench.compare(
            "act, in process", f"{env} x {num_envs}", "env steps/s", warmed(_ours(parts, num_envs)), bare
        )


def _parts(env: str, num_envs: int) -> Parts:
    run = resolve(parse_config({"tasks": {"bench": {"env": env, "envs_per_actor": num_envs}}}))
    return Parts(run.config, run.specs)


def _exploration(spec: TaskSpec, num_envs: int) -> Exploration:
    return Exploration(epsilon_ladder(num_envs), spec.choices, 1, 2.0, np.random.default_rng(0))


def _ours(parts: Parts, num_envs: int) -> Callable[[], float]:
    """Return what gathers one block of fragments, and counts its steps."""
    (spec,), length = parts.specs, parts.config.actors.fragment_length
    policy = TaskPolicy(parts.network(), spec.name)
    writer = FragmentWriter(spec, ActorIdentity("bench", 0), num_envs, length, parts.replay.returns(spec))
    rollout = Rollout(CheckedVector(spec, num_envs, 1), policy, _exploration(spec, num_envs), writer)

    def step() -> float:
        block = rollout.next_block()
        assert block is not None, "nobody has halted it"
        return float(num_envs * block.num_starts)

    return step


def _bare(parts: Parts, num_envs: int) -> Callable[[], float]:
    """Return a step of all streams: values, epsilon-greedy choices, the pool. Frames are those of the start.

    A network takes as long whatever it is shown, so that nothing of ours is in between.
    """
    import envpool

    (spec,) = parts.specs
    policy = TaskPolicy(parts.network(), spec.name)
    frame_EO, first_E = CheckedVector(spec, num_envs, 1).reset(), np.zeros(num_envs, np.bool_)
    pool = envpool.make_gymnasium(without_prefix(spec.env), num_envs=num_envs, num_threads=1, seed=1)
    pool.reset()
    epsilon_E, rng = epsilon_ladder(num_envs), np.random.default_rng(0)

    def step() -> float:
        action_E = policy.action_values(frame_EO, first_E).argmax(1)
        explores_E = rng.random(num_envs) < epsilon_E
        action_E[explores_E] = rng.integers(spec.choices.total, size=int(explores_E.sum()))
        pool.step(action_E.astype(np.int32))
        return num_envs

    return step
