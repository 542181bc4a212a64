"""What is written as YAML is read back as the same values, of the same types, in the same order."""

import datetime
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.loading import parse_config, to_yaml
from config.yaml_text import parse_yaml, unwritable, write_yaml
from tests.support.learning_builders import tiny_raw

LIKE_SOMETHING_ELSE = st.from_regex(
    r"[-+]?[0-9_]{0,6}[.:eExob]?[-+]?[0-9_a-f]{0,6}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|"
    r"(?i:yes|no|on|off|true|false|null|~|=|<<|\.inf|-\.inf|\.nan|y|n)",
    fullmatch=True,
)
"""Texts that some reader of YAML takes for numbers, dates, booleans, nothing."""
ZONES = st.none() | st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
TEXTS = LIKE_SOMETHING_ELSE | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    TEXTS,
    st.dates(),
    st.binary(max_size=4),
)
PLAIN = st.one_of(KEYS, st.floats(), st.datetimes(timezones=ZONES))
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def exactly(value: Any) -> Any:
    """Return a value in a form in which two are equal if values, types and orders are: nan is nan."""
    if isinstance(value, dict):
        return "mapping", [(exactly(key), exactly(part)) for key, part in value.items()]
    if isinstance(value, list):
        return "list", [exactly(part) for part in value]
    if isinstance(value, datetime.datetime):
        return "moment", value.isoformat()
    return type(value).__name__, repr(value)


@given(VALUES)
def test_whatever_is_written_is_read_back(value: Any):
    """Numbers, texts that look like numbers, dates, bytes, keys of any kind, nested as they come."""
    assert unwritable(value, "it") is None
    assert exactly(parse_yaml(write_yaml(value), "test")) == exactly(value)


@given(LIKE_SOMETHING_ELSE)
def test_a_text_is_read_as_the_same_text_in_quotes_and_as_one_value_without(text: str):
    """In quotes it is the text; without, whatever it is read as survives being written."""
    assert parse_yaml(yaml.dump(text, default_style='"'), "test") == text
    try:
        value = parse_yaml(f"a: {text}", "test")
    except ValueError:
        return
    assert exactly(parse_yaml(write_yaml(value), "test")) == exactly(value)


@settings(max_examples=30)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_arguments_of_environments_survive_a_configuration(arguments: dict[str, Any]):
    """From the raw document to the run's own file, and from there into the next process."""
    raw = tiny_raw()
    raw["tasks"]["chain"]["env_kwargs"] = arguments
    config = parse_config(raw)
    again = parse_config(parse_yaml(to_yaml(config), "test"))
    assert exactly(again.tasks["chain"].env_kwargs) == exactly(arguments)
    assert to_yaml(again) == to_yaml(config)
