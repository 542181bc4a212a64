"""The learner's updates, made from the batches that replay has ready."""

import time

from config.schema import RunConfig
from learner.batch_source import BatchSource, Position
from learner.learner import Learner
from learner.priority_feedback import PriorityFeedback
from replay.router import ReplayRouter
from replay.selectors.table import SELECTORS
from training.evaluation.probing import Probing
from training.status.phases import PhaseTimes
from training.update_log import UpdateLog

FEEDBACK_PERIOD = 16
"""Updates whose new priorities go back to replay in one call."""


class Updates:
    """Makes one update after another: probes before it, new priorities after it.

        if not updates.next(publisher.version):
            updates.wait()

    Attributes:
        learner: what is updated.
        phases: where its time goes.
    """

    def __init__(
        self,
        config: RunConfig,
        learner: Learner,
        source: BatchSource,
        router: ReplayRouter,
        probing: Probing,
        log: UpdateLog,
        phases: PhaseTimes,
        wait_seconds: float,
    ) -> None:
        self._source = source
        self._router = router
        self._probing = probing
        self.phases = phases
        self._wait_seconds = wait_seconds
        prioritised = SELECTORS[config.replay.selector].wants_priorities
        self._feedback = PriorityFeedback(router, FEEDBACK_PERIOD) if prioritised else None
        self.learner = learner
        self._log = log

    def next(self, weights_version: int) -> bool:
        """Make one update, unless a task has no batch for it yet; return whether it was made.

        Args:
            weights_version: newest published.
        """
        batches = self._source.poll(Position(self.learner.learner_step, weights_version))
        if batches is None:
            return False
        if self._log.is_empty:
            self.phases.restart()
        self.phases.mark("waiting")
        if self._probing.before_update(self.learner, batches):
            self.phases.mark("probing")
        result = self.learner.step(batches)
        self.phases.mark("update")
        self._log.add(batches, result)
        if self._feedback is not None:
            self._feedback.add(batches, result.abs_td_errors)
        return True

    def wait(self) -> None:
        """Wait for batches, for `wait_seconds` at most."""
        if all(self._router.reaches(task) for task in self._source.waiting_for()):
            self._source.wait(self._wait_seconds)
        else:
            time.sleep(self._wait_seconds)
        self.phases.mark("waiting")
