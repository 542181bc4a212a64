"""Priority feedback, the loss log, and the weights publisher."""

import numpy as np
import pytest
import torch

from learner.loss_log import LossLog
from learner.priority_feedback import PriorityFeedback
from learner.weights_publisher import WeightsPublisher
from network.weights import WeightsLayout, WeightsSnapshot
from replay.client import LocalShardClient
from tests.support.builders import make_router, make_shard
from tests.support.learning_builders import make_batches, make_learner


class RecordingClient(LocalShardClient):
    """A shard client that remembers priority updates."""

    def __init__(self) -> None:
        super().__init__(make_shard(("a", "b"), num_rows=2000))
        self.updates: list[tuple[str, list[int], list[float]]] = []

    def update_priorities(self, task, keys, priorities):
        self.updates.append((task, keys.tolist(), priorities.tolist()))
        return super().update_priorities(task, keys, priorities)


def test_each_key_goes_back_once_with_its_own_td_error():
    """Every `period` updates there is one call a task; keys and |TD errors| stay side by side."""
    client = RecordingClient()
    feedback = PriorityFeedback(make_router([client], ("a", "b")), period=3)
    learner = make_learner()
    rng = np.random.default_rng(0)
    expected: dict[str, list[tuple[int, float]]] = {"a": [], "b": []}
    for step in range(1, 8):
        batches = make_batches(rng)
        errors = learner.step(batches).abs_td_errors
        feedback.add(batches, errors)
        for batch, error_B in zip(batches, errors, strict=True):
            expected[batch.task] += zip(batch.keys.tolist(), error_B.tolist(), strict=True)
        assert len(client.updates) == 2 * (step // 3)
    for task, per_update in (("a", 6), ("b", 4)):
        sent = [
            p for name, keys, values in client.updates if name == task for p in zip(keys, values, strict=True)
        ]
        assert sent == expected[task][: 6 * per_update]


def test_priorities_arrive_as_float32():
    """The shard gets an array of its own dtype, without a gradient."""
    received = []

    class Typed(RecordingClient):
        def update_priorities(self, task, keys, priorities):
            received.append((task, keys.dtype, priorities.dtype))
            return True

    batches = make_batches(np.random.default_rng(0))
    feedback = PriorityFeedback(make_router([Typed()], ("a", "b")), period=1)
    feedback.add(batches, make_learner().step(batches).abs_td_errors)
    assert received == [("a", np.int64, np.float32), ("b", np.int64, np.float32)]


def test_the_loss_log_gives_means_since_it_was_last_read():
    """Two updates are averaged, reading starts anew, and nothing gives nothing."""
    log = LossLog(["a", "b"])
    assert log.take() == {}
    first = torch.tensor([1.0, 2.0])
    log.add(first)
    log.add(torch.tensor([3.0, 6.0]))
    assert log.take() == {"a": 2.0, "b": 4.0}
    assert log.take() == {}
    log.add(torch.tensor([5.0, 5.0]))
    assert log.take() == {"a": 5.0, "b": 5.0}
    assert first.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_the_loss_log_names_the_task_that_went_wrong(bad):
    """One bad value among good updates is enough, until the log is read."""
    log = LossLog(["a", "b"])
    assert log.not_finite() is None
    log.add(torch.tensor([1.0, bad]))
    log.add(torch.tensor([1.0, 1.0]))
    assert log.not_finite() == "b"
    log.take()
    assert log.not_finite() is None


class Sink:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.snapshots: list[WeightsSnapshot] = []

    def publish(self, snapshot: WeightsSnapshot) -> None:
        self.snapshots.append(snapshot)


def test_versions_count_from_zero_and_carry_the_step():
    """The first weights are version 0; each publication is the next one, with the updates before it."""
    learner, sink = make_learner(), Sink()
    publisher = WeightsPublisher(learner, sink)
    assert publisher.version == -1
    rng = np.random.default_rng(0)
    for _ in range(3):
        returned = publisher.publish()
        assert returned is sink.snapshots[-1]
        learner.step(make_batches(rng))
        learner.step(make_batches(rng))
    assert [(s.version, s.learner_step) for s in sink.snapshots] == [(0, 0), (1, 2), (2, 4)]
    assert publisher.version == 2


def test_a_published_snapshot_does_not_change_with_the_learner():
    """It is a copy of the weights as they were."""
    learner, sink = make_learner(), Sink()
    snapshot = WeightsPublisher(learner, sink).publish()
    before = snapshot.digest()
    learner.step(make_batches(np.random.default_rng(0)))
    assert snapshot.digest() == before
    assert WeightsLayout(learner.network).snapshot(learner.network).digest() != before


def test_versions_of_a_run_never_go_back():
    """A learner counts on from what the run published, and from what anybody has heard of since."""
    sink = Sink()
    publisher = WeightsPublisher(make_learner(), sink, newest=7)
    publisher.publish()
    publisher.go_on_from(12)
    publisher.publish()
    publisher.go_on_from(5)
    publisher.publish()
    assert [snapshot.version for snapshot in sink.snapshots] == [8, 13, 14]
