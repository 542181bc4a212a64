"""Each mistake in a configuration is one sentence: field, value, what is allowed, the nearest name."""

from typing import Any

import pytest

from config.errors import ConfigError
from config.loading import parse_config
from replay.selectors.table import SELECTORS
from tests.support.learning_builders import tiny_raw

CHAIN = {"chain": {"env": "trunkline/Chain-v0"}}

FIELDS: list[tuple[str, list[str]]] = [
    # unknown keys, at every level
    ("batch_size=1", ["batch_size: unknown key", "Allowed in the configuration are seed", "learner"]),
    (
        "lerner.batch_size=1",
        ["lerner: unknown key", "did you mean 'learner'?", "Allowed in the configuration"],
    ),
    (
        "learner.batch_siz=1",
        ["learner.batch_siz: unknown key", "did you mean 'batch_size'?", "learning_rate"],
    ),
    ("replay.n_steps=1", ["replay.n_steps: unknown key", "did you mean 'n_step'?", "Allowed in replay"]),
    ("tasks.chain.discout=1", ["tasks.chain.discout: unknown key", "'discount'?", "Allowed in tasks.chain"]),
    ("metrics.prt=1", ["metrics.prt: unknown key", "did you mean 'port'?"]),
    # another type
    ("learner.batch_size='256'", ["learner.batch_size: '256' is not allowed", "a valid integer"]),
    ("learner.batch_size=1.5", ["learner.batch_size: 1.5 is not allowed", "a valid integer"]),
    ("learner.batch_size=true", ["learner.batch_size: true is not allowed", "a valid integer"]),
    ("learner.learning_rate=fast", ["learner.learning_rate: 'fast' is not allowed", "a valid number"]),
    ("learner.learning_rate=false", ["learner.learning_rate: false is not allowed", "a valid number"]),
    ("learner.double=1", ["learner.double: 1 is not allowed", "a valid boolean"]),
    ("learner.double='yes'", ["learner.double: 'yes' is not allowed", "a valid boolean"]),
    ("tasks.chain.env=3", ["tasks.chain.env: 3 is not allowed", "a valid string"]),
    ("learner=3", ["learner: 3 is not allowed: it should be a mapping of fields"]),
    ("tasks.chain=fast", ["tasks.chain: 'fast' is not allowed: it should be a mapping of fields"]),
    ("network.trunk=128", ["network.trunk: 128 is not allowed: it should be a list"]),
    ("seed=null", ["seed: null is not allowed", "a valid integer"]),
    # out of bounds
    ("seed=-1", ["seed: -1 is not allowed", "greater than or equal to 0"]),
    ("seed=2147483648", ["seed: 2147483648 is not allowed", "less than 2147483648"]),
    ("stop_env_steps=0", ["stop_env_steps: 0 is not allowed", "greater than 0"]),
    ("learner.batch_size=-8", ["learner.batch_size: -8 is not allowed", "greater than 0"]),
    ("replay.n_step=101", ["replay.n_step: 101 is not allowed", "less than or equal to 100"]),
    ("replay.priority_exponent=1.1", ["replay.priority_exponent: 1.1", "less than or equal to 1"]),
    ("tasks.chain.discount=1.01", ["tasks.chain.discount: 1.01", "less than or equal to 1"]),
    ("tasks.chain.discount=.nan", ["tasks.chain.discount: nan is not allowed"]),
    ("tasks.chain.loss_weight=.inf", ["tasks.chain.loss_weight: inf is not allowed", "finite"]),
    ("learner.learning_rate=.nan", ["learner.learning_rate: nan is not allowed"]),
    ("actors.exploration_zeta=1", ["actors.exploration_zeta: 1", "greater than 1"]),
    ("metrics.port=65536", ["metrics.port: 65536", "less than or equal to 65535"]),
    ("network.trunk=[]", ["network.trunk: [] is not allowed", "at least 1 item"]),
    ("network.trunk=[64,0]", ["network.trunk.1: 0 is not allowed", "greater than 0"]),
    ("tasks.chain.observation_scale=[0]", ["tasks.chain.observation_scale.0: 0", "greater than 0"]),
    ("tasks.chain.observation_scale=1e-40", ["tasks.chain.observation_scale", "from 1e-37 to 1e37"]),
    ("tasks.chain.observation_scale={image: [1, 0]}", ["tasks.chain.observation_scale.image.1: 0", "than 0"]),
    ("tasks.chain.observation_scale={image: 1e38}", ["tasks.chain.observation_scale.image", "to 1e37"]),
    *(
        (
            f"tasks.chain.observation_scale={value}",
            [
                f"tasks.chain.observation_scale: {shown} is not allowed: it should be a number, a list of "
                "numbers, auto, or a mapping from names of parts to these"
            ],
        )
        for value, shown in [("fast", "'fast'"), ("Auto", "'Auto'"), ("true", "true")]
    ),
    *(
        (
            f"tasks.chain.observation_scale={{image: {value}}}",
            [
                f"tasks.chain.observation_scale.image: {shown} is not allowed: it should be a number, a list "
                "of numbers, or auto"
            ],
        )
        for value, shown in [("fast", "'fast'"), ("null", "null"), ("false", "false"), ("{a: 1}", "{'a': 1}")]
    ),
    ("tasks.chain.observation_scale=[1, fast]", ["tasks.chain.observation_scale.1: 'fast'", "valid number"]),
    ("tasks.chain.observation_scale=[auto]", ["tasks.chain.observation_scale.0: 'auto'", "valid number"]),
    ("tasks.chain.observation_length=0", ["tasks.chain.observation_length: 0", "greater than 0"]),
    ("tasks.chain.observation_length=4097", ["tasks.chain.observation_length: 4097", "or equal to 4096"]),
    ("tasks.chain.action_bins=1", ["tasks.chain.action_bins: 1", "greater than or equal to 2"]),
    ("tasks.chain.action_bins=256", ["tasks.chain.action_bins: 256", "less than or equal to 255"]),
    ("tasks.chain.action_mask=''", ["tasks.chain.action_mask: '' is not allowed", "at least 1 character"]),
    ("tasks.chain.reward_scale=1e38", ["tasks.chain.reward_scale: 1e+38", "from 1e-37 to 1e37"]),
    ("replay.memory_budget=0B", ["replay.memory_budget: '0B' is not allowed", "greater than 0"]),
    ("replay.shards=0", ["replay.shards: 0 is not allowed", "greater than 0"]),
    ("replay.shards=101", ["replay.shards: 101 is not allowed", "less than or equal to 100"]),
    ("tasks.chain.shards=0", ["tasks.chain.shards: 0 is not allowed", "greater than 0"]),
    ("tasks.chain.frame_stack=0", ["tasks.chain.frame_stack: 0 is not allowed", "greater than 0"]),
    ("tasks.chain.frame_stack=17", ["tasks.chain.frame_stack: 17", "less than or equal to 16"]),
    ("checkpoint.replay=1", ["checkpoint.replay: 1 is not allowed", "a valid boolean"]),
    # transitions, or bytes
    *(
        (f"{field}={value}", [f"{field}: {shown} is not allowed", "number of transitions", "512MiB"])
        for field in ("replay.capacity", "tasks.chain.capacity")
        for value, shown in [
            ("0", "0"),
            ("-5", "-5"),
            ("1.5", "1.5"),
            ("true", "true"),
            ("[1]", "[1]"),
            ("0MiB", "'0MiB'"),
            ("0.5B", "'0.5B'"),
            ("-1MiB", "'-1MiB'"),
            ("2GB", "'2GB'"),
            ("'500'", "'500'"),
            ("many", "'many'"),
        ]
    ),
    ("replay.capacity=null", ["replay.capacity: null is not allowed", "number of transitions"]),
    # a choice that there is not
    (
        "replay.selector=prioritised",
        ["replay.selector: 'prioritised' is not allowed: it should be", *map(repr, SELECTORS)],
    ),
    ("learner.loss=l2", ["learner.loss: 'l2' is not allowed", "'huber', 'squared' or 'hl_gauss'"]),
    ("learner.loss=null", ["learner.loss: null is not allowed", "'huber', 'squared' or 'hl_gauss'"]),
    ("learner.device=gpu", ["learner.device: 'gpu' is not allowed", "'auto', 'cpu' or 'cuda'"]),
    ("network.sharing=soft", ["network.sharing: 'soft' is not allowed", "'hard'"]),
    # tasks
    ("tasks={}", ["tasks: {} is not allowed", "at least 1 item"]),
    ("tasks.Chain={env: x}", ["tasks: 'Chain' is not allowed as a task name", "lower-case letters, digits"]),
    ("tasks={1: {env: x}}", ["tasks: 1 is not allowed as a task name"]),
    (f"tasks.{'a' * 41}={{env: x}}", ["is not allowed as a task name", "at most 40"]),
    ("tasks.new.discount=0.9", ["tasks.new.env: missing; it has to be given"]),
]


def sentences_of(raw: Any, *overrides: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_config(raw, overrides)
    return caught.value.sentences


@pytest.mark.parametrize(("override", "expected"), FIELDS, ids=[override[:40] for override, _ in FIELDS])
def test_a_wrong_field_is_one_sentence(override: str, expected: list[str]):
    """It has the field, the value, and what is allowed; no second sentence repeats it."""
    found = sentences_of(tiny_raw(tasks={"chain": dict(CHAIN["chain"])}), override)
    assert len(found) == 1
    for part in expected:
        assert part in found[0]
    assert "\n" not in found[0]
    assert "pydantic" not in found[0].lower()


def test_every_mistake_gets_its_sentence():
    """All are told at once, in the order of the fields."""
    found = sentences_of(tiny_raw(), "seed=-1", "learner.loss=l2", "network.trunk=[]")
    assert [sentence.split(":")[0] for sentence in found] == ["seed", "network.trunk", "learner.loss"]


@pytest.mark.parametrize("field", ["learner.batch_size", "learner.loss"])
def test_a_long_value_is_cut(field: str):
    """A sentence stays readable whatever was given."""
    (found,) = sentences_of(tiny_raw(), f"{field}=[{', '.join(['1'] * 500)}]")
    assert len(found) < 200


@pytest.mark.parametrize("raw", [None, [], "text", 3])
def test_a_document_that_is_no_mapping_is_a_sentence(raw: object):
    """An empty file, a list, a word."""
    (found,) = sentences_of(raw)
    assert "it should be a mapping of sections" in found


@pytest.mark.parametrize("raw", [{}, {"tasks": None}, {"tasks": [1]}, {"tasks": "x"}, {1: 2, "tasks": CHAIN}])
def test_a_document_without_proper_tasks_is_refused(raw: dict[Any, Any]):
    """Whatever stands where the tasks should, there are sentences and no traceback."""
    assert all(len(sentence) > 10 for sentence in sentences_of(raw))


@pytest.mark.parametrize("value", [".nan", ".inf"])
def test_solved_at_is_a_finite_number(value: str):
    """A bound that nothing can reach, or that is no number, is a mistake."""
    (found,) = sentences_of(tiny_raw(), f"tasks.chain.solved_at={value}")
    assert found.startswith("tasks.chain.solved_at:")


@pytest.mark.parametrize("value", ["2GB", "lots", "2 G", "1e9GiB"])
def test_a_size_in_other_units_says_which_there_are(value: str):
    """The sentence shows a form that works."""
    (found,) = sentences_of(tiny_raw(), f"replay.memory_budget={value}")
    assert value in found
    assert "GiB" in found.replace(value, "")


def test_an_unknown_key_like_nothing_else_reads_as_sentences():
    """Without a nearest name there is still a border between the two sentences."""
    (found,) = sentences_of(tiny_raw(), "learner.zzzz=1")
    assert "unknown key Allowed" not in found


def test_a_key_of_env_kwargs_that_is_no_text_names_its_field():
    """Keyword arguments have names."""
    (found,) = sentences_of(tiny_raw(), "tasks.chain.env_kwargs={1: 2}")
    assert "tasks.chain.env_kwargs" in found
