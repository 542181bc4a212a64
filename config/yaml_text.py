"""YAML as people expect it: 1e-3 is a number, and a key given twice is a mistake.

Texts are written with the rules that they are read with, so that what is read back has the same values and
types.
"""

import datetime
import math
import re
from collections.abc import Hashable
from typing import Any

import yaml

from config.errors import ConfigError

_FLOAT_TAG, _MERGE_TAG = "tag:yaml.org,2002:float", "tag:yaml.org,2002:merge"
_FLOAT = re.compile(
    r"^[-+]?(?:\d[\d_]*\.[\d_]*(?:[eE][-+]?\d+)?|\.\d[\d_]*(?:[eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+"
    r"|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_PLAIN = (type(None), bool, int, float, str, bytes, datetime.date, datetime.datetime)


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            merges = key_node.tag == _MERGE_TAG
            key = key_node.value if merges else self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break
            if key in seen:
                where = f"{self.name}, line {key_node.start_mark.line + 1}"
                raise ConfigError(f"{where}: key {key!r} is given twice; every name is allowed once")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401 - whatever it holds
        """Return a node's value; what looks like a date or a number and is none is a mistake of the text."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from error

    def construct_number(self, node: yaml.ScalarNode) -> float | str:
        """Return a number, or the text that it is where no float is so large: 695e0514 names a commit."""
        number = self.construct_yaml_float(node)
        return node.value if math.isinf(number) and node.value[-1].isdigit() else number


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _FLOAT_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_FLOAT_TAG, _FLOAT, list("-+.0123456789"))
_Loader.add_constructor(_FLOAT_TAG, _Loader.construct_number)


class _Dumper(yaml.SafeDumper):
    """Puts texts into quotes that the loader would take for something else."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - whatever it is
        """Write what stands in several places in each of them."""
        return True


def parse_yaml(text: str, source: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """Return the value in a YAML text.

    Raises:
        ConfigError: it is not YAML, or a mapping has a key twice.
    """
    try:
        loader = _Loader(text)
        loader.name = source
        return loader.get_single_data()
    except RecursionError as error:
        raise ConfigError(f"{source}: nested too deeply to be a configuration") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise ConfigError(f"{source}: not YAML{where}: {problem}") from error


def write_yaml(value: object) -> str:
    """Return a value as a text that `parse_yaml` reads back, the same in values, types and order.

    The value may hold what `unwritable` has nothing to say of.
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=math.inf)


def unwritable(value: object, name: str) -> str | None:
    """Return what in a value YAML cannot hold, as words about `name`; None if it can hold all of it.

    Sets are refused with the rest: their order differs from one process to the next.
    """
    try:
        return _unwritable(value, name)
    except RecursionError:
        return f"{name} is nested too deeply"


def _unwritable(value: object, name: str) -> str | None:
    if type(value) is dict:
        parts = [(key, f"a key of {name}") for key in value]
        parts += [(part, f"{name}.{key}") for key, part in value.items()]
    elif type(value) is list:
        parts = [(part, f"{name}[{index}]") for index, part in enumerate(value)]
    elif type(value) in _PLAIN:
        return None
    else:
        return f"{name} is a {type(value).__name__}"
    return next((words for words in (_unwritable(*part) for part in parts) if words is not None), None)
