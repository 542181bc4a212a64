"""The batch source: whole batches of every task, a bounded number of requests under way, frame stacks."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from learner.batch_source import LARGE_BYTES, BatchSource, Position, Supply, split_windows
from learner.td import importance_weights
from replay.client import Answered, LocalShardClient, Reply, ShardClient
from replay.keys import split_keys
from replay.messages import Inserted, Pace, SampleAnswer, Sampled, TableProgress
from replay.n_step import ReturnSpec
from replay.rate_limiter import RateLimiter
from replay.row import TRUNCATED
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import FREELY, NO_RATE, make_block, make_router, make_shard
from tests.support.learning_builders import Delayed, SlowShardClient
from tests.support.shard_clients import MortalShardClient, NotedReply

START = Position(0, 0)
SUPPLIES = {
    "a": Supply(batch_size=6, batches_per_request=4, requests=2),
    "b": Supply(batch_size=3, batches_per_request=4, requests=2),
}


def filled_shard(*tasks: str, **settings: object) -> Shard:
    """A shard of two tables `a` and `b`, with 8 items of each named task."""
    shard = make_shard(("a", "b"), **settings)
    for task in tasks:
        assert shard.insert(encode_block(make_block(task, weights_version=4))) == Inserted(8, 0)
    return shard


def source_over(
    *clients: ShardClient | Shard,
    exponent: Callable[[int], float] = lambda _: 0.5,
    limiter: RateLimiter = NO_RATE,
    supplies: dict[str, Supply] = SUPPLIES,
) -> BatchSource:
    router = make_router(clients, tasks=list(supplies), limiter=limiter)
    return BatchSource(router, supplies, exponent, torch.device("cpu"))


def poll_all(source: BatchSource, count: int, position: Position = START) -> list:
    """Poll so often; return the batches that came."""
    return [batches for _ in range(count) if (batches := source.poll(position)) is not None]


def test_batches_have_their_sizes_in_the_order_of_the_tasks():
    """Each update gets one batch a task, of that task's size, cut from requests of several batches."""
    client = SlowShardClient(filled_shard("a", "b"))
    source = source_over(client)
    assert source.poll(START) is None
    polled = poll_all(source, 21)
    assert len(polled) >= 20
    for batches in polled:
        assert [batch.task for batch in batches] == ["a", "b"]
        assert [len(batch.keys) for batch in batches] == [6, 3]
        assert [len(batch.importance_B) for batch in batches] == [6, 3]
        assert [batch.obs_BO.shape for batch in batches] == [(6, 3), (3, 3)]
        assert {batch.action_B.dtype for batch in batches} == {torch.int64}
    assert {(task, size) for task, size, _ in client.requests} == {("a", 24), ("b", 12)}


def test_nothing_comes_while_any_task_is_missing():
    """One task without data holds the update back; nothing of the other is used up or asked for again."""
    shard = filled_shard("a")
    client = SlowShardClient(shard)
    source = source_over(client)
    assert poll_all(source, 6) == []
    assert source.waiting_for() == ["b"]
    assert [task for task, _, _ in client.requests] == ["a", "a"]
    shard.insert(encode_block(make_block("b")))
    assert len(poll_all(source, 4)) >= 1
    assert shard.stats().tables["a"].sampled == 2 * 24


def test_a_batch_is_never_short():
    """Below the size that sampling needs there is nothing at all, however often one asks."""
    shard = filled_shard("a", "b")
    source = source_over(shard, limiter=RateLimiter(None, min_size_to_sample=9, error_buffer=0.0))
    assert poll_all(source, 5) == []
    assert source.waiting_for() == ["a", "b"]
    for task in "ab":
        shard.insert(encode_block(make_block(task, sequence=1)))
    polled = poll_all(source, 9)
    assert [len(batch.keys) for batches in polled for batch in batches] == [6, 3] * len(polled)
    assert len(polled) >= 7


@pytest.mark.parametrize("requests", [1, 2, 5])
def test_the_requests_under_way_or_not_used_up_are_bounded(requests: int):
    """While answers are on their way nothing more is asked for; each one used up makes room for one."""
    client = SlowShardClient(filled_shard("a"))
    source = source_over(client, supplies={"a": Supply(6, batches_per_request=4, requests=requests)})
    client.open = False
    assert poll_all(source, 10) == []
    assert len(client.requests) == requests
    client.open = True
    came = 0
    for _ in range(30):
        came += source.poll(START) is not None
        begun = -(-came // 4)
        assert requests - 1 <= len(client.requests) - begun <= requests
    assert came >= 20
    client.open = False
    assert len(poll_all(source, 20)) < 4
    assert source.waiting_for() == ["a"]


def test_answers_are_used_in_the_order_in_which_they_were_asked_for():
    """One that is there before its turn waits for it."""
    answers: list[list[int]] = []
    arrived: set[int] = set()

    class OutOfOrder(LocalShardClient):
        def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
            answer = super().sample(task, size, pace).result()
            number = len(answers)
            assert isinstance(answer, Sampled)
            answers.append(answer.keys.tolist())
            return Delayed(answer, lambda: number in arrived)

    source = source_over(OutOfOrder(filled_shard("a")), supplies={"a": Supply(6, 1, requests=3)})
    poll_all(source, 3)
    arrived |= {1, 2}
    assert poll_all(source, 3) == []
    arrived.add(0)
    assert [batch.keys.tolist() for (batch,) in poll_all(source, 3)] == answers[:3]


def test_batches_of_one_answer_partition_it():
    """Every sampled item is in exactly one batch, its columns side by side."""
    answers: list[Sampled] = []

    class Recording(LocalShardClient):
        def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
            reply = super().sample(task, size, pace)
            answer = reply.result()
            if task == "a" and isinstance(answer, Sampled):
                answers.append(answer)
            return reply

    source = source_over(Recording(filled_shard("a", "b")))
    polled = poll_all(source, 6)[:4]
    batches = [batch for batches in polled for batch in batches if batch.task == "a"]
    first = answers[0]
    offsets = {batch.keys.tobytes(): batch for batch in batches}
    for start in range(0, 24, 6):
        part = slice(start, start + 6)
        batch = offsets[first.keys[part].tobytes()]
        np.testing.assert_array_equal(batch.obs_BO.numpy(), first.columns["windows"][part, 0])
        np.testing.assert_array_equal(batch.next_obs_BO.numpy(), first.columns["windows"][part, 1])
        np.testing.assert_array_equal(batch.action_B.numpy(), first.columns["actions"][part])
        np.testing.assert_array_equal(batch.reward_n_B.numpy(), first.columns["rewards_n"][part])
        np.testing.assert_array_equal(batch.discount_n_B.numpy(), first.columns["discounts_n"][part])
        expected = importance_weights(first.probabilities[part], 8, 0.5)
        np.testing.assert_array_equal(batch.importance_B.numpy(), expected)
        assert float(batch.importance_B.max()) == 1.0
    assert len(offsets) == 4


def test_batches_of_one_answer_are_its_own_whatever_comes_from_several_shards():
    """Items keep their columns: an observation of either shard stands beside its own action and key."""
    shards = [make_shard(("a",), frame_shape=(), returns=ReturnSpec(1, 0.9), seed=seed) for seed in (1, 2)]
    for shard, first in zip(shards, (0, 100), strict=True):
        numbers = first + np.arange(12).reshape(2, 6)
        block = make_block(
            "a", frames=numbers.astype(np.float32), actions=numbers.astype(np.int32), frame_shape=()
        )
        shard.insert(encode_block(block))
    source = source_over(*shards, supplies={"a": Supply(16, batches_per_request=4, requests=2)})
    batches = [batch for (batch,) in poll_all(source, 12)]
    assert len(batches) >= 8
    for batch in batches:
        assert batch.obs_BO.tolist() == batch.action_B.tolist()
        assert (batch.next_obs_BO - batch.obs_BO).tolist() == [1.0] * 16
        assert ((batch.keys >> 56) == (batch.action_B.numpy() >= 100)).all()
    assert {number >= 100 for batch in batches for number in batch.action_B.tolist()} == {False, True}


def test_without_weighting_every_weight_is_one():
    """A uniform selector's items need no correction, whatever their probabilities."""
    supplies = {"a": Supply(6, 4, 2, weighted=False), "b": Supply(3, 4, 2, weighted=True)}
    (first, second), *_ = poll_all(source_over(filled_shard("a", "b"), supplies=supplies), 6)
    assert first.importance_B.dtype == torch.float32
    assert first.importance_B.tolist() == [1.0] * 6
    assert second.importance_B.min() < 1.0


def test_batches_are_copies():
    """Overwriting the table's rows leaves a batch that was handed out as it is."""
    shard = filled_shard("a", "b")
    batches = poll_all(source_over(shard), 3)[0]
    before, keys = batches[0].obs_BO.clone(), batches[0].keys.copy()
    for sequence in range(1, 9):
        shard.insert(encode_block(make_block("a", sequence=sequence, rng=np.random.default_rng(sequence))))
    assert torch.equal(batches[0].obs_BO, before)
    assert batches[0].keys.tolist() == keys.tolist()


@pytest.mark.parametrize("pixels", [3, LARGE_BYTES // 6])
def test_arrays_that_nobody_may_write_to_are_taken_in(pixels: int):
    """As those are that came through Ray, small or large: every row stays beside its own."""

    class ReadOnly(LocalShardClient):
        def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
            reply = super().sample(task, size, pace)
            for column in vars(reply.result()).values():
                if isinstance(column, np.ndarray):
                    column.setflags(write=False)
            return reply

    shard = make_shard(("a",), frame_shape=(pixels,), frame_dtype="uint8", returns=ReturnSpec(1, 0.9))
    numbers = np.arange(12).reshape(2, 6)
    frames = np.repeat(numbers[..., None], pixels, axis=2).astype(np.uint8)
    block = make_block("a", frame_shape=(pixels,), frames=frames, actions=numbers.astype(np.int32))
    assert shard.insert(encode_block(block)) == Inserted(8, 0)
    source = source_over(ReadOnly(shard), supplies={"a": Supply(6, batches_per_request=2, requests=2)})
    polled = poll_all(source, 6)
    assert len(polled) >= 4
    for (batch,) in polled:
        assert (batch.obs_BO == batch.action_B[:, None]).all()
        assert (batch.next_obs_BO == batch.action_B[:, None] + 1).all()


def test_staleness_counts_versions_between_acting_and_learning():
    """Items of version 4, taken in when version 9 is the newest, are 5 versions old."""
    batches = poll_all(source_over(filled_shard("a", "b")), 3, Position(0, 9))[0]
    assert batches[0].staleness == 5.0


def test_the_shard_hears_of_the_newest_version_with_every_request():
    """So actors learn of new weights: the request carries the version, acknowledgements repeat it."""
    shard = filled_shard("a", "b")
    source_over(shard).poll(Position(0, 7))
    assert shard.insert(encode_block(make_block("a", sequence=1))) == Inserted(8, 7)


@pytest.mark.parametrize("step", [0, 17])
def test_the_exponent_is_the_learners_own_at_that_step(step: int):
    """The schedule is asked with the learner's step."""
    asked: list[int] = []

    def exponent(at: int) -> float:
        asked.append(at)
        return 0.0

    source = source_over(filled_shard("a", "b"), exponent=exponent)
    batches = poll_all(source, 3, Position(step, 0))[0]
    assert set(asked) == {step}
    assert all((batch.importance_B == 1.0).all() for batch in batches)


def test_waiting_waits_only_for_what_is_missing():
    """It shares its time among the tasks that lack a batch, and asks what is under way of them."""
    waited: list[tuple[str, float]] = []

    def note(what: str, seconds: float) -> None:
        if seconds:  # what is only looked at is not waited for
            waited.append((what, seconds))

    class Waiting(MortalShardClient):
        def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
            return NotedReply(super().sample(task, size, pace), partial(note, task))

        def watch(self, task: str, inserted_beyond: int, pace: Pace) -> Reply[TableProgress]:
            return NotedReply(super().watch(task, inserted_beyond, pace), partial(note, f"news of {task}"))

    client = Waiting(filled_shard("a"))
    source = source_over(client)
    source.wait(0.5)
    assert waited == []
    for expected in (
        [("news of a", 0.25), ("news of b", 0.25)],
        [("a", 0.25), ("news of b", 0.25)],
        [("news of b", 0.5)],
    ):
        source.poll(START)
        source.wait(0.5)
        assert waited == expected
        waited.clear()


def windows_of(numbers: list[list[int]]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32)


def test_with_a_stack_of_one_windows_are_both_observations():
    """Two frames each, without an axis for the stack."""
    obs, next_obs = split_windows(windows_of([[1, 5], [2, 6]]), np.array([1, 1], np.int8), 1)
    assert (obs.tolist(), next_obs.tolist()) == ([1, 2], [5, 6])


def test_stacks_share_frames_of_their_window():
    """Three frames each, one step apart: the last two of the first are the first two of the second."""
    obs, next_obs = split_windows(windows_of([[1, 2, 3, 4], [5, 6, 7, 8]]), np.array([1, 1], np.int8), 3)
    assert obs.tolist() == [[1, 2, 3], [5, 6, 7]]
    assert next_obs.tolist() == [[2, 3, 4], [6, 7, 8]]
    assert next_obs.data_ptr() == obs.data_ptr() + 4


def test_a_stack_to_bootstrap_from_may_begin_earlier():
    """Where the episode was truncated before n steps each row has a start of its own."""
    numbers = [[1, 2, 3, 4, 5], [11, 12, 13, 14, 14], [21, 22, 23, 24, 25]]
    obs, next_obs = split_windows(windows_of(numbers), np.array([2, 1, 2], np.int8), 3)
    assert obs.tolist() == [[1, 2, 3], [11, 12, 13], [21, 22, 23]]
    assert next_obs.tolist() == [[3, 4, 5], [12, 13, 14], [23, 24, 25]]


def test_frames_of_images_are_stacked():
    """Batches have (batch, stack, height, width), uint8 as stored, also where an episode was truncated."""
    numbers = np.arange(12, dtype=np.uint8).reshape(1, 12)
    flags = np.zeros((1, 12), np.uint8)
    flags[0, 7] = TRUNCATED
    block = make_block(
        "a",
        streams=1,
        starts=5,
        overlap=4,
        lead=3,
        frames=np.broadcast_to(numbers[..., None, None], (1, 12, 2, 2)).copy(),
        flags=flags,
    )
    shard = make_shard(
        ("a",), frame_shape=(2, 2), frame_dtype="uint8", frame_stack=4, returns=ReturnSpec(3, 0.9)
    )
    assert shard.insert(encode_block(block)) == Inserted(5, 0)
    supplies = {"a": Supply(32, batches_per_request=2, requests=2, frame_stack=4)}
    (batch,) = poll_all(source_over(shard, supplies=supplies), 3)[0]
    assert batch.obs_BO.shape == batch.next_obs_BO.shape == (32, 4, 2, 2)
    assert batch.obs_BO.dtype == torch.uint8
    assert isinstance(shard.sample("a", 1, FREELY), Sampled)
    newest, newest_next = batch.obs_BO[:, -1, 0, 0].int(), batch.next_obs_BO[:, -1, 0, 0].int()
    back = torch.tensor([3, 2, 1, 0])
    assert torch.equal(batch.obs_BO[..., 0, 0].int(), newest[:, None] - back)
    assert torch.equal(newest_next, torch.clamp(newest + 3, max=8))
    assert torch.equal(batch.next_obs_BO[..., 1, 1].int(), newest_next[:, None] - back)
    assert set(newest.tolist()) == {3, 4, 5, 6, 7}


class NumberingClient(LocalShardClient):
    """Has a column of its own: the key of each item on its shard."""

    def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
        answer = super().sample(task, size, pace).result()
        if isinstance(answer, Sampled):
            answer = replace(answer, columns={**answer.columns, "numbers": answer.keys.astype(np.int8)})
        return Answered(answer)


def test_a_column_that_nobody_knows_reaches_the_batch():
    """Each value stays beside its item, from whichever shard it came, in its own dtype."""
    source = source_over(*(NumberingClient(filled_shard("a", "b")) for _ in range(2)))
    polled = poll_all(source, 20)
    assert polled
    for batches in polled:
        for batch in batches:
            assert batch.columns["numbers"].dtype == torch.int8
            assert batch.columns["numbers"].tolist() == split_keys(batch.keys)[1].tolist()
            assert not {"windows", "actions", "rewards_n", "weights_versions"} & set(batch.columns)
