"""A Docker Compose file for a run: a service for each task's actors, beside those that all runs need."""

import re
from importlib.resources import files
from pathlib import Path

import yaml

from config.memory import table_plans
from config.resolution import ResolvedRun
from training.fleet import VERSION
from training.shell import as_operand, command_line

NODE_BYTES = 700 * 2**20
"""Of a container: Ray's own processes, and its shared memory."""
PROCESS_BYTES = 500 * 2**20
"""Of an actor or a shard, without what the shard keeps."""

_ACTORS = """\
  actor-@task@:
    <<: *node
    command: node --address head:6379 --slots task:@task@=@slots@
    mem_limit: @actor_memory@
"""


def compose_file(run: ResolvedRun, config: Path, slots: int) -> str:
    """Return the text of a compose file.

    Args:
        run: the configuration, resolved.
        config: its file, relative to the compose file's directory.
        slots: actors that a container of any task has room for.
    """
    replay = run.config.replay
    tables = sum(plan.bytes for plan in table_plans(run.config, run.specs))
    values = {
        "config": command_line([as_operand(config)]),
        "config_file": _scalar(f"./{config.as_posix()}"),
        "version": VERSION,
        "first_actor": f"actor-{run.specs[0].name}",
        "shards": str(replay.shards),
        "replay_memory": _limit(NODE_BYTES + replay.shards * PROCESS_BYTES + tables),
        "slots": str(slots),
        "actor_memory": _limit(NODE_BYTES + slots * PROCESS_BYTES),
    }
    values["actors"] = "\n".join(
        ["", *(_filled(_ACTORS, values | {"task": spec.name}) for spec in run.specs)]
    )
    template = files("deploy").joinpath("docker/compose.yaml").read_text(encoding="utf-8")
    return _filled(template, values)


def _filled(template: str, values: dict[str, str]) -> str:
    return re.sub("@([a-z_]+)@", lambda match: values[match[1]], template)


def _scalar(text: str) -> str:
    """Return a text as YAML in which Compose puts no variables."""
    return yaml.safe_dump(text.replace("$", "$$"), default_style='"', width=float("inf")).strip()


def _limit(count: int) -> str:
    """Return a number of bytes as whole MiB, rounded up to a multiple of 128."""
    step = 128 * 2**20
    return f"{-(-count // step) * 128}m"
