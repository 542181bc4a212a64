"""Reads a configuration: a YAML file, dotted overrides, and the settings of known environments."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.errors import ConfigError
from config.mistakes import sentences
from config.schema import RunConfig
from config.yaml_text import parse_yaml, write_yaml
from tasks.errors import TaskError
from tasks.presets import expanded
from tasks.registry import shipped_registry

SHIPPED = "cartpole-mountaincar.yaml"


def load_config(path: Path | None, overrides: Sequence[str], shipped: bool = True) -> RunConfig:
    """Return the configuration of a file (or the shipped pair) with `key=value` overrides applied.

    A dotted key names a field (`learner.batch_size=128`); values are YAML; a task set to null is removed.

    Args:
        path: the file; None for none.
        overrides: what is set in it.
        shipped: whether the shipped pair stands in for a file, or a configuration without tasks.

    Raises:
        ConfigError: the file cannot be read, or a field is wrong; one sentence a mistake.
    """
    if path is not None:
        return parse_config(parse_yaml(_read(path), str(path)), overrides)
    return parse_config(parse_yaml(shipped_text(), SHIPPED) if shipped else {"tasks": {}}, overrides)


def parse_config(raw: object, overrides: Sequence[str] = ()) -> RunConfig:
    """Return the validated configuration of a parsed YAML document.

    Raises:
        ConfigError: a field is wrong; one sentence a mistake.
    """
    if not isinstance(raw, dict):
        what = "empty" if raw is None else f"a {type(raw).__name__}"
        raise ConfigError(f"the configuration is {what}; it should be a mapping of sections, such as tasks")
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not all(key.split(".")):
            raise ConfigError(
                f"override {override!r} is not of the form key=value, such as learner.batch_size=128"
            )
        set_field(raw, key, parse_yaml(text, f"override {key}"), f"override {override!r}")
    _fill_in(raw.get("tasks"))
    try:
        return RunConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(*sentences(error)) from error


def with_overrides(config: RunConfig, overrides: Sequence[str]) -> RunConfig:
    """Return a configuration with `key=value` overrides applied.

    Raises:
        ConfigError: a field is wrong; one sentence a mistake.
    """
    return parse_config(config.model_dump(), overrides)


def set_field(raw: dict[str, Any], key: str, value: object, said: str) -> None:
    """Set a field of an unvalidated configuration by its dotted name; a task set to null is removed.

    Raises:
        ConfigError: the name leads through a value; the sentence begins with `said`.
    """
    *parents, last = key.split(".")
    section = raw
    for parent in parents:
        section = section.setdefault(_key_in(section, parent), {})
        if not isinstance(section, dict):
            raise ConfigError(f"{said}: {parent} is a value and has no field {last}")
    if value is None and parents == ["tasks"]:
        section.pop(last, None)
    else:
        section[_key_in(section, last)] = value


def _key_in(section: dict[Any, Any], part: str) -> Any:  # noqa: ANN401 - arguments may have any keys
    """Return the key that part of a dotted name means: one that is there, be it a number, or a text."""
    return next((key for key in section if str(key) == part), part)


def to_yaml(config: RunConfig) -> str:
    """Return a configuration as YAML that `load_config` reads back."""
    return write_yaml(config.model_dump())


def shipped_text() -> str:
    """Return the configuration that is used where none is given."""
    return resources.files("deploy").joinpath("configs", SHIPPED).read_text(encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        is_a_field = path.name.partition(".")[0] in RunConfig.model_fields
        advice = "; to set a field, write KEY=VALUE" if is_a_field else ""
        raise ConfigError(f"CONFIG: {str(path)!r} cannot be read: {reason}{advice}") from error


def _fill_in(tasks: object) -> None:
    """Give tasks the settings of their presets, and of known environments, where they have none of their own.

    Raises:
        ConfigError: a preset is not for its task; one sentence a mistake.
    """
    registry = shipped_registry()
    mistakes: list[str] = []
    for name, task in tasks.items() if isinstance(tasks, dict) else ():
        if not isinstance(task, dict):
            continue
        if task.get("preset") is not None:
            try:
                task.update(expanded(name, task))
            except TaskError as error:
                mistakes.append(str(error))
        known = registry.find(str(task.get("env")))
        for field, value in known.settings(bool(task.get("wrappers"))).items() if known else ():
            task.setdefault(field, value)
    if mistakes:
        raise ConfigError(*mistakes)
