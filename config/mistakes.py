"""From pydantic's errors to one sentence a mistake: field, value, what is allowed, the nearest name."""

import difflib
import typing
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from config.schema import RunConfig

Location = tuple[int | str, ...]
"""Keys and positions; what begins with a bracket, `[key]` or a kind of value, names no field."""

_KINDS = {
    "model_type": "it should be a mapping of fields",
    "dict_type": "it should be a mapping",
    "list_type": "it should be a list",
}
"""What is allowed, by pydantic's kind of mistake, where pydantic says it in Python's words."""


def sentences(error: ValidationError, root: type[BaseModel] = RunConfig) -> list[str]:
    """Return one sentence for each mistake in what `root` describes, in the order of the fields."""
    return [
        unknown_key(details["loc"], root)
        if details["type"] == "extra_forbidden"
        else _sentence(
            details["type"], details["loc"], details["input"], details["msg"], details.get("ctx", {})
        )
        for details in error.errors(include_url=False)
    ]


def _sentence(kind: str, location: Location, value: object, message: str, context: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in location if not str(part).startswith("["))
    if kind == "missing":
        return f"{field}: missing; it has to be given"
    if location[0] == "tasks" and location[2:] == ("[key]",):
        return f"tasks: {value!r} is not allowed as a task name: lower-case letters, digits and _, at most 40"
    if kind == "literal_error":
        return f"{field}: {_shown(value)} is not allowed: it should be {context['expected']}"
    allowed = _KINDS.get(kind) or message.replace("Input should be", "it should be")
    allowed = allowed.replace("Dictionary should", "it should").replace("List should", "it should")
    return f"{field}: {_shown(value)} is not allowed: {allowed.replace(' after validation', '')}"


def unknown_key(location: Location, root: type[BaseModel] = RunConfig) -> str:
    """Return the sentence for a key that the schema does not know."""
    *parents, key = location
    names = _names_at(parents, root)
    near = difflib.get_close_matches(str(key), names, n=1, cutoff=0.5)
    where = ".".join(map(str, parents)) or "the configuration"
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"{'.'.join(map(str, location))}: unknown key{hint} Allowed in {where} are {', '.join(names)}"


def _names_at(parents: Sequence[int | str], root: type[BaseModel]) -> list[str]:
    """Return the fields of the section at a location."""
    section: Any = root
    remaining = list(parents)
    while remaining:
        section = section.model_fields[str(remaining.pop(0))].annotation
        if typing.get_origin(section) is dict:
            section = typing.get_args(section)[1]
            remaining = remaining[1:]
    return list(section.model_fields)


def _shown(value: object) -> str:
    """Return a value as a configuration has it, where Python has another word for it."""
    text = str(value).lower() if isinstance(value, bool) else "null" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
