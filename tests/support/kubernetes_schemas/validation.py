"""What the schemas say of a manifest.

The API server drops fields that it does not know: a misspelled one does nothing and nobody hears of it. Here
every field that a schema does not name is a mistake.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parent
CORE_KINDS = {
    ("v1", "ConfigMap"): "io.k8s.api.core.v1.ConfigMap",
    ("v1", "Namespace"): "io.k8s.api.core.v1.Namespace",
    ("v1", "PersistentVolumeClaim"): "io.k8s.api.core.v1.PersistentVolumeClaim",
    ("v1", "Service"): "io.k8s.api.core.v1.Service",
    ("networking.k8s.io/v1", "NetworkPolicy"): "io.k8s.api.networking.v1.NetworkPolicy",
}
METADATA = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}


def problems(manifest: dict[str, Any]) -> list[str]:
    """Return one line for everything that is wrong, with its place.

    Raises:
        LookupError: there is no schema for this kind.
    """
    validator = _validator(manifest["apiVersion"], manifest["kind"])
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


@cache
def _validator(api_version: str, kind: str) -> Draft202012Validator:
    core = _read("core.json")["$defs"]
    if (api_version, kind) in CORE_KINDS:
        schema = dict(core[CORE_KINDS[api_version, kind]])
    else:
        schema = _read(f"{api_version.replace('/', '_')}_{kind}.json")
        schema["properties"]["metadata"] = METADATA
    strict = _strict({**schema, "$defs": core})
    Draft202012Validator.check_schema(strict)
    return Draft202012Validator(strict)


def _read(name: str) -> dict[str, Any]:
    path = FOLDER / name
    if not path.exists():
        raise LookupError(f"no schema {name}")
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def _strict(schema: Any, of_names: bool = False) -> Any:
    """Return a schema that refuses fields without a name in it, and null where it merely tolerates it."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: _strict(part, key in ("properties", "$defs") and not of_names) for key, part in schema.items()
    }
    if of_names:
        return made
    if "properties" in made and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if isinstance(made.get("type"), list):
        made["type"] = [kind for kind in made["type"] if kind != "null"]
    return made
