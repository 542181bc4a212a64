"""What is done every so many updates: publishing weights, evaluating them, saving."""

from config.schema import RunConfig
from learner.weights_publisher import WeightsPublisher
from training.evaluation.evaluations import Evaluations
from training.saving import Saver
from training.status.phases import PhaseTimes
from training.update_log import UpdateLog


class Schedule:
    """Knows what is due after an update, and has it done.

        schedule.begin(newest_version)
        schedule.after_update(learner.learner_step)
        schedule.tick()                                   # often: an evaluation may have come to an end

    Nothing of a learner whose losses are not finite goes anywhere.
    """

    def __init__(
        self,
        config: RunConfig,
        log: UpdateLog,
        publisher: WeightsPublisher,
        evaluations: Evaluations,
        saver: Saver,
        phases: PhaseTimes,
    ) -> None:
        self._publish_period = config.learner.publish_period
        self._evaluation_period = config.evaluation.period
        self._log = log
        self._publisher = publisher
        self._evaluations = evaluations
        self._saver = saver
        self._phases = phases

    @property
    def weights_version(self) -> int:
        """Newest version published."""
        return self._publisher.version

    @property
    def solved(self) -> bool:
        """Whether the evaluations found every task solved."""
        return self._evaluations.judge.solved is not None

    def begin(self, newest_version: int) -> None:
        """Publish the weights as they are; `newest_version` is an earlier learner's, or -1."""
        self._publisher.go_on_from(newest_version)
        self._publisher.publish()

    def after_update(self, learner_step: int) -> None:
        """Do what is due after so many updates.

        Raises:
            DivergedError: the losses are not finite.
            TrainingFailedError: the files of a checkpoint cannot be written.
        """
        if learner_step % self._publish_period == 0:
            self._log.refuse_divergence()
            self._publisher.publish()
            self._phases.mark("publishing")
        if learner_step % self._evaluation_period == 0:
            self._evaluations.due()
        if self._saver.due():
            self._log.refuse_divergence()
            self._saver.save()

    def tick(self) -> None:
        """Take in an evaluation that has come to an end, and begin one that is due."""
        self._evaluations.tick()
