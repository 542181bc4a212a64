"""A record as one file of arrays, so that its figures can be drawn again without the runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.records import ArmCost, ArmRecord, StudyRecord
from study.scored import scored
from training.json_text import json_text

RECORD_FILE = "record.npz"
_WORDS = "study.json"
_BY_TASK = ("returns", "undiscounted")
_OF_STUDY = ("name", "tasks", "reference", "last", "planned_seeds", "tuning", "command")

Arrays = dict[str, NDArray[Any]]


def save_record(record: StudyRecord, path: Path) -> None:
    """Write a record as `.npz`: arrays named `<arm's number>/<field>/<task or probe>`, and all words as JSON.

    Raises:
        OSError: the file cannot be written.
    """
    words = {name: getattr(record, name) for name in _OF_STUDY}
    words |= {"thresholds": dict(record.thresholds), "missing": record.missing, "unscored": record.unscored}
    words["arms"] = [
        {
            "name": arm.name,
            "overrides": dict(arm.overrides),
            "seeds": arm.seeds,
            "parameters": arm.cost.parameters,
            "updates": arm.cost.updates,
        }
        for arm in record.arms
    ]
    arrays: Arrays = {
        f"{number}/{name}": values
        for number, arm in enumerate(record.arms)
        for name, values in _arrays_of(arm).items()
    }
    arrays[_WORDS] = np.array(json_text(words))
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_record(path: Path) -> StudyRecord:
    """Read what `save_record` wrote, or an earlier version of it; runs without scores are taken out.

    Raises:
        OSError: the file cannot be read.
    """
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    words = json.loads(str(arrays.pop(_WORDS)))
    arms = [_arm(entry, _below(arrays, str(number))) for number, entry in enumerate(words["arms"])]
    record = StudyRecord(
        **{name: words[name] for name in _OF_STUDY},
        arms=arms,
        thresholds=words["thresholds"],
        missing=[(arm, seed) for arm, seed in words["missing"]],
        unscored=[(arm, seed) for arm, seed in words.get("unscored", [])],
    )
    return scored(record)


def _arrays_of(arm: ArmRecord) -> Arrays:
    arrays: Arrays = {
        "env_steps": arm.env_steps_P,
        "seconds": arm.cost.seconds_S,
        "memory_bytes": arm.cost.memory_bytes_S,
    }
    arrays |= {f"{name}/{task}": values for name in _BY_TASK for task, values in getattr(arm, name).items()}
    arrays |= {f"similarity/{task}": values for task, values in arm.similarity.items()}
    return arrays | {f"probes/{name}": values for name, values in arm.probes.items()}


def _arm(entry: dict[str, Any], arrays: Arrays) -> ArmRecord:
    return ArmRecord(
        name=entry["name"],
        overrides=entry["overrides"],
        seeds=entry["seeds"],
        env_steps_P=arrays["env_steps"],
        returns=_below(arrays, "returns"),
        undiscounted=_below(arrays, "undiscounted"),
        cost=ArmCost(entry["parameters"], entry["updates"], arrays["seconds"], arrays["memory_bytes"]),
        probes=_below(arrays, "probes"),
        similarity=_below(arrays, "similarity"),
    )


def _below(arrays: Arrays, folder: str) -> Arrays:
    return {
        name.removeprefix(f"{folder}/"): values
        for name, values in arrays.items()
        if name.startswith(f"{folder}/")
    }
