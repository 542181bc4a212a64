"""A configuration as JSON, which has no dates, no bytes, no infinities, and no keys but texts."""

import math
from typing import Any

from config.schema import RunConfig
from config.yaml_text import write_yaml


def json_view(config: RunConfig) -> tuple[dict[str, Any], list[str]]:
    """Return a configuration as what JSON can hold, and a sentence for each value that it shows as text.

    Such a value is shown as the text that YAML has for it.
    """
    changed: list[str] = []
    view: dict[str, Any] = _view(config.model_dump(), "", changed)
    return view, changed


def _view(value: Any, name: str, changed: list[str]) -> Any:  # noqa: ANN401 - whatever YAML can hold
    if isinstance(value, dict):
        return {
            _text(key, f"a key of {name}", changed): _view(part, f"{name}.{key}".lstrip("."), changed)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_view(part, f"{name}[{index}]", changed) for index, part in enumerate(value)]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return _text(value, name, changed)


def _text(value: object, name: str, changed: list[str]) -> str:
    if isinstance(value, str):
        return value
    text = " ".join(write_yaml(value).removesuffix("...\n").split())
    changed.append(f"{name}: JSON has no such value and shows the text {text!r}; without --json it is shown")
    return text
