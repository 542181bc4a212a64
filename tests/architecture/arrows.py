"""The arrows of `docs/architecture.md` as data, and the search for imports that go against them."""

import sys
from collections.abc import Iterable, Iterator

from tests.support.source_tree import ROOMS, SourceFile, imports_of

_DATA = {"tasks", "network", "replay"}
_CONFIG = _DATA | {"actors", "learner"}
_TRAINING = _CONFIG | {"config"}
_CLUSTER = _TRAINING | {"training"}
_DEPLOY = _CLUSTER | {"cluster"}
_STUDY = _DEPLOY | {"deploy"}

BELOW = {
    "tasks": set(),
    "network": {"tasks"},
    "replay": {"tasks"},
    "actors": _DATA,
    "learner": _DATA,
    "config": _CONFIG,
    "training": _TRAINING,
    "cluster": _CLUSTER,
    "deploy": _DEPLOY,
    "study": _STUDY,
    "benchmarks": _STUDY,
    "benchmarks/peers": set(),
    "cli": _STUDY | {"study", "benchmarks"},
}
"""Rooms that each room may import, besides itself."""

SPECS_ONLY = {"network", "replay", "learner"}
"""Rooms that know tasks by their specifications only."""

SPEC_MODULES = {"tasks.spec", "tasks.observation", "tasks.choices", "tasks.errors"}

ROOMS_OF_PACKAGE = {
    "ray": {"cluster", "benchmarks/peers"},
    "prometheus_client": {"deploy"},
    "torch": set(ROOMS) - {"tasks", "replay"},
    "matplotlib": {"study", "benchmarks"},
    "pydantic": {"config", "training", "study", "cli"},
    "simpy": {"benchmarks"},
    "typer": {"cli"},
    "rich": {"cli"},
}
"""Where a package may be imported; a package that is not named here may be imported anywhere above."""

PACKAGES_OF_ROOM = {
    "tasks": {"numpy", "gymnasium"},
    "network": {"numpy", "torch"},
    "replay": {"numpy", "numba", "msgpack", "lz4", "zstandard"},
}
"""All that the lowest rooms may import besides the standard library."""


PACKAGES_OF_FILE = {"tasks/sources/envpool_ids.py": {"envpool"}}
"""What single files may import besides: a source of environments is known in its own module."""


def violations(files: Iterable[SourceFile]) -> list[str]:
    """Return one sentence for every import that goes against the arrows."""
    return [
        f"{file.path}:{line} imports {name}: {problem}"
        for file in files
        for line, name in imports_of(file)
        for problem in _problems(file, name)
    ]


def _problems(file: SourceFile, name: str) -> Iterator[str]:
    top, room = name.split(".")[0], file.room
    if top in PACKAGES_OF_FILE.get(file.path, ()):
        return
    if top in ROOMS:
        if top not in BELOW[room] | {room}:
            yield f"{room} may import {sorted(BELOW[room])} only"
        elif top == "tasks" and room in SPECS_ONLY and ".".join(name.split(".")[:2]) not in SPEC_MODULES:
            yield f"{room} may import {sorted(SPEC_MODULES)} of tasks only"
    elif room not in ROOMS_OF_PACKAGE.get(top, {room}):
        yield f"{top} belongs in {sorted(ROOMS_OF_PACKAGE[top])} only"
    elif room in PACKAGES_OF_ROOM and top not in PACKAGES_OF_ROOM[room] | sys.stdlib_module_names:
        yield f"{room} may import {sorted(PACKAGES_OF_ROOM[room])} besides the standard library"
