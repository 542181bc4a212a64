"""Event files as TensorBoard itself reads them."""

import logging
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.unit.training.test_append_file import room_for
from training.directory.tensorboard_events import EventFile


def curve(directory: Path, name: str = "loss") -> list[tuple[int, float]]:
    events = EventAccumulator(str(directory), size_guidance={"scalars": 0})
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


def test_scalars_come_back(tmp_path: Path):
    """Several of a step, each under its name; the directory is made."""
    events = EventFile(tmp_path / "a", purge_step=None)
    events.add({"loss": 0.5, "return": -3.0}, step=10)
    events.add({"loss": 0.25}, step=20)
    assert curve(tmp_path / "a") == [(10, 0.5), (20, 0.25)]
    assert curve(tmp_path / "a", "return") == [(10, -3.0)]


def test_a_life_that_goes_on_from_a_step_takes_back_what_was_said_of_later_ones(tmp_path: Path):
    """Lives that follow each other within a second, too."""
    first = EventFile(tmp_path, purge_step=None)
    for step in (10, 20, 30, 40):
        first.add({"loss": 1.0}, step)
    second = EventFile(tmp_path, purge_step=25)
    second.add({"loss": 2.0}, 26)
    second.add({"loss": 2.0}, 36)
    EventFile(tmp_path, purge_step=36).add({"loss": 3.0}, 36)
    assert curve(tmp_path) == [(10, 1.0), (20, 1.0), (26, 2.0), (36, 3.0)]


def test_a_life_is_read_after_those_before_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its host's clock may be late."""
    EventFile(tmp_path, purge_step=None).add({"loss": 1.0}, 30)
    monkeypatch.setattr("training.directory.tensorboard_events.time.time", lambda: 1e9)
    EventFile(tmp_path, purge_step=20).add({"loss": 2.0}, 25)
    assert curve(tmp_path) == [(25, 2.0)]


def test_a_full_disk_leaves_a_file_that_can_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Also where it was full from the beginning: the later events are all there, and earlier lives void."""
    EventFile(tmp_path, purge_step=None).add({"loss": 1.0}, 30)
    events = EventFile(tmp_path, purge_step=20)
    with caplog.at_level(logging.WARNING), room_for(30):
        events.add({"loss": 2.0}, 21)
        events.add({"loss": 2.0}, 22)
    events.add({"loss": 2.0}, 23)
    size = (tmp_path / events.file.name).stat().st_size
    with room_for(size + 20):
        events.add({"loss": 2.0}, 24)
    events.add({"loss": 2.0}, 25)
    assert curve(tmp_path) == [(23, 2.0), (25, 2.0)]
    assert events.file.lost == 3
    assert len([record for record in caplog.records if "cannot be written" in record.getMessage()]) == 2
