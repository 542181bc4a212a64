"""Checks that need environments or span several fields."""

import pytest

from deploy.config.resolution import check, error_buffer, in_units, machine_memory_bytes, resolve, table_plans
from deploy.errors import ConfigError
from deploy.parts import Parts
from replay.rate_limiter import smallest_error_buffer
from tests.support.broken_environments import env_id
from tests.support.learning_builders import tiny_config

GIB = 2**30


def sentences_of(*overrides: str, machine_bytes: int = 64 * GIB) -> tuple[str, ...]:
    config = tiny_config(*overrides)
    with pytest.raises(ConfigError) as caught:
        check(config, resolve(tiny_config()).specs, machine_bytes)
    return caught.value.sentences


def unresolvable(**task: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        resolve(tiny_config(tasks={"a": task}))
    return caught.value.sentences


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            {"env": "CartPol-v1"},
            ["tasks.a.env: unknown environment 'CartPol-v1'", "'CartPole-v1'?", "module:id"],
        ),
        ({"env": "Pendulum-v1"}, ["tasks.a.env: 'Pendulum-v1' has Box actions", "Discrete"]),
        ({"env": "Blackjack-v1"}, ["tasks.a.env: 'Blackjack-v1' has Tuple observations", "Box"]),
        (
            {"env": env_id("NoTimeLimit")},
            ["tasks.a.max_episode_steps: environment", "positive number of steps"],
        ),
        ({"env": env_id("RaisesInConstructor")}, ["tasks.a.env:", "cannot be built", "no licence"]),
        (
            {"env": "CartPole-v1", "observation_scale": [1.0, 2.0]},
            ["tasks.a.observation_scale: 2 numbers given; allowed are 1 or 4", "CartPole-v1"],
        ),
        ({"env": "trunkline/Chain-v0", "env_kwargs": {"size": 3}}, ["tasks.a.env:", "'size'"]),
    ],
)
def test_an_environment_that_does_not_fit_is_one_sentence(task: dict[str, object], expected: list[str]):
    """It names the field, and what would do."""
    (found,) = unresolvable(**task)
    for part in expected:
        assert part in found


def test_every_environment_that_does_not_fit_is_named():
    """One mistake does not hide another."""
    with pytest.raises(ConfigError) as caught:
        resolve(tiny_config(tasks={"a": {"env": "No-v0"}, "b": {"env": "Pendulum-v1"}}))
    assert [sentence.split(".")[1] for sentence in caught.value.sentences] == ["a", "b"]


def test_the_minimum_to_sample_must_fit_in():
    """A table that can never be full enough would wait for ever."""
    (found,) = sentences_of("replay.min_size_to_sample=501")
    assert found == (
        "replay.min_size_to_sample: 501 is not allowed: it should be at most replay.capacity, 500"
    )


def test_a_batch_holds_a_transition_of_every_task():
    """A batch smaller than the number of tasks is refused."""
    (found,) = sentences_of("learner.batch_size=1")
    assert found.startswith(
        "learner.batch_size: 1 is not allowed: it should be at least the number of tasks, 2"
    )


def test_an_error_buffer_that_would_deadlock_is_refused_and_the_least_is_named():
    """The number in the sentence works, a little less does not."""
    least = max(smallest_error_buffer(16.0, insert, 16) for insert in (4 * 8, 2 * 8))
    (found,) = sentences_of(f"replay.error_buffer={least - 0.01}")
    assert found.startswith("replay.error_buffer:")
    assert f"it should be at least {least:g}" in found
    config = tiny_config(f"replay.error_buffer={least}")
    check(config, resolve(tiny_config()).specs, GIB)
    assert error_buffer(config, "chain") == least


def test_the_default_error_buffer_never_deadlocks():
    """It is four times the least, for each task's own sizes."""
    config = tiny_config()
    assert error_buffer(config, "chain") == 4 * smallest_error_buffer(16.0, 32, 16)
    assert error_buffer(config, "identity") == 4 * smallest_error_buffer(16.0, 16, 16)


def test_a_budget_larger_than_the_machine_is_refused():
    """The machine's memory is in the sentence."""
    (found,) = sentences_of("replay.memory_budget=2GiB", machine_bytes=GIB)
    assert found == ("replay.memory_budget: 2 GiB is more than this machine has; it should be at most 1 GiB")


def test_a_capacity_larger_than_the_budget_is_refused():
    """What each task would take is in the sentence."""
    (found,) = sentences_of("replay.capacity=10_000_000")
    assert found.startswith("replay.capacity: 10000000 transitions a task take ")
    assert "chain " in found
    assert "identity " in found
    assert found.endswith("more than replay.memory_budget, 4 MiB")


def test_several_checks_speak_at_once():
    """Ratio, memory and batch size are all told."""
    assert len(sentences_of("learner.batch_size=1", "replay.min_size_to_sample=600", machine_bytes=1)) == 3


def test_planned_bytes_are_the_bytes_that_the_tables_take():
    """The budget is checked against what will be allocated, and every table holds its capacity."""
    config = tiny_config("replay.capacity=5_000")
    specs = resolve(config).specs
    shard = Parts(config, specs).shard()
    for plan in table_plans(config, specs):
        assert shard.tables[plan.task].nbytes == plan.bytes
        assert plan.rows >= 5_000 * (8 + 2) / 8


def test_a_table_has_room_for_a_whole_block():
    """A capacity below one block is raised to it, so that no block is refused for good."""
    config = tiny_config("replay.capacity=64", "tasks.chain.envs_per_actor=64")
    plan = table_plans(config, resolve(config).specs)[0]
    assert plan.rows == 64 * 10


def test_this_machine_has_memory_and_sizes_are_written_for_people():
    """Bytes become units of 1024."""
    assert machine_memory_bytes() > 2**28
    assert [in_units(n) for n in (1, 1023, 1536, 2**31, 2**45)] == [
        "1 B",
        "1.02e+03 B",
        "1.5 KiB",
        "2 GiB",
        "32 TiB",
    ]
