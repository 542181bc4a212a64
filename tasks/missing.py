"""What is not installed: one sentence for each, with the command that installs it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gymnasium.error import DependencyNotInstalled

from tasks.errors import text_of, told
from tasks.suites import SUITES

_OF_SUITES = {suite.module: suite.extra for suite in SUITES if suite.module and suite.extra}
_EXTRAS = {**_OF_SUITES, "cv2": "atari", "envpool": "envpool"}
"""The extra of trunkline that brings a module."""
_PACKAGES = {"mujoco": "'gymnasium[mujoco]'", "pygame": "pygame-ce", "moviepy": "moviepy"}
"""What pip installs to bring a module that no extra has."""
_LIBRARIES = {
    "libGL.": "libgl1",
    "libEGL": "libegl1",
    "libOSMesa": "libosmesa6",
    "libglib-2": "libglib2.0-0",
    "libSDL2": "libsdl2-2.0-0",
    "libQt5": "libqt5gui5",
}
"""The package of Debian and Ubuntu that brings a system library, by the beginning of its name."""
_UNFOUND = re.compile(r"(lib[\w.+-]*\.so[\w.]*): cannot open shared object file")


def obstacle(env: str, env_kwargs: Mapping[str, Any], error: BaseException) -> str:
    """Return why an environment cannot be made, as words that go on after its name.

    Args:
        env: its name, as `id`, `module:id` or `module:Class`.
        env_kwargs: arguments of its constructor.
        error: what making it raised.

    Raises:
        KeyboardInterrupt: it is Ctrl-C.
    """
    given = f" with {dict(env_kwargs)}" if env_kwargs else ""
    return missing(env, error) or f"cannot be built{given}: {told(error)}"


def missing(env: str, error: BaseException) -> str | None:
    """Return words about an environment, or a wrapper, for what is missing here; None if nothing is.

    Args:
        env: its name.
        error: that was raised when it was built.
    """
    for cause in _causes(error):
        library = _UNFOUND.search(text_of(cause))
        if library is not None:
            return _library(library[1])
        if isinstance(cause, ModuleNotFoundError) and cause.name:
            return _module(env, cause.name)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from: Gymnasium raises its own where a module is missing."""
    cause: BaseException | None = error
    while isinstance(cause, ImportError | OSError | DependencyNotInstalled):
        yield cause
        cause = cause.__cause__ or cause.__context__


def _module(env: str, module: str) -> str:
    top = module.partition(".")[0]
    if top in _EXTRAS:
        return f"needs an extra that is not installed: pip install --editable '.[{_EXTRAS[top]}]'"
    if top in _PACKAGES:
        return f"needs the module {top!r}, which is not installed: pip install {_PACKAGES[top]}"
    own = env.partition(":")[0] if ":" in env else None
    if own is not None and f"{own}.".startswith(f"{module}."):
        return (
            f"cannot be built: no module {module!r} is found where this process runs; install it there, "
            "start trunkline in the directory that it lies in, or name that directory in the variable "
            "PYTHONPATH, as in: PYTHONPATH=/where/it/lies trunkline ..."
        )
    return f"cannot be built: it needs the module {module!r}, which is not installed where this process runs"


def _library(library: str) -> str:
    package = next((package for name, package in _LIBRARIES.items() if library.startswith(name)), None)
    install = f"apt-get install {package}" if package else "a package of the system's own has it"
    return f"needs the system library {library}, which this machine lacks: {install}"
