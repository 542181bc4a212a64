"""Where every transition went: the books of actors and of shards, held against each other."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from actors.actor import ActorReport
from replay.messages import ShardStats, TableStats
from training.names import is_successor, run_life_of, task_of


@dataclass(frozen=True)
class TaskAccount:
    """One task's transitions in one life of a run: sent = inserted + superseded + abandoned + missing.

    Attributes:
        sent: by its actors; of an actor that was killed, what is known to have arrived.
        inserted: put into replay.
        superseded: dropped, since a later life of their actor had begun.
        abandoned: given up by their actors when they were stopped, since replay still held them back or had
            not answered; at most two blocks an actor, and none of them is in replay.
        missing: sent, not given up, and in no shard's books: they came to a shard that died, after it was
            heard of for the last time, or before this learner came.
        duplicates: arrived again and dropped.
        evicted: overwritten by newer ones.
        stored: in replay at the end, those that a snapshot brought included.
        lost: that were on shards when they died.
        problem: what does not add up, in one sentence; None if all does.
    """

    sent: int
    inserted: int
    superseded: int
    abandoned: int
    missing: int
    duplicates: int
    evicted: int
    stored: int
    lost: int
    problem: str | None


def settle_accounts(
    tables: Mapping[str, TableStats],
    items_by_life: Mapping[tuple[str, int], int],
    reports: Sequence[ActorReport],
    lost: Mapping[str, int],
    all_heard: bool,
) -> dict[str, TaskAccount]:
    """Settle every task's account.

    Args:
        tables: counters of each task over all shards.
        items_by_life: transitions that each life of an actor (name, life) brought.
        reports: of the actors that ended in order.
        lost: items that were on shards when they died, by task.
        all_heard: whether these are the last counters of every shard that there was. Those of one that died
            are older, so that transitions it took since count as missing.
    """
    return {
        task: _settle(task, table, items_by_life, reports, lost.get(task, 0), all_heard)
        for task, table in tables.items()
    }


def books_are_whole(shards: Iterable[ShardStats], reports: Sequence[ActorReport]) -> bool:
    """Return whether every shard has been there for as long as each actor that reports.

    An actor may be older than a shard, where learners came and went and took over what they found: what it
    had sent to the shard before that one is in no books any more.
    """
    oldest = min((run_life_of(report.life) for report in reports), default=None)
    return oldest is None or all(
        run_life_of(stats.life) <= oldest and not is_successor(stats.life) for stats in shards
    )


def _settle(
    task: str,
    table: TableStats,
    items_by_life: Mapping[tuple[str, int], int],
    reports: Sequence[ActorReport],
    lost: int,
    all_heard: bool,
) -> TaskAccount:
    arrived = Counter({life: items for life, items in items_by_life.items() if task_of(life[0]) == task})
    own = [report for report in reports if task_of(report.actor) == task]
    reported = {(report.actor, report.life) for report in own}
    killed = sum(items for life, items in arrived.items() if life not in reported)
    superseded = table.dropped.get("superseded", 0)
    absent = [report.sent_items - arrived[report.actor, report.life] for report in own]
    abandoned = sum(
        max(0, min(count, report.abandoned_items)) for count, report in zip(absent, own, strict=True)
    )
    missing = sum(absent) - abandoned
    sent = sum(report.sent_items for report in own) + killed + superseded
    problem = None
    if arrived.total() != table.inserted:
        problem = f"actors' lives brought {arrived.total()} transitions, {table.inserted} were inserted"
    elif all_heard and missing:
        problem = f"{missing} transitions are missing that no actor gave up"
    elif all_heard and table.inserted + table.restored != table.items + table.evicted:
        problem = f"inserted {table.inserted} is not stored {table.items} + evicted {table.evicted}"
    return TaskAccount(
        sent=sent,
        inserted=table.inserted,
        superseded=superseded,
        abandoned=abandoned,
        missing=missing,
        duplicates=table.dropped.get("duplicate", 0),
        evicted=table.evicted,
        stored=table.items,
        lost=lost,
        problem=problem,
    )
