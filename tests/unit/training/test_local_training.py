"""Whole runs over the in-process runtime: repeatable, stopped for the right reason, every step counted."""

import numpy as np
import pytest
from torch import Tensor

from learner.batch import TaskBatch
from learner.priority_feedback import PriorityFeedback
from network.weights import WeightsLayout
from tests.support.learning_builders import IN_EVERY_ROUND
from tests.unit.training.local_run import LocalRun, train_locally
from training.cadence import Cadence
from training.local.runtime import LocalRuntime
from training.loop import Training
from training.status.progress import Progress
from training.status.records import RunStatus

UNSOLVABLE = ("tasks.chain.solved_at=null", "tasks.identity.solved_at=null")
SHORT = (*UNSOLVABLE, "stop_env_steps=400")
LEARNING = (
    "stop_env_steps=20000",
    "replay.capacity=4000",
    "replay.memory_budget=16MiB",
    "learner.learning_rate=0.01",
    "learner.batch_size=64",
    "network.trunk=[32]",
    "network.encoder_width=32",
)


def weights_of(run: LocalRun) -> str:
    network = run.learner.network
    return WeightsLayout(network).snapshot(network).digest()


@pytest.mark.parametrize("selector", ["uniform", "proportional"])
def test_one_seed_gives_one_result_and_another_seed_another(selector: str):
    """Two runs agree bit for bit in weights, updates, env steps and returns; the seed changes them."""
    overrides = (*SHORT, f"replay.selector={selector}")
    first, second = train_locally(*overrides), train_locally(*overrides)
    other = train_locally(*overrides, "seed=4")
    assert first.outcome.learner_step > 50
    assert first.outcome.weights_sha256 == second.outcome.weights_sha256 == weights_of(first)
    assert first.outcome.learner_step == second.outcome.learner_step
    assert first.outcome.progress.env_steps == second.outcome.progress.env_steps
    assert first.outcome.evaluation is not None
    assert second.outcome.evaluation is not None
    assert first.outcome.evaluation.returns == second.outcome.evaluation.returns
    assert other.outcome.weights_sha256 != first.outcome.weights_sha256


SPREAD = (
    "replay.shards=3",
    "tasks.chain.actors=3",
    "tasks.identity.actors=2",
    "replay.selector=proportional",
)


def test_shards_and_actors_in_one_process_are_repeatable_too():
    """Three shards, five actors, priorities: weights, tables and accounts agree bit for bit."""
    catch = "tasks.catch={env: trunkline/Catch-v0, frame_stack: 2, envs_per_actor: 4, solved_at: null}"
    overrides = (*UNSOLVABLE, *SPREAD, catch, "stop_env_steps=1200")
    first, second = train_locally(*overrides), train_locally(*overrides)
    assert first.problems() == []
    assert all(table.inserted > 0 for shard in first.shards for table in shard.stats().tables.values())
    assert first.outcome.learner_step > 50
    assert first.outcome.weights_sha256 == second.outcome.weights_sha256
    assert first.outcome.accounts == second.outcome.accounts
    assert [shard.stats() for shard in first.shards] == [shard.stats() for shard in second.shards]


def test_actors_keep_to_their_shards():
    """Each shard has heard of the actors that are assigned to it, and of no others."""
    run = train_locally(*SHORT, *SPREAD)
    for index, shard in enumerate(run.shards):
        expected = {
            f"{task}-{actor}"
            for task, count in (("chain", 3), ("identity", 2))
            for actor in range(count)
            if run.parts.replay.shard_of_actor(task, actor) == index
        }
        assert {actor for actor, _ in shard.stats().items_by_life} == expected != set()


def test_a_learner_that_sends_priorities_that_are_none_goes_on(monkeypatch: pytest.MonkeyPatch):
    """TD errors of NaN change no priority; they are counted, and the run reaches its budget."""
    send = PriorityFeedback.add
    sent: list[int] = []

    def add_with_nan(self: PriorityFeedback, batches: list[TaskBatch], errors: list[Tensor]) -> None:
        spoiled = [error.clone() for error in errors]
        spoiled[0][0], spoiled[0][1] = float("nan"), -1.0
        sent.append(2)
        send(self, batches, spoiled)

    monkeypatch.setattr(PriorityFeedback, "add", add_with_nan)
    overrides = ("replay.selector=proportional", "replay.shards=2", "tasks.chain.actors=2")
    run = train_locally(*SHORT, *overrides, "replay.capacity=2000")
    assert run.outcome.reason == "budget"
    assert run.problems() == []
    chain, identity = run.tables["chain"], run.tables["identity"]
    assert chain.invalid_updates == sum(sent[: len(sent) // 16 * 16]) > 0
    assert (identity.invalid_updates, chain.stale_updates) == (0, 0)
    assert run.statuses[-1].tasks[0].replay.table.invalid_updates > 0
    assert np.isfinite(chain.mass)


def test_how_often_a_run_reports_changes_nothing():
    """Reports come by the clock, so a slow machine reports at other moments: the result is the same."""
    ends = []
    for seconds in (1e9, 0.0):
        cadence = Cadence(report_seconds=seconds)
        runs = [
            train_locally(*UNSOLVABLE, f"stop_env_steps={budget}", cadence=cadence)
            for budget in (250, 350, 420)
        ]
        ends.append([(run.outcome.weights_sha256, run.outcome.learner_step) for run in runs])
    assert ends[0] == ends[1]


@pytest.mark.parametrize(("task", "removed"), [("chain", "identity"), ("identity", "chain")])
def test_a_task_that_is_learned_ends_the_run_as_solved(task: str, removed: str):
    """The weights that are kept are those that passed twice, and their returns are the reported ones."""
    more = ("replay.n_step=1",) if task == "identity" else ()
    run = train_locally(f"tasks.{removed}=null", *LEARNING, *more)
    evaluation = run.outcome.evaluation
    assert run.outcome.reason == "solved"
    assert evaluation is not None
    assert evaluation.request.confirms
    solved_at = run.parts.config.tasks[task].solved_at
    assert solved_at is not None
    assert evaluation.mean(task) >= solved_at
    assert evaluation.request.snapshot.digest() == run.outcome.weights_sha256 == weights_of(run)


def test_a_run_without_bounds_ends_with_its_budget():
    """It stops soon after the budget and is judged by the weights that it ends with."""
    run = train_locally(*SHORT)
    assert run.outcome.reason == "budget"
    assert 400 <= sum(run.outcome.progress.env_steps.values()) < 600
    assert run.outcome.evaluation is not None
    assert run.outcome.evaluation.request.snapshot.digest() == run.outcome.weights_sha256


def test_earlier_lives_use_up_the_budget():
    """A resumed run does the rest only, and adds it to what was there."""
    before = Progress(env_steps={"chain": 150, "identity": 100}, train_seconds=1e6, life=2)
    run = train_locally(*SHORT, "stop_env_steps=700", before=before)
    inserted = sum(table.inserted for table in run.tables.values())
    assert 450 <= inserted < 650
    assert run.outcome.progress.life == 2
    assert run.outcome.progress.env_steps["chain"] > 150
    assert run.outcome.progress.train_seconds > 1e6


def test_a_resumed_run_shows_its_training_time_once():
    """The status counts earlier lives, once."""
    before = Progress(train_seconds=1e6)
    status = train_locally(*SHORT, before=before).statuses[-1]
    assert 1e6 <= status.train_seconds < 1.5e6


def test_an_interrupt_ends_the_run_with_a_checkpoint():
    """It stops after the update at hand, evaluates nothing more, and saves what it has."""

    def interrupt(training: Training, _: LocalRuntime, status: RunStatus) -> None:
        if status.learner_step >= 30:
            training.interrupt()

    run = train_locally(*UNSOLVABLE, "evaluation.period=1000", interfere=interrupt, cadence=IN_EVERY_ROUND)
    assert run.outcome.reason == "interrupted"
    assert 30 <= run.outcome.learner_step <= 40
    assert run.saved[-1][0] == run.outcome.learner_step
    assert run.outcome.evaluation is None
    assert run.outcome.weights_sha256 == weights_of(run)


def test_checkpoints_come_by_period_and_at_the_end():
    """Every `checkpoint.period` updates and once more, with growing env steps."""
    run = train_locally(*SHORT, "checkpoint.period=20")
    steps = [step for step, _ in run.saved]
    last = run.outcome.learner_step
    assert steps == [*range(20, last + 1, 20), last]
    env_steps = [sum(counts.values()) for _, counts in run.saved]
    assert env_steps == sorted(env_steps)


@pytest.mark.parametrize("ratio", ["1.0", "16.0"])
def test_every_transition_is_accounted_for(ratio: str):
    """sent = inserted + dropped + abandoned, inserted = stored + evicted, and the shard finds no fault."""
    run = train_locally(*SHORT, "replay.capacity=150", f"replay.samples_per_insert={ratio}")
    assert run.problems() == []
    for (task, counters), report in zip(run.tables.items(), run.reports, strict=True):
        assert run.accounts[task].sent == report.sent_items
        assert report.sent_items == report.acknowledged_items + report.abandoned_items
        assert report.acknowledged_items == counters.inserted + sum(counters.dropped.values())
        assert counters.inserted == counters.items + counters.evicted
        assert counters.evicted > 0
        assert counters.stale_updates == 0


def test_without_a_replay_ratio_the_run_goes_on():
    """`replay.samples_per_insert: null` never holds the learner back, and the actors act all the same."""
    overrides = ("replay.samples_per_insert=null", "evaluation.period=10000", "learner.stall_seconds=0.5")
    run = train_locally(*SHORT, *overrides)
    assert run.outcome.reason == "budget"


def test_the_outcome_counts_every_step_that_reached_replay():
    """Summary, checkpoint and last status agree with the shard."""
    run = train_locally(*SHORT)
    inserted = {task: table.inserted for task, table in run.tables.items()}
    assert {task.name: task.env_steps for task in run.statuses[-1].tasks} == inserted
    assert run.outcome.progress.env_steps == inserted


def test_the_replay_ratio_is_kept_for_each_task():
    """Samples per insert stay within the band that the limiter allows."""
    run = train_locally(*UNSOLVABLE, "stop_env_steps=1500", "replay.samples_per_insert=4.0")
    for task in run.statuses[-1].tasks:
        assert task.replay.samples_per_insert == pytest.approx(4.0, rel=0.35)


def test_the_replay_ratio_is_kept_over_several_shards():
    """The limiter counts what all shards of a task have taken in, and no shard overruns it."""
    run = train_locally(*UNSOLVABLE, *SPREAD, "stop_env_steps=4000", "replay.samples_per_insert=4.0")
    for task in run.statuses[-1].tasks:
        assert task.replay.samples_per_insert == pytest.approx(4.0, rel=0.35)
    assert run.problems() == []
