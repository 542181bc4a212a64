"""From the parts of a run to its training: the one place where they are joined."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from learner.learner import Learner
from learner.probes.reading import ProbeReading
from learner.weights_publisher import WeightsPublisher
from training.cadence import USUAL, Cadence
from training.ending import Ending, RecordOutcome
from training.evaluation.evaluations import Evaluations, RecordEvaluation
from training.evaluation.judge import Judge
from training.evaluation.probing import Probing
from training.intake import Intake
from training.interruption import Interruption
from training.loop import PHASES, Training
from training.parts.parts import Parts
from training.runtime import Runtime
from training.saving import SaveCheckpoint, Saver
from training.schedule import Schedule
from training.shard_supervision import ShardKeeper
from training.stalling import StallGuard
from training.status.phases import PhaseTimes
from training.status.progress import Progress
from training.status.reading import Learned, StatusReader
from training.status.records import DiskStatus
from training.status.replay_status import ReplayReader
from training.status.reporting import Observer, Reporter
from training.supervision import Supervision
from training.update_log import UpdateLog
from training.updating import Updates


def _forget(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Outlets:
    """Where a run's output goes; by default nowhere.

    Attributes:
        observers: see every status.
        checkpoint: writes the learner, and how far the run has come.
        evaluation: takes every finished evaluation.
        probes: takes every reading of the probes.
        outcome: writes down what the run has come to, as far as that is known.
        disk: says how full the run's file system is.
    """

    observers: Sequence[Observer] = ()
    checkpoint: SaveCheckpoint = _forget
    evaluation: RecordEvaluation = _forget
    probes: Callable[[ProbeReading], None] = _forget
    outcome: RecordOutcome = _forget
    disk: Callable[[], DiskStatus | None] = lambda: None


def assemble(
    parts: Parts,
    runtime: Runtime,
    learner: Learner,
    before: Progress,
    outlets: Outlets = Outlets(),
    clock: Callable[[], float] = time.perf_counter,
    cadence: Cadence = USUAL,
) -> Training:
    """Return a training that can begin.

        with LocalRuntime(parts) as runtime:
            outcome = assemble(parts, runtime, parts.learner(), Progress()).run()

    Args:
        parts: builds what is needed.
        runtime: has been entered.
        learner: as the last life of the run left it.
        before: what that life, and those before it, amount to.
        outlets: where the run's output goes.
        clock: seconds, for everything that the training does by the clock.
        cadence: how often it does that.
    """
    config, tasks = parts.config, list(parts.config.tasks)
    actors, fleet, shards = runtime.actors, runtime.fleet, runtime.shards
    router = parts.replay.router(shards.clients)
    source = parts.replay.batch_source(router, parts.device())
    phases = PhaseTimes(clock, PHASES)
    probing = Probing(config.probes.period, outlets.probes)
    log = UpdateLog(config, learner, source, phases, clock)
    updates = Updates(config, learner, source, router, probing, log, phases, cadence.wait_seconds)
    publisher = WeightsPublisher(learner, runtime.weights, before.weights_version)
    intake = Intake(tasks, shards.clients, actors, router, before, clock)

    def progress() -> Progress:
        return intake.progress(publisher.version)

    judge = Judge({name: task.solved_at for name, task in config.tasks.items()})
    evaluations = Evaluations(runtime.evaluator, judge, publisher, progress, outlets.evaluation)
    keeper = ShardKeeper(shards, router)
    saver = Saver(config.checkpoint, learner, outlets.checkpoint, keeper, progress, clock)
    replay = ReplayReader(config.replay, parts.replay.capacities(), intake.monitor, router, keeper)
    learned = Learned(log, evaluations, probing)
    read = StatusReader(config, progress, learned, replay, saver, fleet, outlets.disk)
    report = Reporter(read, before.env_steps, learner.learner_step, outlets.observers, clock).report

    def moved() -> int:
        return intake.env_steps() + learner.learner_step

    guard = StallGuard(config.learner.stall_seconds, source, keeper, fleet.crew, moved)
    supervision = Supervision(keeper, guard, fleet, tasks, report, clock, cadence)
    interruption = Interruption(runtime.halt)
    ending = Ending(
        config, learner, intake, progress, evaluations, saver, interruption, report, outlets.outcome
    )
    schedule = Schedule(config, log, publisher, evaluations, saver, phases)
    return Training(config, intake, updates, schedule, supervision, interruption, ending)
