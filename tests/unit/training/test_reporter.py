"""Statuses: rates over the interval, ratios, and what earlier lives contributed."""

from typing import Any

import pytest

from actors.evaluation import EpisodeReturns
from replay.messages import TableStats
from tests.support.learning_builders import tiny_config
from tests.support.status_builders import run_status, shard_status, table_stats
from tests.unit.training.test_clocks import HandClock
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.fleet import Crew, Node
from training.status.progress import Progress
from training.status.records import CheckpointStatus, DiskStatus, RunStatus
from training.status.reporting import LearnerReadings, Reporter

CREWS = {"chain": Crew(5, 4, 3, 2, 1), "identity": Crew(2, 2, 2, 0, 0)}
CAPACITIES = {"chain": 512, "identity": 1024}


def readings(**changes: Any) -> LearnerReadings:
    values: dict[str, Any] = {
        "train_seconds": 4.0,
        "learner_step": 10,
        "weights_version": 2,
        "phase_seconds": {"update": 1.0},
        "losses": {"chain": 0.5, "identity": 0.25},
        "weights": {"chain": 1.25, "identity": 0.75},
        "plain_sums": 4,
        "staleness": {"chain": 1.0, "identity": 2.0},
        "checkpoints": 1,
        "evaluations": 2,
        "evaluation": None,
        "probes": None,
        "tables": tables(0, 0),
        "refused_blocks": 3,
        "lost": {},
        "shards": [shard_status()],
        "env_steps": {"chain": 0, "identity": 0},
        "nodes": [],
        "node_deaths": 0,
        "waiting_for": [],
        "last_update_time": None,
        "last_checkpoint": CheckpointStatus(0, 1e9),
        "notices": [],
    }
    return LearnerReadings(**(values | changes))


def tables(chain: int, identity: int, **changes: Any) -> dict[str, TableStats]:
    return {
        "chain": table_stats(inserted=chain, **changes),
        "identity": table_stats(inserted=identity, **changes),
    }


class Reports:
    """A reporter over a hand clock, with what it handed out."""

    def __init__(self, before: Progress | None = None, learner_step: int = 0) -> None:
        self.clock = HandClock()
        self.seen: list[RunStatus] = []
        observers = [self.seen.append, lambda _: None]
        self.reporter = Reporter(
            tiny_config(), CAPACITIES, before or Progress(), learner_step, observers, self.clock
        )

    def after(self, seconds: float, of: LearnerReadings) -> RunStatus:
        self.clock.now += seconds
        return self.reporter.report(of, CREWS.__getitem__)


def test_rates_are_over_the_interval_since_the_last_report():
    """Each report divides what came since the one before by the time since then."""
    reports = Reports()
    first = reports.after(2.0, readings(learner_step=10, env_steps={"chain": 100, "identity": 40}))
    second = reports.after(0.5, readings(learner_step=15, env_steps={"chain": 130, "identity": 40}))
    assert (first.updates_per_second, second.updates_per_second) == (5.0, 10.0)
    assert [task.env_steps_per_second for task in first.tasks] == [50.0, 20.0]
    assert [task.env_steps_per_second for task in second.tasks] == [60.0, 0.0]
    assert reports.seen == [first, second]


def test_earlier_lives_count_in_totals_and_not_in_rates():
    """A resumed run goes on counting, but its first rate is of this life alone."""
    before = Progress(env_steps={"chain": 1000}, train_seconds=60.0, life=1)
    now = readings(learner_step=510, env_steps={"chain": 1100, "identity": 40})
    status = Reports(before, learner_step=500).after(2.0, now)
    assert status.updates_per_second == 5.0
    assert [task.env_steps for task in status.tasks] == [1100, 40]
    assert [task.env_steps_per_second for task in status.tasks] == [50.0, 20.0]
    assert status.env_steps == 1140


def test_two_reports_at_the_same_instant_divide_by_something():
    """No interval is no error, and no enormous rate: the shortest is a quarter of a second."""
    reports = Reports()
    for _ in range(2):
        status = reports.after(0.0, readings(learner_step=10, env_steps={"chain": 512, "identity": 0}))
        assert (status.updates_per_second, status.tasks[0].env_steps_per_second) == (40.0, 2048.0)


def test_a_block_right_after_a_report_is_no_enormous_rate():
    """A report that was just now is passed over: the interval begins at the one before it."""
    reports = Reports()
    reports.after(2.0, readings(learner_step=10, env_steps={"chain": 100, "identity": 0}))
    reports.after(1.0, readings(learner_step=20, env_steps={"chain": 200, "identity": 0}))
    for step, env_steps in ((20, 712), (21, 712)):
        status = reports.after(
            0.001, readings(learner_step=step, env_steps={"chain": env_steps, "identity": 0})
        )
        assert status.updates_per_second == pytest.approx(step - 10, rel=0.01)
        assert status.tasks[0].env_steps_per_second == pytest.approx(612, rel=0.01)
    status = reports.after(1.0, readings(learner_step=31, env_steps={"chain": 812, "identity": 0}))
    assert status.tasks[0].env_steps_per_second == pytest.approx(100, rel=0.01)


def test_the_measured_ratio_leaves_out_what_fills_the_table():
    """64 items fill the tiny tables before sampling: 288 samples over 100 - 64 items are 8 each."""
    reports = Reports()
    status = reports.after(1.0, readings(tables=tables(100, 64, sampled=288)))
    assert [task.samples_per_insert for task in status.tasks] == [8.0, None]


@pytest.mark.parametrize(
    ("restored", "expected"), [(0, 8.0), (20, 288 / 56), (64, 2.88), (500, 2.88)], ids=str
)
def test_what_a_snapshot_brought_fills_the_table_too(restored: int, expected: float):
    """Restored items count towards the 64, so that as many more inserts are owed samples."""
    status = Reports().after(1.0, readings(tables=tables(100, 0, sampled=288, restored=restored)))
    assert status.tasks[0].samples_per_insert == pytest.approx(expected)


def test_shards_and_refused_messages_are_passed_on():
    """As the training loop read them."""
    shards = [shard_status(0, up=False), shard_status(1, restarts=0)]
    status = Reports().after(1.0, readings(shards=shards, refused_blocks=5))
    assert status.shards == shards
    assert status.refused_blocks == 5


def test_how_old_acting_weights_are_counts_in_versions_published_since():
    """Of the block that came in last, by the newest version; None before the first block."""
    heard = tables(100, 40) | {"identity": table_stats(acting_version=None)}
    tasks = Reports().after(1.0, readings(weights_version=32, tables=heard)).tasks
    assert [task.acting_staleness for task in tasks] == [2, None]


def test_what_the_loop_knows_of_nodes_disk_and_checkpoints_is_passed_on():
    """As it was read; a reporter that is told of no disk says nothing of one."""
    known: dict[str, Any] = {
        "nodes": [Node("n", "host", {"replay": 1})],
        "node_deaths": 3,
        "waiting_for": ["identity"],
        "last_update_time": 1.5e9,
        "last_checkpoint": CheckpointStatus(100, 1.25e9),
    }
    reports = Reports()
    status = reports.after(1.0, readings(**known))
    assert {name: getattr(status, name) for name in known} == known
    assert (status.checkpoint_period, status.disk) == (100, None)
    assert [task.samples_per_insert_target for task in status.tasks] == [16.0, 16.0]
    disk = DiskStatus(5, 10)
    reporter = Reporter(tiny_config(), CAPACITIES, Progress(), 0, [], reports.clock, lambda: disk)
    assert reporter.report(readings(), CREWS.__getitem__).disk == disk


def test_what_is_known_of_a_task_stands_in_its_status():
    """Losses, staleness, greedy returns, crew, bound; None where nothing is known yet."""
    snapshotless: Any = None
    evaluation = EvaluationResult(
        EvaluationRequest(snapshotless, 1, False),
        {
            "chain": EpisodeReturns([1.0, 0.0], [0.5, 0.0]),
            "identity": EpisodeReturns([18.0, 20.0], [2.0, 2.0]),
        },
    )
    reports = Reports()
    first = reports.after(1.0, readings(losses={}, staleness={})).tasks[0]
    assert (first.loss, first.staleness, first.greedy_return) == (None, None, None)
    tasks = reports.after(1.0, readings(evaluation=evaluation, lost={"identity": 12})).tasks
    assert [task.greedy_return for task in tasks] == [0.5, 19.0]
    assert [(task.loss, task.staleness) for task in tasks] == [(0.5, 1.0), (0.25, 2.0)]
    assert [task.weight for task in tasks] == [1.25, 0.75]
    assert [task.crew for task in tasks] == list(CREWS.values())
    assert [task.solved_at for task in tasks] == [0.9, 18.0]
    assert [task.name for task in tasks] == ["chain", "identity"]
    assert [task.replay_capacity for task in tasks] == [512, 1024]
    assert [task.lost for task in tasks] == [0, 12]


def test_the_update_fraction_is_the_share_of_update_time():
    """6 of 8 seconds; nothing before the first update."""
    assert run_status().update_fraction == 0.75
    idle = run_status(phase_seconds={"waiting": 0.0, "update": 0.0})
    assert idle.update_fraction is None
