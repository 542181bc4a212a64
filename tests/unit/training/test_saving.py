"""When a checkpoint is due: after so many updates, and after so much time where updates are slow."""

from config.schema import CheckpointConfig
from learner.learner import Learner
from tests.support.learning_builders import make_learner, tiny_parts
from tests.unit.training.test_clocks import HandClock
from training.local.shards import LocalShards
from training.saving import Saver
from training.shard_supervision import ShardKeeper
from training.status.progress import Progress


def saver_of(learner: Learner, clock: HandClock, written: list[int], **settings: float) -> Saver:
    shards = LocalShards(tiny_parts())
    keeper = ShardKeeper(shards, tiny_parts().replay.router(shards.clients))
    config = CheckpointConfig.model_validate({"period": 100, "seconds": 60.0, **settings})
    return Saver(config, learner, lambda at, _: written.append(at.learner_step), keeper, Progress, clock)


def test_one_is_due_every_so_many_updates():
    """At the step itself, once."""
    written: list[int] = []
    learner = make_learner()
    saver = saver_of(learner, HandClock(), written)
    due = []
    for learner.learner_step in range(1, 301):
        if saver.due():
            due.append(learner.learner_step)
            saver.save_learner(Progress())
    assert due == written == [100, 200, 300]


def test_one_is_due_when_updates_are_slow():
    """A minute after the last one, if there was an update since: long before the hundredth."""
    written: list[int] = []
    learner, clock = make_learner(), HandClock()
    saver = saver_of(learner, clock, written)
    clock.now += 61.0
    assert not saver.due()
    learner.learner_step = 3
    assert saver.due()
    saver.save_learner(Progress())
    clock.now += 59.0
    learner.learner_step = 5
    assert not saver.due()
    clock.now += 1.0
    assert saver.due()
    assert (written, saver.last.learner_step, saver.checkpoints) == ([3], 3, 1)
