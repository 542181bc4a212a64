"""Child seeds, and the split of a batch over tasks."""

import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config.batches import batch_sizes
from config.schema import RunConfig
from tests.support.learning_builders import tiny_config, tiny_parts
from training.seeding import child_seed

SHARES = st.lists(st.floats(0.01, 100.0), min_size=1, max_size=8)


def config_of(batch_size: int, shares: list[float]) -> RunConfig:
    tasks = {f"t{i}": {"env": "x", "batch_share": share} for i, share in enumerate(shares)}
    return tiny_config(f"learner.batch_size={batch_size}", tasks=tasks)


@pytest.mark.parametrize(
    ("batch_size", "shares", "expected"),
    [
        (256, [1.0, 1.0], [128, 128]),
        (7, [1.0, 1.0], [4, 3]),
        (100, [1.0, 3.0], [25, 75]),
        (10, [1.0, 1.0, 1.0], [4, 3, 3]),
        (10, [2.6, 2.6, 4.8], [3, 2, 5]),
        (3, [5.0, 5.0, 5.0], [1, 1, 1]),
        (5, [7.0], [5]),
    ],
)
def test_batches_are_split_by_hand_worked_numbers(batch_size: int, shares: list[float], expected: list[int]):
    """Largest remainders, the earlier task first where they tie."""
    assert list(batch_sizes(config_of(batch_size, shares)).values()) == expected


@given(st.integers(1, 2_000), SHARES)
def test_the_split_follows_the_shares(batch_size: int, shares: list[float]):
    """Where every task is due one transition, sizes sum to the batch and none is off by one."""
    exact = [batch_size * share / sum(shares) for share in shares]
    assume(min(exact) >= 1.0)
    sizes = list(batch_sizes(config_of(batch_size, shares)).values())
    assert sum(sizes) == batch_size
    assert all(abs(size - wanted) < 1.0 + 1e-9 for size, wanted in zip(sizes, exact, strict=True))


@given(st.integers(1, 2_000), SHARES)
def test_every_task_gets_something(batch_size: int, shares: list[float]):
    """No task is left out, however small its share."""
    assume(batch_size >= len(shares))
    assert min(batch_sizes(config_of(batch_size, shares)).values()) >= 1


@pytest.mark.parametrize(("batch_size", "shares"), [(4, [100.0, 1.0, 1.0]), (8, [1000.0, 1.0, 1.0, 1.0])])
def test_small_shares_do_not_make_the_batch_larger(batch_size: int, shares: list[float]):
    """`learner.batch_size` transitions of all tasks make one update, whatever the shares."""
    assert sum(batch_sizes(config_of(batch_size, shares)).values()) == batch_size


def test_child_seeds_are_the_same_everywhere_and_for_ever():
    """They come from SHA-256, not from Python's salted hash."""
    digest = hashlib.sha256(b"1/0/table/chain").digest()
    assert child_seed(1, 0, "table", "chain") == int.from_bytes(digest[:4], "big") // 2


@given(st.integers(0, 2**31 - 1), st.lists(st.one_of(st.integers(), st.text(max_size=5)), max_size=3))
def test_child_seeds_fit_every_generator(root: int, path: list[int | str]):
    """They lie in [0, 2^31)."""
    assert 0 <= child_seed(root, *path) < 2**31


def test_parts_draw_different_numbers():
    """Root, life, part, task and index each give a seed of their own."""
    parts = tiny_parts()
    other_seed, other_life = tiny_parts("seed=4"), tiny_parts(run_life=1)
    paths = [("network",), ("table", "chain"), ("table", "identity"), ("environments", "chain", 0, 0)]
    paths += [
        ("environments", "chain", 1, 0),
        ("environments", "chain", 0, 1),
        ("exploration", "chain", 0, 0),
    ]
    seeds = [one._seed(*path) for one in (parts, other_seed, other_life) for path in paths]
    assert len(set(seeds)) == len(seeds)
