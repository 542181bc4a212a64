"""The one place where values become JSON, and where JSON from outside is read.

It is written in files, on standard output, in answers to requests. JSON has no word for what is not a number,
and programs that read it refuse `NaN` and `Infinity`. They become null here, wherever they stand.
"""

import json
import math
from pathlib import Path
from typing import Any


def json_text(value: Any, indent: int | None = None) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as JSON, on one line if there is no `indent`.

    Raises:
        TypeError: JSON cannot hold it.
    """
    return json.dumps(_with_nulls(value), indent=indent, allow_nan=False)


def json_line(value: Any, indent: int | None = None) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as files hold it: JSON, ended by a line break."""
    return f"{json_text(value, indent)}\n".encode()


class NotJsonError(ValueError):
    """There is no JSON that can be read; the message says why."""


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return what a text holds.

    Raises:
        NotJsonError: it is no JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise NotJsonError("nested too deeply") from error
    except ValueError as error:
        raise NotJsonError(str(error)) from error


def read_json(path: Path) -> Any:  # noqa: ANN401 - the same
    """Return what a file holds.

    Raises:
        NotJsonError: it cannot be read, is no regular file, or holds no JSON.
    """
    try:
        if not path.is_file():  # a pipe would have no end
            raise NotJsonError("no regular file")
        text = path.read_bytes()
    except OSError as error:
        raise NotJsonError(error.strerror or str(error)) from error
    return parse_json(text)


def _with_nulls(value: Any) -> Any:  # noqa: ANN401 - the same
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_nulls(item) for item in value]
    return value


def _key(key: Any) -> Any:  # noqa: ANN401 - the same
    return str(key) if isinstance(key, float) and not math.isfinite(key) else key
