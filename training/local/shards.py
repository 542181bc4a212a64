"""Shards in the learner's process."""

from replay.client import LocalShardClient, ShardClient
from training.errors import TrainingFailedError
from training.parts.parts import Parts
from training.runtime import ShardState


class LocalShards:
    """Shards in this process, which cannot die alone and are saved at once."""

    def __init__(self, parts: Parts) -> None:
        self._replay = parts.replay
        indices = range(parts.replay.num_shards)
        self._writers = [parts.replay.snapshot_writer(index) for index in indices]
        self.all = [parts.replay.shard(index) for index in indices]
        self.clients: list[ShardClient] = [LocalShardClient(shard) for shard in self.all]

    def restore(self) -> None:
        """Fill them from their snapshots."""
        for index, shard in enumerate(self.all):
            self._replay.restore(shard, index)

    def revive(self, shard: int, reason: str) -> ShardState:
        """End the run: what went wrong in one of them went wrong in the learner's process.

        Raises:
            TrainingFailedError: always.
        """
        raise TrainingFailedError(f"shard {shard} in the learner's own process failed: {reason}")

    def save(self) -> bool:
        """Save every shard now.

        Raises:
            TrainingFailedError: the files cannot be written.
        """
        try:
            for shard, writer in zip(self.all, self._writers, strict=True):
                if writer is not None:
                    for piece in writer.pieces(shard.tables):
                        writer.write(piece)
                    writer.commit()
            self._replay.remove_old_snapshots()
        except OSError as error:
            raise self._replay.not_saved(error) from error
        return True

    def finish_save(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - nothing is under way
        """Return True: what `save` began is done."""
        return True
