"""Reports: rates over the interval, and what earlier lives contributed."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.support.status_builders import run_status, task_status
from tests.unit.training.test_clocks import HandClock
from training.status.records import RunStatus
from training.status.reporting import Reporter


class Reports:
    """A reporter over a hand clock, with what it handed out."""

    def __init__(self, env_steps: Mapping[str, int] | None = None, learner_step: int = 0) -> None:
        self.clock = HandClock()
        self.now: RunStatus | None = None
        self.seen: list[RunStatus] = []
        observers = [self.seen.append, lambda _: None]
        self.reporter = Reporter(lambda: self.now, env_steps or {}, learner_step, observers, self.clock)

    def after(self, seconds: float, learner_step: int, chain: int, identity: int) -> RunStatus:
        """Report so many seconds later, when the run is so far."""
        self.clock.now += seconds
        tasks = task_status("chain", env_steps=chain), task_status("identity", env_steps=identity)
        self.now = run_status(*tasks, learner_step=learner_step)
        self.reporter.report()
        return self.seen[-1]


def test_rates_are_over_the_interval_since_the_last_report():
    """Each report divides what came since the one before by the time since then."""
    reports = Reports()
    first = reports.after(2.0, learner_step=10, chain=100, identity=40)
    second = reports.after(0.5, learner_step=15, chain=130, identity=40)
    assert (first.updates_per_second, second.updates_per_second) == (5.0, 10.0)
    assert [task.env_steps_per_second for task in first.tasks] == [50.0, 20.0]
    assert [task.env_steps_per_second for task in second.tasks] == [60.0, 0.0]
    assert reports.seen == [first, second]


def test_earlier_lives_count_in_totals_and_not_in_rates():
    """A resumed run goes on counting, but its first rate is of this life alone."""
    status = Reports({"chain": 1000}, learner_step=500).after(2.0, 510, chain=1100, identity=40)
    assert status.updates_per_second == 5.0
    assert [task.env_steps for task in status.tasks] == [1100, 40]
    assert [task.env_steps_per_second for task in status.tasks] == [50.0, 20.0]
    assert status.env_steps == 1140


def test_two_reports_at_the_same_instant_divide_by_something():
    """No interval is no error, and no enormous rate: the shortest is a quarter of a second."""
    reports = Reports()
    for _ in range(2):
        status = reports.after(0.0, learner_step=10, chain=512, identity=0)
        assert (status.updates_per_second, status.tasks[0].env_steps_per_second) == (40.0, 2048.0)


def test_a_block_right_after_a_report_is_no_enormous_rate():
    """A report that was just now is passed over: the interval begins at the one before it."""
    reports = Reports()
    reports.after(2.0, learner_step=10, chain=100, identity=0)
    reports.after(1.0, learner_step=20, chain=200, identity=0)
    for step, env_steps in ((20, 712), (21, 712)):
        status = reports.after(0.001, learner_step=step, chain=env_steps, identity=0)
        assert status.updates_per_second == pytest.approx(step - 10, rel=0.01)
        assert status.tasks[0].env_steps_per_second == pytest.approx(612, rel=0.01)
    status = reports.after(1.0, learner_step=31, chain=812, identity=0)
    assert status.tasks[0].env_steps_per_second == pytest.approx(100, rel=0.01)


def test_a_reporter_derives_rates_and_nothing_else():
    """What was read is handed out as it is."""
    reports = Reports()
    status = reports.after(2.0, learner_step=10, chain=100, identity=40)
    tasks = [replace(task, env_steps_per_second=0.0) for task in status.tasks]
    assert reports.now is not None
    assert [task.env_steps_per_second for task in reports.now.tasks] == [50.0, 50.0]  # of the builder
    plain = [replace(task, env_steps_per_second=0.0) for task in reports.now.tasks]
    assert replace(status, tasks=tasks, updates_per_second=0.0) == replace(
        reports.now, tasks=plain, updates_per_second=0.0
    )


def test_where_nothing_can_be_read_nothing_is_reported():
    """A shard may not have been heard of yet; the next interval still begins at the start of the run."""
    reports = Reports()
    reports.clock.now += 2.0
    reports.reporter.report()
    assert reports.seen == []
    status = reports.after(2.0, learner_step=10, chain=100, identity=40)
    assert status.updates_per_second == 2.5


def test_the_update_fraction_is_the_share_of_update_time():
    """6 of 8 seconds; nothing before the first update."""
    assert run_status().update_fraction == 0.75
    idle = run_status(phase_seconds={"waiting": 0.0, "update": 0.0})
    assert idle.update_fraction is None


def test_no_field_of_a_part_hides_another_in_json():
    """Every number of every part is there, also those that parts name alike in different places."""
    status = run_status()
    said = status.as_json()
    parts = [status.learner, status.saving, status.trunk, status.cluster]
    own = set(vars(status)) - {"learner", "saving", "trunk", "cluster"}
    assert len(said) == len(own) + sum(len(vars(part)) for part in parts)
    (task,) = status.tasks
    told = set(vars(task)) - {"replay", "learning"}
    assert len(said["tasks"][0]) == len(told) + len(vars(task.replay)) + len(vars(task.learning))
