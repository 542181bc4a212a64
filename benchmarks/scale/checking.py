"""The model beside runs that really happened on this machine: `trunkline train` over Ray at some settings."""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.ours_system import NEVER, START_SECONDS, Status, training
from benchmarks.scale.costs import Costs, Setting
from benchmarks.scale.processes import cpu_seconds, machine_cpu_seconds
from benchmarks.scale.simulation import simulate
from benchmarks.scale.stations import bottleneck, stations
from benchmarks.scale.workload import Workload

WARM_UPDATES, SPARE_SECONDS = 300, 120.0
UNDISTURBED: dict[str, dict[str, Any]] = {
    "evaluation": {"period": NEVER},
    "checkpoint": {"period": NEVER, "replay": False},
    "probes": {"period": None},
}


@dataclass(frozen=True)
class Checked:
    """One setting, measured and predicted.

    Attributes:
        setting: the setting.
        others: cores that work which is not ours took meanwhile; the model is told.
        measured_steps: env steps a second.
        measured_updates: a second.
        predicted_steps: by simulation.
        predicted_updates: by simulation.
        bottleneck: by the bottleneck law.
    """

    setting: Setting
    others: float
    measured_steps: float
    measured_updates: float
    predicted_steps: float
    predicted_updates: float
    bottleneck: str

    @property
    def ratio(self) -> float:
        """Env steps a second, measured over predicted."""
        return self.measured_steps / self.predicted_steps


def check(
    costs: Costs,
    workload: Workload,
    settings: Sequence[Setting],
    seconds: float,
    say: Callable[[str], None],
) -> list[Checked]:
    """Run each setting for so many seconds, once it is warm, and predict it from costs measured without it.

    Raises:
        TrainingFailedError: a run comes to nothing.
    """
    return [_check(costs, workload, setting, seconds, say) for setting in settings]


def compare(
    costs: Costs, setting: Setting, others: float, measured_steps: float, measured_updates: float
) -> Checked:
    """Return what was measured beside what the model says, on cores of which others take a part."""
    taken = replace(costs, background=costs.background + others)
    simulated = simulate(taken, setting)
    return Checked(
        setting=setting,
        others=others,
        measured_steps=measured_steps,
        measured_updates=measured_updates,
        predicted_steps=simulated.steps_per_second,
        predicted_updates=simulated.updates_per_second,
        bottleneck=bottleneck(stations(taken, setting)).name,
    )


def _check(
    costs: Costs, workload: Workload, setting: Setting, seconds: float, say: Callable[[str], None]
) -> Checked:
    say(f"a run with {setting.actors} actors and {setting.shards} shards")
    settings = workload.settings(setting.actors, setting.shards, setting.samples_per_insert)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "run.yaml").write_text(
            json.dumps({**settings, **UNDISTURBED, "stop_env_steps": NEVER}), encoding="utf-8"
        )
        with training(folder, [str(folder / "run.yaml")]) as status_when:
            first = status_when(lambda status: status["learner_step"] >= WARM_UPDATES, START_SECONDS)
            before = _foreign_seconds(), time.monotonic()
            until = first["train_seconds"] + seconds
            last = status_when(lambda status: status["train_seconds"] >= until, seconds + SPARE_SECONDS)
            others = (_foreign_seconds() - before[0]) / (time.monotonic() - before[1])
    passed = last["train_seconds"] - first["train_seconds"]
    steps = (_env_steps(last) - _env_steps(first)) / passed
    updates = (last["learner_step"] - first["learner_step"]) / passed
    return compare(costs, setting, max(0.0, others), steps, updates)


def _foreign_seconds() -> float:
    """Return the CPU seconds of everything on this machine that this process did not start."""
    return machine_cpu_seconds() - cpu_seconds().total()


def _env_steps(status: Status) -> int:
    return sum(task["env_steps"] for task in status["tasks"])
