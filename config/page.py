"""Writes the reference page of the configuration out of its schema.

python -m config.page > docs/configuration.md
"""

import sys
import types
import typing
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config.schema import RunConfig
from config.sections.task import TaskConfig

_HEAD = """# Configuration

A configuration is a YAML file; any field can be overridden on the command line by its dotted name, as in
`trunkline train my.yaml learner.batch_size=512`. A field that is absent has the default that stands
here. A value that is not allowed is refused with a sentence before anything starts. `trunkline config show`
prints a configuration with every field. `python -m config.page > docs/configuration.md` writes this page.
"""


def page() -> str:
    """Return the page as Markdown."""
    top = {
        name: field for name, field in RunConfig.model_fields.items() if _section(field.annotation) is None
    }
    parts = [_HEAD, _table("The run", {name: f for name, f in top.items() if name != "tasks"}, "")]
    parts.append(_table("`tasks.NAME`: one for each task", dict(TaskConfig.model_fields), "tasks.NAME."))
    for name, field in RunConfig.model_fields.items():
        section = _section(field.annotation)
        if section is not None:
            parts.append(_table(f"`{name}`", dict(section.model_fields), f"{name}."))
    return "\n".join(parts)


def _table(title: str, fields: dict[str, Any], prefix: str) -> str:
    rows = [
        f"| `{prefix}{name}` | {_type(f)} | {_default(f)} | {f.description} |" for name, f in fields.items()
    ]
    return "\n".join(
        [f"## {title}", "", "| field | type | default | meaning |", "|---|---|---|---|", *rows, ""]
    )


def _section(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - whatever the schema holds
    is_section = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_section else None


def _type(field: Any) -> str:  # noqa: ANN401 - pydantic's own type
    return _name(field.annotation)


def _name(annotation: Any) -> str:  # noqa: ANN401 - whatever the schema holds
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _name(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_name(part) for part in arguments)
    if origin is list:
        return f"list of {_name(arguments[0])}"
    if origin is dict:
        return "mapping"
    return {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null"}[
        annotation
    ]


def _default(field: Any) -> str:  # noqa: ANN401 - pydantic's own type
    if field.default is PydanticUndefined:
        return "has to be given"
    if field.default is None or isinstance(field.default, bool):
        return f"`{str(field.default).lower().replace('none', 'null')}`"
    return f"`{field.default}`"


if __name__ == "__main__":
    sys.stdout.write(page())
