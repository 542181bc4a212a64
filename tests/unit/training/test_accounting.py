"""The accounts of a run: every rule by hand, and random lives of actors through a real shard."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.actor import ActorReport
from replay.messages import Inserted
from replay.shard import Shard
from replay.wire import encode_block
from tests.support.builders import make_block, make_shard
from tests.support.status_builders import shard_stats, table_stats
from training.names import life_number
from training.status.accounting import TaskAccount, books_are_whole, settle_accounts

ACTORS = ["chain-0", "chain-1"]


def table(**changes: Any) -> Any:
    counts = {"inserted": 100, "arrived": 100, "items": 90, "evicted": 10, "dropped": {}}
    return table_stats(**(counts | changes))


def report(actor: str = "chain-0", life: int = 0, sent: int = 100, abandoned: int = 0) -> ActorReport:
    return ActorReport(actor, life, sent, sent - abandoned, abandoned)


def settle(
    reports: list[ActorReport],
    by_life: dict[tuple[str, int], int],
    lost: int = 0,
    all_heard: bool = True,
    **changes: Any,
) -> TaskAccount:
    tables = {"chain": table(**changes)}
    return settle_accounts(tables, by_life, reports, {"chain": lost}, all_heard)["chain"]


def test_when_everything_arrives_the_books_agree():
    """What two actors sent is what was inserted, and that is stored or evicted."""
    account = settle([report(sent=60), report("chain-1", sent=40)], {("chain-0", 0): 60, ("chain-1", 0): 40})
    assert account == TaskAccount(
        sent=100,
        inserted=100,
        superseded=0,
        abandoned=0,
        missing=0,
        duplicates=0,
        evicted=10,
        stored=90,
        lost=0,
        problem=None,
    )


@pytest.mark.parametrize(("abandoned", "arrived"), [(30, 100), (30, 110), (30, 130)])
def test_what_an_actor_gave_up_may_have_arrived_or_not(abandoned: int, arrived: int):
    """130 were sent and 30 given up: any of those may be in replay all the same."""
    account = settle(
        [report(sent=130, abandoned=abandoned)],
        {("chain-0", 0): arrived},
        inserted=arrived,
        items=arrived - 10,
    )
    assert (account.sent, account.abandoned, account.missing) == (130, 130 - arrived, 0)
    assert account.problem is None


@pytest.mark.parametrize(("sent", "missing"), [(131, 1), (99, -1)])
def test_a_transition_that_nobody_gave_up_cannot_be_missing(sent: int, missing: int):
    """One more than was given up, or one more in replay than was sent."""
    account = settle([report(sent=sent, abandoned=30)], {("chain-0", 0): 100})
    assert account.problem == f"{missing} transitions are missing that no actor gave up"
    assert account.missing == missing


def test_a_killed_actor_sent_what_arrived():
    """It left no report; its later life, which did, has books of its own."""
    account = settle([report(life=1, sent=70)], {("chain-0", 0): 30, ("chain-0", 1): 70})
    assert (account.sent, account.missing, account.problem) == (100, 0, None)


def test_a_missing_transition_of_one_life_is_not_hidden_by_another():
    """What a killed life brought does not stand in for what the reporting one lost."""
    account = settle([report(life=1, sent=70)], {("chain-0", 0): 40, ("chain-0", 1): 60})
    assert account.problem == "10 transitions are missing that no actor gave up"


def test_superseded_and_duplicate_transitions_are_told():
    """A block that came after its actor's next life was sent and dropped; a repeated one was sent once."""
    account = settle(
        [report(life=1, sent=100)],
        {("chain-0", 1): 100},
        arrived=125,
        dropped={"superseded": 9, "duplicate": 16},
    )
    assert (account.sent, account.superseded, account.duplicates) == (109, 9, 16)
    assert account.sent == account.inserted + account.superseded + account.abandoned + account.missing
    assert account.problem is None


@pytest.mark.parametrize("arrived", [99, 101])
def test_lives_and_table_must_tell_the_same(arrived: int):
    """A transition in the table that no life brought, or the other way round, is a problem."""
    account = settle([report(sent=arrived)], {("chain-0", 0): arrived})
    assert account.problem == f"actors' lives brought {arrived} transitions, 100 were inserted"


@pytest.mark.parametrize("changes", [{"items": 89}, {"evicted": 11}, {"restored": 1}])
def test_what_is_inserted_or_restored_is_stored_or_evicted(changes: dict[str, Any]):
    """One that is gone without having been overwritten is a problem."""
    account = settle([report()], {("chain-0", 0): 100}, **changes)
    assert account.problem is not None
    assert "is not stored" in account.problem
    stored = settle([report()], {("chain-0", 0): 100}, restored=50, items=130, evicted=20)
    assert stored.problem is None


def test_where_not_everything_was_heard_some_may_be_gone():
    """Items of a dead shard, and what it took in since it was last heard of, are missing without a fault."""
    arrived = {("chain-0", 0): 100}
    account = settle([report(sent=150)], arrived, lost=40, items=30, evicted=10, all_heard=False)
    assert (account.lost, account.missing, account.stored, account.problem) == (40, 50, 30, None)
    account = settle([report(sent=130)], arrived, items=90, all_heard=False)
    assert (account.lost, account.missing, account.problem) == (0, 30, None)


def test_what_was_heard_has_to_agree_all_the_same():
    """Lives and tables are read together, so that they tell the same, whatever was lost since."""
    account = settle([report(sent=150)], {("chain-0", 0): 90}, lost=40, all_heard=False)
    assert account.problem == "actors' lives brought 90 transitions, 100 were inserted"


def test_every_task_has_its_own_account():
    """Tasks whose names end as actors' do, and tasks that nobody reported for, are not mixed up."""
    tables = {
        "a-1": table(inserted=5, items=5, evicted=0),
        "a": table(inserted=70, items=70, evicted=0),
        "c": table(inserted=0, items=0, evicted=0),
    }
    arrived = {("a-1-1", 0): 5, ("a-1", 0): 30, ("a-2", 2): 40}
    reports = [report("a-1-1", 0, 5), report("a-1", 0, 30), report("a-2", 2, 41, abandoned=1)]
    accounts = settle_accounts(tables, arrived, reports, {"a": 0}, all_heard=True)
    assert {task: account.sent for task, account in accounts.items()} == {"a-1": 5, "a": 71, "c": 0}
    assert {task: account.abandoned for task, account in accounts.items()} == {"a-1": 0, "a": 1, "c": 0}
    assert {account.missing for account in accounts.values()} == {0}
    assert [account.problem for account in accounts.values()] == [None] * 3


class Lives:
    """Two actors with several lives each, whose blocks travel as a script says, into a real shard."""

    def __init__(self) -> None:
        self.shard: Shard = make_shard(("chain",), num_rows=120)
        self.life: Counter[str] = Counter()
        self.sent: Counter[tuple[str, int]] = Counter()
        self.acknowledged: Counter[tuple[str, int]] = Counter()
        self.sequence: Counter[tuple[str, int]] = Counter()
        self.late: list[bytes] = []

    def do(self, actor: str, what: str) -> None:
        life = (actor, self.life[actor])
        if what == "is replaced":
            self.life[actor] += 1
        elif what == "a late block arrives":
            if self.late:
                self.shard.insert(self.late.pop(0))
        else:
            self._send(life, what)

    def _send(self, life: tuple[str, int], what: str) -> None:
        block = make_block(
            "chain", actor=life[0], life=life[1], sequence=self.sequence[life], starts=1 + life[1]
        )
        items, data = int(block.starts().sum()), encode_block(block)
        self.sequence[life] += 1
        self.sent[life] += items
        if what == "sends twice":
            self.shard.insert(data)
        if what in ("sends", "sends twice"):
            answer = self.shard.insert(data)
            assert isinstance(answer, Inserted)
            self.acknowledged[life] += items
        elif what == "its answer is lost":
            self.shard.insert(data)
        elif what == "its block is late":
            self.late.append(data)

    def account(self) -> TaskAccount:
        stats = self.shard.stats()
        reports = [
            ActorReport(*life, self.sent[life], acknowledged, self.sent[life] - acknowledged)
            for life in ((actor, self.life[actor]) for actor in ACTORS)
            for acknowledged in (self.acknowledged[life],)
        ]
        return settle_accounts(stats.tables, stats.items_by_life, reports, {}, all_heard=True)["chain"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ACTORS),
            st.sampled_from(
                [
                    "sends",
                    "sends twice",
                    "its answer is lost",
                    "its block is late",
                    "its block is lost",
                    "a late block arrives",
                    "is replaced",
                ]
            ),
        ),
        max_size=60,
    )
)
def test_the_books_of_any_lives_agree(script: list[tuple[str, str]]):
    """However blocks are repeated, late, lost or outlived, each transition is somewhere, and only once."""
    lives = Lives()
    for actor, what in script:
        lives.do(actor, what)
    account = lives.account()
    assert lives.shard.problem() is None
    assert account.problem is None
    assert account.sent == account.inserted + account.superseded + account.abandoned
    assert account.inserted == account.stored + account.evicted
    assert (account.missing, account.abandoned >= 0) == (0, True)
    assert account.sent <= lives.sent.total()
    last = [(actor, lives.life[actor]) for actor in ACTORS]
    assert account.sent >= sum(lives.sent[life] for life in last)


@given(st.integers(1, 40), st.booleans())
def test_one_transition_too_few_or_too_many_is_noticed(items: int, too_many: bool):
    """The account can fail: an acknowledged transition that is nowhere, or one that nobody sent."""
    sent = items + (-1 if too_many else 1)
    account = settle([report(sent=sent)], {("chain-0", 0): items}, inserted=items, items=items, evicted=0)
    assert account.problem is not None


@pytest.mark.parametrize(
    ("shards", "actors", "whole"),
    [
        ([(0, 0)], [(0, 0), (0, 3)], True),
        ([(0, 0)], [(2, 0)], True),
        ([(1, 0)], [(1, 0)], True),
        ([(1, 0)], [(0, 0), (1, 0)], False),
        ([(0, 0), (0, 1)], [(0, 0)], False),
        ([(3, 0)], [], True),
    ],
    ids=str,
)
def test_books_are_whole_where_no_shard_is_younger_than_an_actor(
    shards: list[tuple[int, int]], actors: list[tuple[int, int]], whole: bool
):
    """Lives are (learner, number): an actor that was taken over may have sent to an earlier shard."""
    stats = [shard_stats(life=life_number(*life)) for life in shards]
    reports = [report(life=life_number(*life)) for life in actors]
    assert books_are_whole(stats, reports) is whole
