"""What the learner's updates show, read now and then: a GPU need not be waited for at each of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from config.schema import RunConfig
from learner.batch import TaskBatch
from learner.batch_source import BatchSource
from learner.divergence import DivergedError
from learner.learner import Learner, StepResult
from learner.loss_log import LossLog
from learner.reward_sizes import RewardSizes
from training.status.phases import PhaseTimes
from training.status.reward_notices import reward_notices

SLOW_SECONDS = 1.0
"""A wait for data that is longer is told."""


@dataclass(frozen=True)
class LearnerStatus:
    """The learner at one moment.

    Attributes:
        learner_step: updates done, over all lives of the run.
        phase_seconds: its time by phase since the first update of this life.
        plain_sums: updates for which the task weighting found no weights.
        last_update_time: Unix time of the last update; None before the first of this life.
        waiting_for: tasks for whose transitions it has been waiting for a while.
        notices: a sentence for each thing about the tasks that may keep them from being learned.
        gradient_norm: of the last update, before it was bounded; None before the first of this life.
    """

    learner_step: int
    phase_seconds: Mapping[str, float]
    plain_sums: int
    last_update_time: float | None
    waiting_for: list[str]
    notices: list[str]
    gradient_norm: float | None = None


@dataclass(frozen=True)
class TaskLearning:
    """What updates show of one task.

    Attributes:
        loss: mean since it was last asked for; None if there was no update.
        weight: what the task weighting gives the task; 1 counts as in the plain sum.
        staleness: weights versions between acting and learning, over the last update that was looked at; None
            before it.
    """

    loss: float | None
    weight: float
    staleness: float | None


class UpdateLog:
    """Takes in every update.

    log.add(batches, result)
    log.refuse_divergence()                               # before anything of the learner goes anywhere
    log.learner(), log.tasks()
    """

    def __init__(
        self,
        config: RunConfig,
        learner: Learner,
        source: BatchSource,
        phases: PhaseTimes,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._learner = learner
        self._source = source
        self._phases = phases
        self._clock = clock
        self._losses = LossLog(list(config.tasks))
        self._reward_sizes = RewardSizes(list(config.tasks))
        self._staleness: dict[str, float] = {}
        self._gradient_norm: Tensor | None = None
        self._begun_at = clock()
        self._last_at: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there was no update yet."""
        return self._last_at is None

    def add(self, batches: Sequence[TaskBatch], result: StepResult) -> None:
        """Take in an update that was just made from these batches."""
        self._last_at = self._clock()
        self._losses.add(result.loss_T)
        self._gradient_norm = result.gradient_norm
        if self._learner.learner_step % self._config.learner.publish_period == 0:
            self._staleness = {batch.task: batch.staleness for batch in batches}
            self._reward_sizes.look_at(batches)

    def refuse_divergence(self) -> None:
        """Raise a DivergedError that names the task: losses show it before the weights do."""
        task = self._losses.not_finite()
        if task is not None:
            raise DivergedError(f"the loss of task {task!r}")

    def learner(self) -> LearnerStatus:
        """Return how the learner stands."""
        return LearnerStatus(
            learner_step=self._learner.learner_step,
            phase_seconds=dict(self._phases.seconds),
            plain_sums=self._learner.weighting.plain_sums,
            last_update_time=self._last_update_time(),
            waiting_for=self._waiting_for(),
            notices=reward_notices(self._config, self._reward_sizes.largest(), self._reward_sizes.looks),
            gradient_norm=None if self._gradient_norm is None else self._gradient_norm.item(),
        )

    def tasks(self) -> dict[str, TaskLearning]:
        """Return what is known of each task; the mean losses begin anew."""
        losses = self._losses.take()
        weights_T = self._learner.weighting.weights_T.tolist()
        return {
            task: TaskLearning(losses.get(task), weight, self._staleness.get(task))
            for task, weight in zip(self._config.tasks, weights_T, strict=True)
        }

    def _last_update_time(self) -> float | None:
        """Return when the last update was, also after somebody has set the clock on the wall."""
        return None if self._last_at is None else time.time() - (self._clock() - self._last_at)

    def _waiting_for(self) -> list[str]:
        since = self._begun_at if self._last_at is None else self._last_at
        return self._source.waiting_for() if self._clock() - since > SLOW_SECONDS else []
