"""From the parts of a run to its training: the one place where they are joined."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from learner.learner import Learner
from learner.probes.reading import ProbeReading
from training.cadence import USUAL, Cadence
from training.ending import RecordOutcome
from training.evaluation.evaluations import RecordEvaluation
from training.evaluation.probing import Probing
from training.loop import Training
from training.parts.parts import Parts
from training.runtime import Runtime
from training.saving import SaveCheckpoint
from training.status.progress import Progress
from training.status.records import DiskStatus
from training.status.reporting import Observer, Reporter


def _forget(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Outlets:
    """Where goes what a run has to say; nowhere, if nobody says where.

    Attributes:
        observers: see every status.
        checkpoint: writes the learner, and how far the run has come.
        evaluation: takes every finished evaluation.
        probes: takes every reading of the probes.
        outcome: writes down what the run has come to, as far as that is known.
        disk: says how full the file system is where all this goes.
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
        outlets: where goes what there is to say.
        clock: seconds, for everything that the training does by the clock.
        cadence: how often it does that.
    """
    config = parts.config
    router = parts.replay.router(runtime.clients)
    capacities = parts.replay.capacities()
    period = config.probes.period
    return Training(
        config,
        runtime,
        learner,
        router,
        parts.replay.batch_source(router, parts.device()),
        Reporter(config, capacities, before, learner.learner_step, outlets.observers, clock, outlets.disk),
        outlets.checkpoint,
        outlets.evaluation,
        before,
        clock,
        cadence,
        None if period is None else Probing(period, outlets.probes),
        outlets.outcome,
    )
