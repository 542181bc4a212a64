"""Checks that need environments or span several fields."""

import sys

import pytest

from config.errors import ConfigError
from config.rates import least_error_buffer, rate_limiter
from config.resolution import rehearse, resolve
from replay.rate_limiter import smallest_error_buffer
from tests.support.broken_environments import env_id
from tests.support.learning_builders import tiny_config
from tests.support.odd_environments import odd
from tests.support.resolution import check, resolve_specs

GIB = 2**30
REQUEST = 8
"""Transitions of one request of the tiny pair: half of the batch, one batch ahead."""


def sentences_of(*overrides: str, machine_bytes: int = 64 * GIB) -> tuple[str, ...]:
    config = tiny_config(*overrides)
    with pytest.raises(ConfigError) as caught:
        check(config, resolve(tiny_config()).specs, machine_bytes)
    return caught.value.sentences


def check_passes(*overrides: str) -> None:
    check(tiny_config(*overrides), resolve(tiny_config()).specs, 64 * GIB)


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
        ({"env": "Pendulum-v1"}, ["tasks.a.env: 'Pendulum-v1' has Box actions", "tasks.a.action_bins"]),
        (
            {"env": odd("WithSpaces"), "env_kwargs": {"observations": "graph"}},
            [f"tasks.a.env: '{odd('WithSpaces')}' has Graph observations", "Box"],
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


@pytest.mark.parametrize(
    ("override", "most"),
    [
        ("tasks.chain.capacity=128", 128),
        ("tasks.chain.capacity=500", 504),
        ("tasks.chain.capacity=8KiB", 120),
    ],
)
def test_the_minimum_to_sample_must_fit_in(override: str, most: int):
    """A table that can never be full enough would wait for ever; the task and what fits are named."""
    fields = (override, "replay.capacity=1000", "stop_env_steps=10000")
    (found,) = sentences_of(*fields, f"replay.min_size_to_sample={most + 1}")
    assert found == (
        f"replay.min_size_to_sample: {most + 1} is not allowed: "
        f"it should be at most the capacity of task 'chain', {most}"
    )
    check_passes(*fields, f"replay.min_size_to_sample={most}")


def test_a_batch_holds_a_transition_of_every_task():
    """A batch smaller than the number of tasks is refused."""
    (found,) = sentences_of("learner.batch_size=1")
    assert found.startswith(
        "learner.batch_size: 1 is not allowed: it should be at least the number of tasks, 2"
    )


@pytest.mark.parametrize("shards", [1, 2, 3])
def test_an_error_buffer_that_would_deadlock_is_refused_and_the_least_is_named(shards: int):
    """The number in the sentence works, a little less does not; more shards need more."""
    spread = (f"replay.shards={shards}", "tasks.chain.actors=3", "tasks.identity.actors=3")
    least = max(smallest_error_buffer(16.0, insert, REQUEST, shards) for insert in (4 * 8, 2 * 8))
    assert (least == smallest_error_buffer(16.0, 32, REQUEST)) is (shards == 1)
    (found,) = sentences_of(f"replay.error_buffer={least - 0.01}", *spread)
    assert found.startswith("replay.error_buffer:")
    assert f"it should be at least {least:g}" in found
    check_passes(f"replay.error_buffer={least}", *spread)


def test_the_default_error_buffer_never_deadlocks():
    """It is twice the least, for each task's own sizes, and for its own number of shards."""
    config = tiny_config("replay.shards=2", "tasks.chain.actors=2", "tasks.identity.actors=1")
    chain, identity = resolve_specs(config)
    for spec, insert, shards in ((chain, 32, 2), (identity, 16, 1)):
        least = smallest_error_buffer(16.0, insert, REQUEST, shards)
        assert least_error_buffer(config, spec) == least
        assert rate_limiter(config, spec).error_buffer == 2 * least


@pytest.mark.parametrize(("shards", "actors", "most"), [(1, 4, 1), (3, 2, 2), (2, 2, 2)])
def test_a_task_lies_on_no_more_shards_than_there_are_and_can_be_fed(shards: int, actors: int, most: int):
    """An actor keeps to one shard, so that one more would stay empty; the sentence says so."""
    fields = (f"replay.shards={shards}", f"tasks.chain.actors={actors}")
    (found,) = sentences_of(f"tasks.chain.shards={most + 1}", *fields)
    assert found == (
        f"tasks.chain.shards: {most + 1} is not allowed: it should be at most {most}, "
        "the smaller of replay.shards and the task's actors, since an actor keeps to one shard"
    )
    check_passes(f"tasks.chain.shards={most}", *fields)


def test_several_checks_speak_at_once():
    """Ratio, memory of replay and of the network, and batch size are all told."""
    found = sentences_of("learner.batch_size=1", "replay.min_size_to_sample=600", machine_bytes=1)
    assert [sentence.split(":")[0] for sentence in found] == [
        *["replay.min_size_to_sample"] * 2,
        "replay.memory_budget",
        "network.encoder_width",
        "learner.batch_size",
    ]


def test_a_loss_weight_that_nobody_reads_is_a_mistake():
    """Only `fixed` reads loss weights; the sentence says how to have them."""
    (found,) = sentences_of("tasks.chain.loss_weight=2.0", "learner.weighting=pcgrad")
    assert found == (
        "tasks.chain.loss_weight: 2 is not allowed with learner.weighting 'pcgrad', which does not read it: "
        "learner.weighting should be 'fixed', or the loss_weight 1"
    )
    assert len(sentences_of("tasks.chain.loss_weight=2.0")) == 1
    check_passes("tasks.chain.loss_weight=2.0", "learner.weighting=fixed")


@pytest.mark.parametrize("sharing", ["separate", "l2"])
@pytest.mark.parametrize("name", ["pcgrad", "cagrad", "aligned_mtl", "imtl_g", "upgrad"])
def test_gradients_of_what_tasks_share_need_something_shared(name: str, sharing: str):
    """Weights of losses do not."""
    (found,) = sentences_of(f"learner.weighting={name}", f"network.sharing={sharing}")
    assert found == (
        f"learner.weighting: '{name}' is not allowed with network.sharing '{sharing}': it combines "
        "gradients of what tasks share, and they share no parameter"
    )
    check_passes("learner.weighting=famo", f"network.sharing={sharing}")


@pytest.mark.parametrize(
    ("name", "package"), [("cagrad", "quadprog"), ("aligned_mtl", "torchjd"), ("upgrad", "torchjd")]
)
def test_a_weighting_whose_package_is_missing_names_the_extra(name: str, package: str, monkeypatch):
    """None in `sys.modules` is how Python knows a module that cannot be imported."""
    monkeypatch.setitem(sys.modules, package, None)
    (found,) = sentences_of(f"learner.weighting={name}")
    assert found == (
        f"learner.weighting: '{name}' is not allowed: it needs {package}, which is not installed; "
        "the extra 'torchjd' brings it (pip install --editable '.[torchjd]')"
    )
    check_passes("learner.weighting=pcgrad")


def test_what_a_trial_finds_is_told_with_everything_else():
    """An environment's mistakes, a task's, and those of the whole configuration, at once."""
    task = {"env": odd("WrongTwice"), "observation_scale": [1, 2, 3], "envs_per_actor": 1}
    with pytest.raises(ConfigError) as caught:
        rehearse(tiny_config(tasks={"a": task, "b": {"env": "No-v0"}}))
    assert [sentence.split(":")[0] for sentence in caught.value.sentences] == [
        *["tasks.a.env"] * 2,
        "tasks.a.observation_scale",
        "tasks.b.env",
    ]
    del task["observation_scale"]
    with pytest.raises(ConfigError) as caught:
        rehearse(tiny_config("learner.batch_size=1", tasks={"a": task, "b": {"env": "trunkline/Chain-v0"}}))
    assert [sentence.split(":")[0] for sentence in caught.value.sentences] == [
        *["tasks.a.env"] * 2,
        "learner.batch_size",
    ]
