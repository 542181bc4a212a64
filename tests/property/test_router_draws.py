"""A draw from several shards is one from one big buffer, whatever lies where and whoever dies meanwhile."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from learner.td import importance_weights
from replay.keys import split_keys
from replay.messages import Sampled
from replay.router import ReplayRouter
from replay.shard import Shard
from replay.table import Table
from tests.support.builders import collected, make_router
from tests.support.shard_clients import MortalShardClient, insert_numbered, make_numbered_table

SMALLEST = 1e-3
EXPONENTS = st.sampled_from([0.0, 0.4, 0.6, 1.0])
PRIORITIES = st.floats(0.0, 1000.0, width=32)


@st.composite
def splits(draw: st.DrawFn, smallest: int = 1, least_items: int = 0) -> list[dict[int, float]]:
    """Numbered items with priorities, split over one to five shards; some of them may be empty."""
    shards = draw(st.integers(smallest, 5))
    split = [draw(st.lists(PRIORITIES, min_size=least_items, max_size=12)) for _ in range(shards)]
    if not any(split):
        split[0] = [1.0]
    numbers = iter(range(1, 100))
    return [dict(zip(numbers, priorities, strict=False)) for priorities in split]


def tables_of(split: Sequence[dict[int, float]], exponent: float) -> list[Table]:
    return [make_numbered_table(items, exponent, SMALLEST, seed=seed) for seed, items in enumerate(split)]


def weight(priority: float, exponent: float) -> float:
    return float((priority + SMALLEST) ** exponent)


def one_buffer(split: Sequence[dict[int, float]], exponent: float) -> dict[int, float]:
    """Return the probability of each number if all of them lay in one buffer."""
    weights = {number: weight(p, exponent) for items in split for number, p in items.items()}
    total = sum(weights.values())
    return {number: value / total for number, value in weights.items()}


def router_over(shards: Sequence[Shard | MortalShardClient], seed: int) -> ReplayRouter:
    """Return a router that has heard how every shard stands."""
    router = make_router(shards, seed=seed)
    assert router.request("toy", 1, 0) is None
    return router


def check_columns(drawn: Sampled, size: int) -> None:
    """Every column has one row an item, of the item that it is beside."""
    numbers = drawn.columns["actions"].tolist()
    assert len(numbers) == size
    assert drawn.columns["windows"][:, 0].astype(int).tolist() == numbers
    assert drawn.columns["rewards_n"].astype(int).tolist() == numbers
    assert {column.shape[:1] for column in drawn.columns.values()} == {(size,)}


def probabilities_of(numbers: NDArray[np.int32], of_number: dict[int, float]) -> NDArray[np.float64]:
    return np.array([of_number[number] for number in numbers.tolist()])


@settings(max_examples=60)
@given(split=splits(), exponent=EXPONENTS, size=st.integers(1, 200), beta=st.floats(0.0, 1.0))
def test_probabilities_are_those_of_one_big_buffer(
    split: list[dict[int, float]], exponent: float, size: int, beta: float
):
    """For any split of the same items: probabilities, number of items, importance weights."""
    router = router_over([Shard({"toy": table}) for table in tables_of(split, exponent)], seed=size)
    drawn = collected(router, router.request("toy", size, 0))
    check_columns(drawn, size)
    expected = probabilities_of(drawn.columns["actions"], one_buffer(split, exponent))
    np.testing.assert_allclose(drawn.probabilities, expected, rtol=1e-9)
    assert drawn.progress.items == sum(len(items) for items in split)
    np.testing.assert_allclose(
        importance_weights(drawn.probabilities, drawn.progress.items, beta),
        importance_weights(expected, drawn.progress.items, beta),
        rtol=1e-6,
    )
    shard_of = {number: shard for shard, items in enumerate(split) for number in items}
    assert split_keys(drawn.keys)[0].tolist() == [
        shard_of[number] for number in drawn.columns["actions"].tolist()
    ]


def with_old_masses(
    tables: Sequence[Table], items: Sequence[dict[int, float]], believed: NDArray[np.float64], exponent: float
) -> dict[int, float]:
    """Return the probability of each number: P(shard) as believed times p(item | shard) as it is."""
    shares = believed / believed.sum()
    return {
        number: share * weight(p, exponent) / table.selector.mass
        for table, share, here in zip(tables, shares, items, strict=True)
        for number, p in here.items()
    }


@settings(max_examples=40)
@given(
    split=splits(),
    more=st.lists(st.lists(PRIORITIES, max_size=6), min_size=5, max_size=5),
    exponent=EXPONENTS,
)
def test_with_old_masses_probabilities_are_those_that_were_drawn_by(
    split: list[dict[int, float]], more: list[list[float]], exponent: float
):
    """Items that came meanwhile are drawn as their shards know them; P(shard) is what it was drawn by."""
    tables = tables_of(split, exponent)
    router = router_over([Shard({"toy": table}) for table in tables], seed=1)
    believed = np.array([table.selector.mass for table in tables])
    fresh = [
        {100 * (shard + 1) + i: p for i, p in enumerate(priorities)}
        for shard, priorities in enumerate(more[: len(tables)])
    ]
    for table, items in zip(tables, fresh, strict=True):
        insert_numbered(table, items)
    drawn = collected(router, router.request("toy", 200, 0))
    check_columns(drawn, 200)
    now = [old | new for old, new in zip(split, fresh, strict=True)]
    expected = with_old_masses(tables, now, believed, exponent)
    np.testing.assert_allclose(
        drawn.probabilities, probabilities_of(drawn.columns["actions"], expected), rtol=1e-9
    )


@settings(max_examples=40)
@given(
    split=splits(),
    exponent=EXPONENTS,
    size=st.integers(1, 100),
    factor=st.sampled_from([0.125, 1.0, 7.0]),
)
def test_new_priorities_reach_the_items_that_they_are_meant_for(
    split: list[dict[int, float]], exponent: float, size: int, factor: float
):
    """By key, on whatever shard; all others keep theirs."""
    tables = tables_of(split, exponent)
    router = router_over([Shard({"toy": table}) for table in tables], seed=size)
    drawn = collected(router, router.request("toy", size, 0))
    believed = np.array([table.selector.mass for table in tables])
    router.update_priorities(
        "toy", drawn.keys, drawn.columns["actions"].astype(np.float32) * np.float32(factor)
    )
    assert sum(table.stats().stale_updates for table in tables) == 0
    updated = {number: number * factor for number in drawn.columns["actions"].tolist()}
    now = [{number: updated.get(number, p) for number, p in items.items()} for items in split]
    again = collected(router, router.request("toy", size, 0))
    expected = with_old_masses(tables, now, believed, exponent)
    np.testing.assert_allclose(
        again.probabilities, probabilities_of(again.columns["actions"], expected), rtol=1e-9
    )


@st.composite
def fates(draw: st.DrawFn, shards: int, most_deaths: int) -> list[tuple[str, int]]:
    """Shards that answer or die, one after another; at least one of them survives."""
    victims = draw(st.lists(st.integers(0, shards - 1), unique=True, max_size=min(most_deaths, shards - 1)))
    answering = draw(st.lists(st.integers(0, shards - 1), unique=True))
    events = [("die", shard) for shard in victims] + [("answer", shard) for shard in answering]
    return draw(st.permutations(events))


def draw_while_shards_die(
    split: list[dict[int, float]], exponent: float, size: int, events: list[tuple[str, int]]
) -> None:
    """Ask for items, let shards answer and die, take what comes, and hold it against what survives."""
    clients = [MortalShardClient(Shard({"toy": table})) for table in tables_of(split, exponent)]
    router = router_over(clients, seed=size)
    router.request("toy", 1, 0)
    for client in clients:
        client.open = False
    draw = router.request("toy", size, 0)
    assert draw is not None
    for event, shard in events:
        if event == "die":
            clients[shard].die()
        clients[shard].open = True
        router.collect(draw)
    for client in clients:
        client.open = True
    drawn = collected(router, draw, tries=len(clients) + 1)
    check_columns(drawn, size)
    dead = {shard for shard, client in enumerate(clients) if client.dead}
    assert set(router.down) <= dead
    left = [items for shard, items in enumerate(split) if shard not in router.down]
    expected = one_buffer(left, exponent)
    survived = ~np.isin(split_keys(drawn.keys)[0], list(router.down))
    np.testing.assert_allclose(
        drawn.probabilities[survived],
        probabilities_of(drawn.columns["actions"][survived], expected),
        rtol=1e-9,
    )
    assert ((drawn.probabilities > 0) & (drawn.probabilities <= 1 + 1e-9)).all()
    assert drawn.progress.items == sum(len(items) for items in left)
    for shard in router.down:
        router.gone(shard)
    assert router.lost["toy"] == sum(len(split[shard]) for shard in router.down)


@settings(max_examples=80)
@given(split=splits(smallest=2, least_items=1), exponent=EXPONENTS, size=st.integers(1, 60), data=st.data())
def test_a_shard_that_dies_leaves_a_draw_from_the_others(
    split: list[dict[int, float]], exponent: float, size: int, data: st.DataObject
):
    """Whoever has answered before: the draw is whole, and its probabilities those of what is left."""
    draw_while_shards_die(split, exponent, size, data.draw(fates(len(split), most_deaths=1)))


@settings(max_examples=80)
@given(split=splits(smallest=3, least_items=1), exponent=EXPONENTS, size=st.integers(1, 60), data=st.data())
def test_shards_that_die_one_after_another_leave_a_draw_from_the_others(
    split: list[dict[int, float]], exponent: float, size: int, data: st.DataObject
):
    """Also where one dies that was asked again for what another one owed."""
    draw_while_shards_die(split, exponent, size, data.draw(fates(len(split), most_deaths=3)))
