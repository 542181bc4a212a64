"""`trunkline config show|validate|schema`."""

import typer

from cli.arguments import ConfigAndOverrides, JsonOption, split_arguments
from cli.output import answer, answer_json
from deploy.config.loading import load_config, to_yaml
from deploy.config.resolution import resolve
from deploy.config.schema import RunConfig
from deploy.json_text import json_text

config_app = typer.Typer(help="Look at configurations.", no_args_is_help=True)


@config_app.command()
def show(arguments: ConfigAndOverrides = None, as_json: JsonOption = False) -> None:
    """Print a configuration with every field, as it would be run."""
    config = _checked(arguments)
    if as_json:
        answer_json(config.model_dump(mode="json"))
    else:
        answer(to_yaml(config), end="")


@config_app.command()
def validate(arguments: ConfigAndOverrides = None, as_json: JsonOption = False) -> None:
    """Say whether a configuration could be run on this machine."""
    config = _checked(arguments)
    tasks = list(config.tasks)
    if as_json:
        answer_json({"valid": True, "tasks": tasks})
    else:
        answer(f"valid: {', '.join(tasks)}")


@config_app.command()
def schema() -> None:
    """Print the JSON schema of a configuration, for editors."""
    answer(json_text(RunConfig.model_json_schema(), indent=2))


def _checked(arguments: list[str] | None) -> RunConfig:
    path, overrides = split_arguments(arguments)
    return resolve(load_config(path, overrides)).config
