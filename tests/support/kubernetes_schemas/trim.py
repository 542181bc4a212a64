"""Makes the files of this folder from their sources, without the prose. The README has the sources' versions.

python -m tests.support.kubernetes_schemas.trim core _definitions.json
python -m tests.support.kubernetes_schemas.trim custom ray.io_rayclusters.yaml
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
CORE_ROOTS = (
    "io.k8s.api.core.v1.ConfigMap",
    "io.k8s.api.core.v1.Namespace",
    "io.k8s.api.core.v1.PersistentVolumeClaim",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.networking.v1.NetworkPolicy",
)
PROSE = ("description", "default", "example", "x-kubernetes-validations", "x-kubernetes-group-version-kind")


def trimmed(schema: Any, of_names: bool = False) -> Any:
    """Return a schema without prose; `of_names` says that the keys are names of properties.

    Go lets a pattern's flag follow its `^`, which Python wants first.
    """
    if isinstance(schema, str):
        return re.sub(r"^\^\(\?i\)", "(?i)^", schema)
    if isinstance(schema, list):
        return [trimmed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: trimmed(part, key in ("properties", "$defs") and not of_names)
        for key, part in schema.items()
        if of_names or key not in PROSE
    }


def core_definitions(path: Path) -> dict[str, Any]:
    """Return the definitions of the core kinds and of all that they refer to."""
    source = json.loads(path.read_text())["$defs"]
    wanted, kept = list(CORE_ROOTS), {}
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = trimmed(source[name])
            wanted += references(kept[name])
    return {"$defs": kept}


def references(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix("#/$defs/")
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from references(part)


def custom_schemas(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a file name and a schema for every version 1 that a custom resource definition has."""
    definition = yaml.safe_load(path.read_text())["spec"]
    for version in definition["versions"]:
        if version["name"] == "v1":
            name = f"{definition['group']}_v1_{definition['names']['kind']}.json"
            yield name, trimmed(version["schema"]["openAPIV3Schema"])


def main(kind: str, paths: list[Path]) -> None:
    """Write the files."""
    written = [("core.json", core_definitions(paths[0]))] if kind == "core" else []
    if kind == "custom":
        written = [pair for path in paths for pair in custom_schemas(path)]
    for name, schema in written:
        (FOLDER / name).write_text(json.dumps(schema, sort_keys=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], [Path(argument) for argument in sys.argv[2:]])
