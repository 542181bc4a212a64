"""What is missing where an environment cannot be made: an extra, a module of the user's, a system library."""

import re
from collections.abc import Mapping
from typing import Any

from tasks.errors import text_of, told

EXTRAS = {"minatar": "minatar", "envpool": "envpool", "ale_py": "atari"}
"""Modules that come with an extra of trunkline, and its name."""

_SHARED_OBJECT = re.compile(r"(\S+\.so\S*): cannot open shared object file")


def obstacle(name: str, env_kwargs: Mapping[str, Any], error: BaseException) -> str:
    """Return why an environment cannot be made, as words that go on after its name.

    Args:
        name: the environment, as `id`, `module:id` or `module:Class`.
        env_kwargs: arguments of its constructor.
        error: what making it raised.

    Raises:
        KeyboardInterrupt: it is Ctrl-C.
    """
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _module(name, error.name)
    library = _SHARED_OBJECT.search(text_of(error)) if isinstance(error, ImportError | OSError) else None
    if library is not None:
        return (
            f"cannot be built: it needs the system library {library[1].rstrip(':')!r}, which is not "
            "installed where this process runs; the system's package manager has it"
        )
    given = f" with {dict(env_kwargs)}" if env_kwargs else ""
    return f"cannot be built{given}: {told(error)}"


def _module(name: str, module: str) -> str:
    """Say what to do where a module is missing: the environment's own, or one that it needs."""
    extra = EXTRAS.get(module.partition(".")[0])
    if extra is not None:
        return f"needs an extra that is not installed: pip install --editable '.[{extra}]'"
    own = name.partition(":")[0] if ":" in name else None
    if own is not None and f"{own}.".startswith(f"{module}."):
        return (
            f"cannot be built: no module {module!r} is found where this process runs; install it there, "
            "start trunkline in the directory that it lies in, or name that directory in the variable "
            "PYTHONPATH, as in: PYTHONPATH=/where/it/lies trunkline ..."
        )
    return f"cannot be built: it needs the module {module!r}, which is not installed where this process runs"
