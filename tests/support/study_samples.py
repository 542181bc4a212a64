"""A study that never ran: learning curves and probe readings of a known shape, made up from a seed."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from study.records import ArmCost, ArmRecord, StudyRecord

TASKS = ["cartpole", "acrobot", "mountaincar", "carhill", "pendulum"]
FLOORS = {"cartpole": 9.0, "acrobot": -99.0, "mountaincar": -99.9, "carhill": -0.1, "pendulum": -0.4}
CEILINGS = {"cartpole": 95.0, "acrobot": -55.0, "mountaincar": -65.0, "carhill": 0.39, "pendulum": -0.004}


def sample_arm(
    name: str,
    seeds: list[int],
    gains: Mapping[str, float],
    tasks: list[str] = TASKS,
    evaluations: int = 12,
    probed: bool = True,
) -> ArmRecord:
    """Return an arm whose curves end, on average, `gains[task]` of the task's range above 70 % of it."""
    rng = np.random.default_rng(sum(map(ord, name)))
    steps_P = np.arange(1, evaluations + 1) * 1000
    returns = {task: _curves(rng, task, len(seeds), steps_P, gains.get(task, 0.0)) for task in tasks}
    seconds_S = rng.uniform(50, 60, len(seeds))
    memory_S = rng.integers(400, 500, len(seeds)) * 2**20
    return ArmRecord(
        name=name,
        overrides={} if not gains else {"network.sharing": name},
        seeds=seeds,
        env_steps_P=steps_P,
        returns=returns,
        undiscounted={task: 2 * values for task, values in returns.items()},
        cost=ArmCost(parameters=15_855, updates=50_000, seconds_S=seconds_S, memory_bytes_S=memory_S),
        probes=_probes(rng, len(seeds), len(tasks)) if probed else {},
        similarity={task: rng.uniform(0.5, 0.9, 5) for task in tasks} if probed else {},
    )


def sample_study(
    arms: Mapping[str, Mapping[str, float]] | None = None,
    seeds: int = 8,
    tasks: list[str] = TASKS,
    evaluations: int = 12,
) -> StudyRecord:
    """Return a study: arms by name with each task's gain, the reference first and without probes."""
    gains = arms or {"separate": {}, "shared": {"cartpole": 0.15, "mountaincar": 0.2, "carhill": -0.2}}
    reference = next(iter(gains))
    return StudyRecord(
        name="sample",
        tasks=tasks,
        reference=reference,
        arms=[
            sample_arm(name, list(range(seeds)), gain, tasks, evaluations, probed=name != reference)
            for name, gain in gains.items()
        ],
        last=max(evaluations // 5, 1),
        thresholds={task: FLOORS[task] + 0.6 * (CEILINGS[task] - FLOORS[task]) for task in tasks[:-1]},
        planned_seeds=list(range(seeds)),
        missing=[],
        tuning="Learning rates from one grid of four values, four seeds each, for every arm.",
        command="trunkline study study.yaml",
    )


def _curves(
    rng: np.random.Generator, task: str, seeds: int, steps_P: NDArray[np.int64], gain: float
) -> NDArray[np.float64]:
    level_S1 = np.clip(rng.normal(0.7 + gain, 0.1, (seeds, 1)), 0.0, 1.0)
    pace_S1 = rng.uniform(2.5, 5.0, (seeds, 1)) * (1.0 + gain)
    share_SP = level_S1 * (1.0 - np.exp(-pace_S1 * steps_P / steps_P[-1]))
    noise_SP = rng.normal(0.0, 0.02, share_SP.shape)
    return np.asarray(FLOORS[task] + (CEILINGS[task] - FLOORS[task]) * (share_SP + noise_SP))


def _probes(
    rng: np.random.Generator, seeds: int, tasks: int, readings: int = 6
) -> dict[str, NDArray[np.float64]]:
    size = (seeds, readings)
    return {
        "gradient_cosine": _symmetric(rng.uniform(-0.4, 0.4, (*size, tasks, tasks))),
        "magnitude_similarity": _symmetric(rng.uniform(0.2, 1.0, (*size, tasks, tasks))),
        "feature_cka": _symmetric(rng.uniform(0.1, 0.9, (*size, tasks, tasks))),
        "gradient_share": rng.dirichlet(np.ones(tasks), size),
        "conflict_share": rng.uniform(0.2, 0.5, size),
        "dormant_share": rng.uniform(0.0, 0.1, size),
        "effective_rank": rng.uniform(30, 40, size),
    }


def _symmetric(values_SKTT: NDArray[np.float64]) -> NDArray[np.float64]:
    mirrored = (values_SKTT + np.swapaxes(values_SKTT, -1, -2)) / 2
    mirrored[..., np.arange(values_SKTT.shape[-1]), np.arange(values_SKTT.shape[-1])] = 1.0
    return mirrored
