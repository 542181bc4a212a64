"""Readings of a run: when they are taken, where they are written, and that the run is the same without."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from config.resolution import resolve
from deploy.launch import start_run
from learner.probes.reading import ProbeReading
from tests.support.learning_builders import make_batches, make_learner, tiny_config
from tests.unit.learner.probes.test_reading import reading_of
from training.directory.run_directory import PROBES
from training.directory.run_logs import ProbesLog
from training.evaluation.probing import Probing
from training.status.records import RunStatus

ENDLESS = ("tasks.chain.solved_at=null", "tasks.identity.solved_at=null", "stop_env_steps=400")


def run(path: Path, *overrides: str) -> tuple[dict[str, Any], list[RunStatus]]:
    statuses: list[RunStatus] = []
    config = tiny_config(*ENDLESS, *overrides)
    return start_run(resolve(config), path, "local", None, [statuses.append]), statuses


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / PROBES).read_text().splitlines()]


def test_a_run_with_readings_is_the_run_without(tmp_path: Path):
    """Weights, updates and returns agree bit for bit; only one of the two has a file of readings."""
    probed, _ = run(tmp_path / "probed", "replay.selector=proportional", "probes.period=7")
    plain, _ = run(tmp_path / "plain", "replay.selector=proportional", "probes.period=null")
    assert probed["weights_sha256"] == plain["weights_sha256"]
    assert probed["learner_steps"] == plain["learner_steps"] > 50
    assert probed["tasks"] == plain["tasks"]
    steps = [line["learner_step"] for line in lines_of(tmp_path / "probed")]
    assert steps == list(range(7, probed["learner_steps"], 7))
    assert not (tmp_path / "plain" / PROBES).exists()


def test_a_reading_stands_in_file_status_and_tensorboard(tmp_path: Path):
    """The last status says of each task what the last line says; the time it took has a phase of its own."""
    summary, statuses = run(tmp_path / "run", "probes.period=20")
    line = lines_of(tmp_path / "run")[-1]
    assert set(line) == set(ProbeReading.__dataclass_fields__)
    assert line["tasks"] == ["chain", "identity"]
    last = statuses[-1]
    assert (last.trunk.dormant_share, last.trunk.effective_rank) == (
        line["dormant_share"],
        line["effective_rank"],
    )
    for index, task in enumerate(last.tasks):
        assert task.probes.gradient_share == line["gradient_share"][index]
        assert task.probes.gradient_cosine == line["gradient_cosine"][index][1 - index]
        assert task.probes.lesion_share == line["lesion_share"][index]
    assert summary["learner_phase_seconds"]["probing"] > 0
    (events,) = (tmp_path / "run" / "tensorboard").iterdir()
    content = events.read_bytes()
    for name in (b"probes/effective_rank", b"chain/gradient_cosine", b"identity/lesion_share"):
        assert name in content


def test_readings_come_every_so_many_updates_but_not_before_the_first():
    """At 3 and 6 of seven updates; the newest is kept."""
    learner, batches = make_learner(), make_batches(np.random.default_rng(0))
    readings: list[ProbeReading] = []
    probing = Probing(3, readings.append)
    assert probing.latest is None
    was_due = []
    for _ in range(7):
        was_due.append(probing.before_update(learner, batches))
        learner.step(batches)
    assert was_due == [False, False, False, True, False, False, True]
    assert [reading.learner_step for reading in readings] == [3, 6]
    assert probing.latest is readings[1]


def test_what_is_not_a_number_is_null_in_the_file(tmp_path: Path):
    """JSON has no word for it; lines are whole at once, and a resumed run goes on below them."""
    for _ in range(2):
        log = ProbesLog(tmp_path)
        log(reading_of([[1.0, math.nan], [math.nan, -math.inf]]))
        lines = lines_of(tmp_path)
    assert len(lines) == 2
    assert lines[0]["gradient_cosine"] == [[1.0, None], [None, None]]
    assert (lines[0]["learner_step"], lines[0]["effective_rank"]) == (7, 3.0)
