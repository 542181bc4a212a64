"""Holds JSON against Grafana's own description of its dashboards, as its SDK has it in classes.

The SDK reads what it knows and takes any value for it. So unknown fields are those that do not come back, and
wrong values are those that do not have the type with which their field is declared.
"""

import enum
import json
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()
MODELS = "grafana_foundation_sdk.models"
Json = dict[str, Any]


def problems(model: Json) -> list[str]:
    """Return what Grafana would not know or not take in a dashboard, one line each."""
    read = Dashboard.from_json(model)
    known = json.loads(json.dumps(read, cls=JSONEncoder))
    return [*_unknown(model, known, "dashboard"), *_wrong(read, Dashboard, "dashboard")]


def _unknown(given: Any, known: Any, path: str) -> Iterator[str]:
    """Yield every place where what was given did not come back."""
    if isinstance(given, dict) and isinstance(known, dict):
        for key, value in given.items():
            if key in known:
                yield from _unknown(value, known[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is unknown"
    elif isinstance(given, list) and isinstance(known, list) and len(given) == len(known):
        for index, (one, other) in enumerate(zip(given, known, strict=True)):
            yield from _unknown(one, other, f"{path}[{index}]")
    elif given != known:
        yield f"{path}: {given!r} is read as {known!r}"


def _wrong(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Yield every place whose value does not have the declared type."""
    origin = get_origin(hint)
    if hint is Any or hint is object:
        if type(value).__module__.startswith(MODELS):
            yield from _wrong_plain(value, type(value), path)
    elif origin in {Union, types.UnionType}:
        if all(list(_wrong(value, option, path)) for option in get_args(hint)):
            yield f"{path}: {value!r} is none of {hint}"
    elif origin is Literal:
        if value not in get_args(hint):
            yield f"{path}: {value!r} is none of {get_args(hint)}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for index, item in enumerate(value):
            yield from _wrong(item, get_args(hint)[0], f"{path}[{index}]")
    elif origin is dict or hint is dict:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
    else:
        yield from _wrong_plain(value, hint, path)


def _wrong_plain(value: Any, hint: type, path: str) -> Iterator[str]:
    if issubclass(hint, enum.Enum):
        if value not in [member.value for member in hint]:
            yield f"{path}: {value!r} is no {hint.__name__}"
    elif hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{path}: {value!r} is no number"
    elif not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {hint.__name__}"
    elif hint.__module__ != "builtins":
        for name, declared in get_type_hints(type(value)).items():
            yield from _wrong(getattr(value, name), declared, f"{path}.{name}")
