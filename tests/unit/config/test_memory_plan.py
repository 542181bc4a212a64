"""The replay plan: capacities in transitions and in bytes, shards, budgets, and the memory really taken."""

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.memory import (
    TablePlan,
    fragment_rows,
    in_units,
    machine_memory_bytes,
    slot_bytes,
    table_plans,
)
from replay.messages import Inserted
from replay.selectors.table import SELECTORS
from replay.table import Table
from tests.support.builders import FREELY, make_block
from tests.support.learning_builders import tiny_config, tiny_parts
from tests.support.resolution import check, resolve_specs
from training.parts.parts import Parts

GIB = 2**30
SPECS = resolve_specs(tiny_config())
CHAIN_ROW, IDENTITY_ROW = 8 * 4 + 13 + 8, 3 * 4 + 13 + 8
"""Bytes of a row: frame; action, reward, flags and version; its place in the list of a uniform selector."""


def plans(*overrides: str) -> list[TablePlan]:
    return table_plans(tiny_config(*overrides), SPECS)


def sentences_of(*overrides: str, machine_bytes: int = 64 * GIB) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        check(tiny_config(*overrides), SPECS, machine_bytes)
    return caught.value.sentences


def test_a_capacity_in_transitions_by_hand_worked_numbers():
    """500 transitions are 63 fragments of 8, which take 10 rows each with their overlap of 2."""
    assert plans() == [
        TablePlan("chain", [0], 504, 630, 630 * CHAIN_ROW),
        TablePlan("identity", [0], 504, 630, 630 * IDENTITY_ROW),
    ]


def test_a_capacity_in_bytes_by_hand_worked_numbers():
    """2 MiB are 3956 fragments of 10 rows of 53 bytes, and 6355 of 33 bytes."""
    assert plans("replay.capacity=2MiB") == [
        TablePlan("chain", [0], 3956 * 8, 39560, 39560 * CHAIN_ROW),
        TablePlan("identity", [0], 6355 * 8, 63550, 63550 * IDENTITY_ROW),
    ]


def test_a_task_has_a_capacity_of_its_own():
    """In either unit; the other tasks keep `replay.capacity`."""
    chain, identity = plans("tasks.chain.capacity=1MiB")
    assert 0.99 * 2**20 < chain.bytes <= 2**20
    assert identity.transitions == 504
    chain, identity = plans("replay.capacity=1MiB", "tasks.identity.capacity=80")
    assert 0.99 * 2**20 < chain.bytes <= 2**20
    assert identity.transitions == 80


@pytest.mark.parametrize("shards", [1, 2, 3])
@pytest.mark.parametrize("capacity", ["5000", "2MiB"])
def test_a_capacity_is_that_of_all_shards_together(capacity: str, shards: int):
    """Spread over shards a task keeps as much as on one, up to whole fragments on each."""
    spread = ("tasks.chain.actors=3", f"replay.shards={shards}")
    one, several = plans(f"replay.capacity={capacity}")[0], plans(f"replay.capacity={capacity}", *spread)[0]
    assert several.shards == list(range(shards))
    assert several.transitions == several.rows // 10 * 8 * shards
    assert abs(several.transitions - one.transitions) < 8 * shards
    if capacity.endswith("B"):
        assert several.bytes <= 2 * 2**20
    else:
        assert several.transitions >= 5000


@pytest.mark.parametrize(
    ("shards", "actors", "expected"),
    [
        (1, (1, 1, 1), ([0], [0], [0])),
        (2, (1, 1, 1), ([0], [1], [0])),
        (3, (1, 1, 1), ([0], [1], [2])),
        (3, (2, 2, 2), ([0, 1], [0, 2], [1, 2])),
        (4, (1, 2, 1), ([0], [1, 2], [3])),
        (2, (5, 1, 2), ([0, 1], [0], [0, 1])),
        (5, (3, 3, 9), ([0, 1, 2], [0, 3, 4], [0, 1, 2, 3, 4])),
    ],
)
def test_tasks_begin_where_the_last_one_ended(
    shards: int, actors: tuple[int, ...], expected: tuple[list[int], ...]
):
    """A task lies on as many shards as it has actors, so that all shards have something to do."""
    tasks = {
        f"t{number}": {"env": "trunkline/Chain-v0", "actors": count} for number, count in enumerate(actors)
    }
    config = tiny_config(f"replay.shards={shards}", tasks=tasks)
    assert tuple(plan.shards for plan in table_plans(config, resolve_specs(config))) == expected


def test_a_task_may_ask_for_fewer_shards():
    """`tasks.*.shards` bounds it; the next task begins after it."""
    chain, identity = plans(
        "replay.shards=3", "tasks.chain.actors=3", "tasks.chain.shards=1", "tasks.identity.actors=1"
    )
    assert (chain.shards, identity.shards) == ([0], [1])


def test_a_task_with_as_many_actors_as_there_are_slots_lies_on_every_shard():
    """Nobody knows how many will come; on one machine there is one, and its shard is enough."""
    fields = ("replay.shards=3", "tasks.identity.shards=2")
    chain, identity = plans(*fields)
    assert (chain.shards, identity.shards) == ([0, 1, 2], [0, 1])
    config = tiny_config("replay.shards=3", "tasks.chain.shards=2")
    chain, identity = table_plans(config.on_one_machine(), resolve_specs(config))
    assert (chain.shards, identity.shards) == ([0], [1])


@given(
    st.integers(1, 40),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(1, 6),
    st.integers(1, 6),
    st.one_of(st.integers(1, 100_000), st.integers(1, 4000).map(lambda kib: f"{kib}KiB")),
)
def test_every_plan_holds_what_it_says(
    length: int, n_step: int, envs: int, shards: int, stack: int, capacity: int | str
):
    """Whole fragments, room for a block on each shard, at most the bytes, at least the transitions given."""
    config = tiny_config(
        f"actors.fragment_length={length}",
        f"replay.n_step={n_step}",
        f"replay.shards={shards}",
        f"replay.capacity={capacity}",
        tasks={
            "catch": {
                "env": "trunkline/Catch-v0",
                "frame_stack": stack,
                "actors": 3,
                "envs_per_actor": envs,
            }
        },
    )
    (spec,) = resolve_specs(config)
    (plan,) = table_plans(config, [spec])
    on = len(plan.shards)
    rows = fragment_rows(config, spec)
    assert on == min(3, shards)
    assert rows == stack - 1 + length + n_step
    assert plan.rows % rows == 0
    assert plan.rows >= envs * rows
    assert plan.transitions == plan.rows // rows * length * on
    assert plan.bytes == plan.rows * on * slot_bytes(config, spec)
    least = envs * rows * on * slot_bytes(config, spec)
    if isinstance(capacity, str):
        assert plan.bytes <= max(least, int(capacity[:-3]) * 1024)
    else:
        assert plan.transitions >= capacity
        assert plan.transitions < max(capacity + length * on, envs * length * on + 1)


def test_a_frame_stack_is_no_larger_than_its_frames():
    """A stack of 4 takes the rows of its lead besides, not four times the memory."""
    catch = {"env": "trunkline/Catch-v0", "envs_per_actor": 4}
    found = []
    for stack in (1, 4):
        config = tiny_config(tasks={"catch": {**catch, "frame_stack": stack}})
        found.append(table_plans(config, resolve_specs(config))[0])
    assert found[0].transitions == found[1].transitions
    assert found[1].bytes / found[0].bytes == pytest.approx(13 / 10)


def test_a_selector_counts_with_what_it_takes():
    """A leaf and an inner node of the sum tree are 8 bytes more than a place in a list."""
    chain, identity = plans("replay.selector=proportional")
    assert (chain.bytes, identity.bytes) == (630 * (CHAIN_ROW + 8), 630 * (IDENTITY_ROW + 8))


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("stack", [1, 3])
@pytest.mark.parametrize("shards", [1, 2])
def test_the_planned_tables_are_those_that_are_built(shards: int, stack: int, selector: str):
    """Rows are the plan's; columns take the planned bytes, selectors less than twice what was planned."""
    parts = tiny_parts(
        f"replay.selector={selector}",
        f"replay.shards={shards}",
        "replay.capacity=5000",
        "tasks.chain.actors=2",
        f"tasks.catch={{env: trunkline/Catch-v0, frame_stack: {stack}}}",
    )
    built = [parts.replay.shard(index) for index in range(shards)]
    for plan, spec in zip(table_plans(parts.config, parts.specs), parts.specs, strict=True):
        tables = [shard.tables[spec.name] for shard in built if spec.name in shard.tables]
        assert [index for index, shard in enumerate(built) if spec.name in shard.tables] == plan.shards
        assert [table.rows.num_rows for table in tables] == [plan.rows] * len(plan.shards)
        places = SELECTORS[selector].bytes_per_item * plan.rows * len(tables)
        assert sum(table.rows.nbytes for table in tables) == plan.bytes - places
        assert places <= sum(table.selector.nbytes for table in tables) < 2 * places
        assert parts.replay.capacities()[spec.name] == plan.transitions


def filled(table: Table, task: str, frame_shape: tuple[int, ...]) -> int:
    """Return how many items a table holds once it is full."""
    most = 0
    for sequence in range(table.rows.num_rows // 40 + 3):
        block = make_block(task, streams=4, starts=8, overlap=2, sequence=sequence, frame_shape=frame_shape)
        assert isinstance(table.insert(block, 0), Inserted)
        most = max(most, table.num_items)
    return most


def test_a_table_keeps_the_transitions_that_it_was_planned_for():
    """Not one less once it is full, whatever is overwritten: capacity is transitions, not rows."""
    parts = tiny_parts("replay.capacity=320", "tasks.chain.envs_per_actor=4")
    table = parts.replay.shard(0).tables["chain"]
    table.follow(FREELY.insert_until)
    assert filled(table, "chain", (8,)) == parts.replay.capacities()["chain"] == 320
    assert table.num_items == 320


def test_a_table_has_room_for_a_whole_block():
    """A capacity below one block is raised to it, so that no block is refused for good."""
    for capacity in ("64", "1KiB"):
        assert plans(f"replay.capacity={capacity}", "tasks.chain.envs_per_actor=64")[0].rows == 64 * 10


@pytest.mark.parametrize(
    "overrides",
    [
        ("tasks.chain.capacity=2000000", "tasks.identity.capacity=70MiB"),
        (
            "tasks.identity=null",
            "tasks.chain.env=trunkline/Catch-v0",
            "tasks.chain.frame_stack=4",
            "tasks.chain.capacity=200MiB",
        ),
    ],
    ids=["vectors", "stacked images"],
)
def test_a_full_shard_takes_the_memory_that_was_planned(overrides: tuple[str, ...]):
    """A process that fills 200 MiB of replay to the brim grows by that, within 10 %."""
    command = [
        sys.executable,
        "-m",
        "tests.unit.config.fill_shard",
        "replay.memory_budget=1GiB",
        *overrides,
    ]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    planned = sum(found["planned"].values())
    assert 190 * 2**20 < planned < 210 * 2**20
    assert found["grown"] == pytest.approx(planned, rel=0.1)


def test_a_budget_larger_than_the_machine_is_refused():
    """The machine's memory is in the sentence."""
    (found,) = sentences_of("replay.memory_budget=2GiB", machine_bytes=GIB)
    assert found == (
        "replay.memory_budget: 2 GiB is more than this machine has; it should be at most 1024MiB"
    )


def test_capacities_that_exceed_the_budget_are_refused():
    """What each task would take is in the sentence, and what all may."""
    (found,) = sentences_of("replay.capacity=10_000_000")
    assert found == (
        "replay.capacity: the tables take 1 GiB (chain 10,000,000 transitions in 632 MiB, "
        "identity 10,000,000 transitions in 393 MiB), more than replay.memory_budget, 4 MiB; what fits is "
        "replay.capacity=39000 or replay.memory_budget=1026MiB"
    )
    assert sentences_of("tasks.chain.capacity=3.5MiB", "tasks.identity.capacity=0.6MiB")
    check(tiny_config("tasks.chain.capacity=3MiB", "tasks.identity.capacity=1MiB"), SPECS, GIB)


@pytest.mark.parametrize(
    "overrides",
    [
        ("replay.capacity=10_000_000",),
        ("replay.capacity=900MiB", "replay.shards=3", "tasks.chain.actors=2"),
        ("tasks.chain.capacity=9_999_999",),
        ("tasks.chain.capacity=64MiB", "tasks.identity.capacity=0.5MiB"),
        ("replay.capacity=77777", "tasks.identity.capacity=31000"),
        ("replay.capacity=200_000", "replay.memory_budget=3333KiB"),
    ],
)
def test_each_value_that_a_refusal_names_is_accepted(overrides: tuple[str, ...]):
    """Typed as it stands, beside what was refused."""
    (found,) = sentences_of(*overrides)
    settings = found.partition("what fits is ")[2].split(" or ")
    assert settings
    for setting in settings:
        check(tiny_config(*overrides, setting), SPECS, 64 * GIB)


def test_a_capacity_that_fits_is_nearly_the_largest():
    """A tenth more does not fit."""
    (found,) = sentences_of("replay.capacity=10_000_000")
    (capacity,) = re.findall(r"replay\.capacity=(\d+)", found)
    assert sentences_of(f"replay.capacity={int(capacity) * 11 // 10}")


def test_the_most_that_a_machine_has_can_be_typed():
    """A number that is no whole number of MiB is rounded down, never up."""
    (found,) = sentences_of("replay.memory_budget=2GiB", machine_bytes=GIB + 12_345_678)
    check(tiny_config(f"replay.memory_budget={found.split()[-1]}"), SPECS, GIB + 12_345_678)


def test_room_for_blocks_counts_towards_the_budget():
    """Many shards with many streams need their least rows each, whatever the capacity says."""
    (found,) = sentences_of(
        "replay.shards=20",
        "tasks.chain.actors=20",
        "tasks.chain.envs_per_actor=500",
        "tasks.chain.capacity=1KiB",
    )
    assert "more than replay.memory_budget, 4 MiB" in found


def test_the_budget_bounds_what_is_built():
    """A plan that passes is what the parts of a run take: no shard is larger than its part."""
    config = tiny_config("replay.capacity=1.5MiB", "replay.shards=2", "tasks.chain.actors=2")
    check(config, SPECS, GIB)
    parts = Parts(config, SPECS)
    columns = [
        table.rows.nbytes + table.selector.nbytes
        for index in range(2)
        for table in parts.replay.shard(index).tables.values()
    ]
    assert sum(columns) == sum(plan.bytes for plan in table_plans(config, SPECS)) <= 3 * 2**20


def test_this_machine_has_memory_and_sizes_are_written_for_people():
    """Bytes become units of 1024."""
    assert machine_memory_bytes() > 2**28
    assert [in_units(n) for n in (1, 1023, 1536, 2**31, 2**45)] == [
        "1 B",
        "0.999 KiB",
        "1.5 KiB",
        "2 GiB",
        "32 TiB",
    ]
