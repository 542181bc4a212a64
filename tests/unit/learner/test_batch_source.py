"""The batch source: whole batches of every task, one request of a task under way."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from learner.batch_source import BatchSource, Position
from learner.td import importance_weights
from replay.client import LocalShardClient, Reply
from replay.messages import NotReady, SampleAnswer, Sampled
from replay.rate_limiter import RateLimiter
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import make_block, make_table
from tests.support.learning_builders import SlowShardClient

START = Position(0, 0)


def filled_shard(*tasks: str, items: int = 1) -> Shard:
    """A shard of two tables `a` and `b` that want `items` items, with 8 items of each named task."""
    limiter = {"samples_per_insert": None, "min_size_to_sample": items, "error_buffer": 0.0}
    shard = Shard({task: make_table(task, limiter=RateLimiter(**limiter)) for task in "ab"})
    for task in tasks:
        shard.insert(encode_block(make_block(task, weights_version=4)))
    return shard


def source_over(client: LocalShardClient, exponent: Callable[[int], float] = lambda _: 0.5) -> BatchSource:
    return BatchSource(client, {"a": 6, "b": 3}, 4, exponent, torch.device("cpu"))


def test_batches_have_their_sizes_in_the_order_of_the_tasks():
    """Each update gets one batch a task, of that task's size, cut from requests of several batches."""
    client = SlowShardClient(filled_shard("a", "b"))
    source = source_over(client)
    assert source.poll(START) is None
    for _ in range(20):
        batches = source.poll(START)
        assert batches is not None
        assert [batch.task for batch in batches] == ["a", "b"]
        assert [len(batch.keys) for batch in batches] == [6, 3]
        assert [len(batch.importance_B) for batch in batches] == [6, 3]
    assert {(task, size) for task, size, _ in client.requests} == {("a", 24), ("b", 12)}


def test_nothing_comes_while_any_task_is_missing():
    """One task without data holds the update back, and nothing of the other is used up or asked for again."""
    shard = filled_shard("a")
    client = SlowShardClient(shard)
    source = source_over(client)
    assert [source.poll(START) for _ in range(5)] == [None] * 5
    assert source.waiting_for() == ["b"]
    assert [task for task, _, _ in client.requests].count("a") == 2
    shard.insert(encode_block(make_block("b")))
    assert source.poll(START) is None
    assert source.poll(START) is not None
    assert shard.stats().tables["a"].sampled == 2 * 24


def test_a_batch_is_never_short():
    """Below the size that sampling needs there is nothing at all, however often one asks."""
    shard = filled_shard("a", "b", items=9)
    source = source_over(LocalShardClient(shard))
    assert [source.poll(START) for _ in range(5)] == [None] * 5
    assert source.waiting_for() == ["a", "b"]
    for task in "ab":
        shard.insert(encode_block(make_block(task, sequence=1)))
    polls = [source.poll(START) for _ in range(9)]
    assert [len(batch.keys) for batches in polls if batches for batch in batches] == [6, 3] * 8


def test_one_request_of_a_task_is_under_way_at_a_time():
    """While an answer is on its way nothing more is asked for; one that came is followed by one request."""
    client = SlowShardClient(filled_shard("a", "b"))
    client.open = False
    source = source_over(client)
    assert [source.poll(START) for _ in range(10)] == [None] * 10
    assert len(client.requests) == 2
    client.open = True
    assert source.poll(START) is not None
    client.open = False
    assert len(client.requests) == 4
    assert [source.poll(START) is None for _ in range(4)] == [False, False, False, True]
    assert len(client.requests) == 4
    assert source.waiting_for() == ["a", "b"]


def test_batches_of_one_answer_partition_it():
    """Every sampled item is in exactly one batch, its columns side by side."""
    answers: list[Sampled] = []

    class Recording(LocalShardClient):
        def sample(self, task: str, size: int, weights_version: int) -> Reply[SampleAnswer]:
            reply = super().sample(task, size, weights_version)
            answer = reply.result()
            if task == "a" and isinstance(answer, Sampled):
                answers.append(answer)
            return reply

    source = source_over(Recording(filled_shard("a", "b")), exponent=lambda _: 0.5)
    source.poll(START)
    batches = [batch for _ in range(4) for batch in source.poll(START) or [] if batch.task == "a"]
    first = answers[0]
    offsets = {batch.keys.tobytes(): batch for batch in batches}
    for start in range(0, 24, 6):
        part = slice(start, start + 6)
        batch = offsets[first.keys[part].tobytes()]
        np.testing.assert_array_equal(batch.obs_BO.numpy(), first.observations[part])
        np.testing.assert_array_equal(batch.next_obs_BO.numpy(), first.next_observations[part])
        np.testing.assert_array_equal(batch.action_B.numpy(), first.actions[part])
        np.testing.assert_array_equal(batch.reward_n_B.numpy(), first.rewards_n[part])
        np.testing.assert_array_equal(batch.discount_n_B.numpy(), first.discounts_n[part])
        expected = importance_weights(first.probabilities[part], first.num_items, 0.5)
        np.testing.assert_array_equal(batch.importance_B.numpy(), expected)
        assert float(batch.importance_B.max()) == 1.0
    assert len(offsets) == 4


def test_batches_are_copies():
    """Overwriting the table's rows leaves a batch that was handed out as it is."""
    shard = filled_shard("a", "b")
    source = source_over(LocalShardClient(shard))
    source.poll(START)
    batches = source.poll(START)
    assert batches is not None
    before = batches[0].obs_BO.clone()
    for sequence in range(1, 9):
        shard.insert(encode_block(make_block("a", sequence=sequence, rng=np.random.default_rng(sequence))))
    assert torch.equal(batches[0].obs_BO, before)


def test_staleness_counts_versions_between_acting_and_learning():
    """Items of version 4, taken in when version 9 is the newest, are 5 versions old."""
    source = source_over(LocalShardClient(filled_shard("a", "b")))
    source.poll(Position(0, 9))
    batches = source.poll(Position(0, 9))
    assert batches is not None
    assert batches[0].staleness == 5.0


def test_the_shard_hears_of_the_newest_version_with_every_request():
    """So actors learn of new weights: the request carries the version, acknowledgements repeat it."""
    shard = filled_shard("a", "b")
    source_over(LocalShardClient(shard)).poll(Position(0, 7))
    answer = shard.insert(encode_block(make_block("a", sequence=1)))
    assert answer.weights_version == 7


@pytest.mark.parametrize("step", [0, 17])
def test_the_exponent_is_the_learners_own_at_that_step(step):
    """The schedule is asked with the learner's step."""
    asked: list[int] = []
    source = source_over(LocalShardClient(filled_shard("a", "b")), lambda at: asked.append(at) or 0.0)
    source.poll(Position(step, 0))
    batches = source.poll(Position(step, 0))
    assert batches is not None
    assert set(asked) == {step}
    assert all((batch.importance_B == 1.0).all() for batch in batches)


def test_waiting_waits_only_for_what_is_missing():
    """It asks the outstanding answer, and none where batches are there."""
    client = SlowShardClient(filled_shard("a", "b"))
    source = source_over(client)
    source.wait(0.0)
    source.poll(START)
    client.open = False
    source.wait(0.0)
    assert isinstance(LocalShardClient(filled_shard()).sample("a", 1, 0).result(), NotReady)
    assert source.poll(START) is None
