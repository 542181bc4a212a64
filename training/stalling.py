"""A run that stands still: told from one that is slow, and from one that waits for slots or shards."""

from collections.abc import Callable

from learner.batch_source import BatchSource
from training.errors import TrainingFailedError
from training.fleet import Crew
from training.patience import Patience
from training.shard_supervision import ShardKeeper


class StallGuard:
    """Ends a run in which neither env steps nor updates are made any more.

        guard = StallGuard(300.0, source, keeper, fleet.crew, lambda: env_steps() + learner.learner_step)
        guard.begin(now)
        guard.look(now)                                   # often

    While slots or shards are waited for nothing counts as a stall: the status says what is missing.

    Args:
        stall_seconds: how long it may last, at least; `learner.stall_seconds`.
        source: knows the tasks for which the learner waits.
        keeper: knows whether a shard is waited for.
        crew: the actors of a task.
        count: grows while anything moves.
    """

    def __init__(
        self,
        stall_seconds: float,
        source: BatchSource,
        keeper: ShardKeeper,
        crew: Callable[[str], Crew],
        count: Callable[[], int],
    ) -> None:
        self._stall_seconds = stall_seconds
        self._patience = Patience(stall_seconds)
        self._source = source
        self._keeper = keeper
        self._crew = crew
        self._count = count

    def begin(self, now: float) -> None:
        """The run sets to work."""
        self._patience.begin(now)

    def look(self, now: float) -> None:
        """Take in how far the run is.

        Raises:
            TrainingFailedError: it has stood still for too long.
        """
        missing = self._source.waiting_for()
        if self._keeper.waits or any(self._crew(task).slots == 0 for task in missing):
            self._patience.begin(now)
            return
        self._patience.look(now, self._count())
        if self._patience.is_over:
            raise TrainingFailedError(
                f"nothing reached replay for {self._patience.limit_seconds:.0f} s, and the learner waits "
                f"for: {', '.join(missing)} (learner.stall_seconds, now {self._stall_seconds:g}, says how "
                "long it may wait)"
            )
