"""What the schemas say of a manifest.

The API server drops fields that it does not know: a misspelled one does nothing and nobody hears of it. Here
every field that a schema does not name is a mistake.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

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
def _validator(api_version: str, kind: str) -> Any:
    core = _read("core.json")["$defs"]
    if (api_version, kind) in CORE_KINDS:
        schema = dict(core[CORE_KINDS[api_version, kind]])
    else:
        schema = _read(f"{api_version.replace('/', '_')}_{kind}.json")
        schema["properties"]["metadata"] = METADATA
    StrictValidator.check_schema({**schema, "$defs": core})
    return StrictValidator({**schema, "$defs": core})


def _read(name: str) -> dict[str, Any]:
    path = FOLDER / name
    if not path.exists():
        raise LookupError(f"no schema {name}")
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def _properties(validator: Any, properties: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Check fields by their names; those without a name are mistakes, unless the schema speaks of them."""
    yield from RULES["properties"](validator, properties, value, schema)
    if "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        yield from RULES["additionalProperties"](validator, False, value, schema)


def _type(validator: Any, types: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Check a type; null is a mistake where it is merely tolerated."""
    kinds = types if isinstance(types, str) else [kind for kind in types if kind != "null"]
    yield from RULES["type"](validator, kinds, value, schema)


RULES = Draft202012Validator.VALIDATORS
StrictValidator = extend(Draft202012Validator, {"properties": _properties, "type": _type})
