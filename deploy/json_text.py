"""The one place where values become JSON: in files, on standard output, in answers to requests.

JSON has no word for what is not a number, and programs that read it refuse `NaN` and `Infinity`. They become
null here, wherever they stand.
"""

import json
import math
from typing import Any


def json_text(value: Any, indent: int | None = None) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as JSON, on one line if there is no `indent`.

    Raises:
        TypeError: JSON cannot hold it.
    """
    return json.dumps(_with_nulls(value), indent=indent, allow_nan=False)


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
