"""How batches are asked for ahead: so many batches, in bounded requests; and where a run's replay lies."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.batches import MOST_REQUESTS, REQUEST_BYTES, batch_sizes, supplies
from replay.messages import NotReady, Throttled
from replay.wire import encode_block
from tests.support.builders import FREELY, make_block
from tests.support.learning_builders import tiny_config, tiny_parts
from tests.support.resolution import resolve_specs

IMAGE = {"env": "trunkline/Catch-v0", "env_kwargs": {"rows": 100, "columns": 100}}


@pytest.mark.parametrize(
    ("prefetch", "batches", "requests"), [(1, 1, 2), (2, 1, 2), (3, 1, 3), (4, 2, 2), (7, 3, 2), (64, 32, 2)]
)
def test_small_frames_are_asked_for_in_two_halves(prefetch: int, batches: int, requests: int):
    """One half is used up while the other is under way; there are never less than two requests."""
    config = tiny_config(f"learner.prefetch_batches={prefetch}", "replay.error_buffer=1e6")
    for supply in supplies(config, resolve_specs(config)).values():
        assert (supply.batch_size, supply.batches_per_request, supply.requests) == (8, batches, requests)


def test_large_frames_are_asked_for_in_small_requests():
    """Windows of 4 + 2 frames of 10 kB: 17 batches of 16 fit into 16 MiB, and requests stay bounded."""
    config = tiny_config(
        "learner.prefetch_batches=1000", tasks={"a": {**IMAGE, "frame_stack": 4}}, replay={"n_step": 2}
    )
    (supply,) = supplies(config, resolve_specs(config)).values()
    assert (supply.batches_per_request, supply.requests, supply.frame_stack) == (17, MOST_REQUESTS, 4)


@given(st.integers(1, 2000), st.integers(1, 300), st.integers(1, 4), st.integers(1, 6))
def test_an_answer_is_bounded_unless_one_batch_is_larger(prefetch: int, batch: int, stack: int, n_step: int):
    """At least one batch, at most 16 MiB of frames, at most half of what is asked for ahead."""
    config = tiny_config(
        f"learner.prefetch_batches={prefetch}",
        f"learner.batch_size={batch}",
        f"replay.n_step={n_step}",
        tasks={"a": {**IMAGE, "frame_stack": stack}},
    )
    (supply,) = supplies(config, resolve_specs(config)).values()
    one_batch = batch * (stack + min(stack, n_step)) * 10_000
    assert supply.batch_size == batch_sizes(config)["a"] == batch
    assert supply.batches_per_request * one_batch <= max(REQUEST_BYTES, one_batch)
    assert 1 <= supply.batches_per_request <= max(1, prefetch // 2)
    assert 2 <= supply.requests <= MOST_REQUESTS


@pytest.mark.parametrize(("selector", "weighted"), [("uniform", False), ("proportional", True)])
def test_only_priorities_call_for_importance_weights(selector: str, weighted: bool):
    """Where all are drawn alike there is nothing to make up for."""
    config = tiny_config(f"replay.selector={selector}")
    assert {s.weighted for s in supplies(config, resolve_specs(config)).values()} == {weighted}


def test_a_shard_holds_everything_back_until_it_is_told_a_pace():
    """Nobody knows yet how much may come in: an insert waits, a sample finds nothing."""
    shard = tiny_parts().replay.shard(0)
    data = encode_block(make_block("chain", starts=8, overlap=2, frame_shape=(8,)))
    assert shard.insert(data) == Throttled()
    assert isinstance(shard.sample("chain", 1, FREELY), NotReady)


def test_keys_of_every_life_are_its_own():
    """A priority update for a shard that is gone names nothing in its successor, nor in a later run's."""
    firsts = [
        tiny_parts(run_life=run_life).replay.shard(0, life).tables["chain"].rows.first_key
        for run_life in (0, 1, 2)
        for life in (0, 1, 2)
    ]
    assert firsts == sorted(set(firsts))
    assert min(later - earlier for earlier, later in pairwise(firsts)) >= 2**36
    assert max(firsts) < 2**56


def test_tables_draw_numbers_of_their_own():
    """Shards, their lives and tasks do not draw the same items in step."""
    spread = ("replay.shards=2", "tasks.chain.actors=2")
    draws = set()
    for index, life, seed in ((0, 0, 3), (1, 0, 3), (0, 1, 3), (0, 0, 4)):
        shard = tiny_parts(*spread, f"seed={seed}").replay.shard(index, life)
        draws.add(tuple(shard.tables["chain"]._rng.integers(1000, size=5).tolist()))
    assert len(draws) == 4
