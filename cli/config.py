"""`trunkline config show|validate|schema`."""

import typer

from cli.announcement import start_lines
from cli.arguments import ConfigAndOverrides, JsonOption, NoDefaultsOption, split_arguments
from cli.output import answer, answer_json, note
from config.json_view import json_view
from config.loading import load_config, to_yaml
from config.resolution import rehearse, resolve
from config.schema import RunConfig
from training.json_text import json_text

config_app = typer.Typer(help="Show or check configurations.", no_args_is_help=True)


@config_app.command()
def show(
    arguments: ConfigAndOverrides = None, no_defaults: NoDefaultsOption = False, as_json: JsonOption = False
) -> None:
    """Print a configuration with the final value of every field."""
    config = resolve(_loaded(arguments, no_defaults)).config
    if as_json:
        view, changed = json_view(config)
        for sentence in changed:
            note(f"trunkline: {sentence}")
        answer_json(view)
    else:
        answer(to_yaml(config), end="")


@config_app.command()
def validate(
    arguments: ConfigAndOverrides = None, no_defaults: NoDefaultsOption = False, as_json: JsonOption = False
) -> None:
    """Check whether a configuration can run on this machine. Each environment plays a few steps."""
    run = rehearse(_loaded(arguments, no_defaults))
    tasks = [spec.name for spec in run.specs]
    if as_json:
        answer_json({"valid": True, "tasks": tasks, "warnings": list(run.warnings)})
    else:
        answer("\n".join([*start_lines(run), f"valid: {', '.join(tasks)}"]))


@config_app.command()
def schema() -> None:
    """Print the JSON schema of a configuration, for editors."""
    answer(json_text(RunConfig.model_json_schema(), indent=2))


def _loaded(arguments: list[str] | None, no_defaults: bool) -> RunConfig:
    path, overrides = split_arguments(arguments)
    return load_config(path, overrides, shipped=not no_defaults)
