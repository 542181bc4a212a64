"""Saves a run while it trains: its learner, and replay beside it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from config.schema import CheckpointConfig
from learner.divergence import refuse_divergence
from learner.learner import Learner
from training.shard_supervision import ShardKeeper
from training.status.progress import Progress


@dataclass(frozen=True)
class CheckpointStatus:
    """The last checkpoint: of which learner step, and when in Unix time."""

    learner_step: int
    time: float


@dataclass(frozen=True)
class SavingStatus:
    """Checkpoints at one moment.

    Attributes:
        checkpoints: written in this life of the run.
        last_checkpoint: the last one; before the first, what this life began with.
        checkpoint_period: updates between two of them.
        replay_saves_skipped: checkpoints of this life without a save of replay, since the save before was not
            finished.
    """

    checkpoints: int
    last_checkpoint: CheckpointStatus
    checkpoint_period: int
    replay_saves_skipped: int


SaveCheckpoint = Callable[[Learner, Progress], None]
"""Writes a checkpoint of a learner and of how far the run has come."""


class Saver:
    """Knows when a checkpoint is due, and lets no diverged learner into one.

        saver = Saver(config.checkpoint, learner, directory.save_checkpoint, keeper, progress, time.monotonic)
        if saver.due():
            saver.save()

    Attributes:
        checkpoints: how many were written in this life of the run.
    """

    def __init__(
        self,
        config: CheckpointConfig,
        learner: Learner,
        write: SaveCheckpoint,
        keeper: ShardKeeper,
        progress: Callable[[], Progress],
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._learner = learner
        self._write = write
        self._keeper = keeper
        self._progress = progress
        self._clock = clock
        self._saved_at, self._saved_step = clock(), learner.learner_step
        self.checkpoints = 0

    @property
    def last(self) -> CheckpointStatus:
        """The last one; before the first, what this life began with.

        Its time is computed from its age, so that setting the clock on the wall does not change the age.
        """
        return CheckpointStatus(self._saved_step, time.time() - (self._clock() - self._saved_at))

    def status(self) -> SavingStatus:
        """Return how checkpoints stand."""
        return SavingStatus(self.checkpoints, self.last, self._config.period, self._keeper.skipped_saves)

    def due(self) -> bool:
        """Return whether so many updates, or so much time, have passed since the last checkpoint."""
        updates = self._learner.learner_step - self._saved_step
        if not updates:
            return False
        late = self._clock() - self._saved_at >= self._config.seconds
        return late or self._learner.learner_step % self._config.period == 0

    def save(self) -> None:
        """Write a checkpoint, and begin to save replay, unless that is still under way.

        Raises:
            DivergedError: the learner holds numbers that are not finite; no file was touched.
            TrainingFailedError: the files cannot be written.
        """
        self.save_learner(self._progress())
        self._keeper.save()

    def save_learner(self, progress: Progress) -> None:
        """Write a checkpoint alone.

        Raises:
            DivergedError, TrainingFailedError: as for `save`.
        """
        refuse_divergence(self._learner)
        self._write(self._learner, progress)
        self._saved_at, self._saved_step = self._clock(), self._learner.learner_step
        self.checkpoints += 1

    def save_replay(self, timeout_seconds: float) -> bool:
        """Save replay as it is now and wait, at most so long; return whether it is saved."""
        return self._config.replay and self._keeper.save_and_wait(timeout_seconds)
