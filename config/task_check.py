"""The check of one environment as a task of a run: its specification, what reads it, how it plays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.advice import advice
from config.architecture import architecture
from config.environments import described, tried
from config.errors import ConfigError
from config.loading import parse_config
from network.seen import Seen
from network.sizes import network_sizes
from tasks.checkup.checkup import STREAMS, Checkup, check
from tasks.checkup.hearing import heard
from tasks.errors import shown
from tasks.inspection import EnvironmentReport
from tasks.registry import shipped_registry
from tasks.sources.table import source_of
from tasks.spec import TaskSpec

SECONDS = 2.0
"""Of stepping a stream alone, and of stepping several: enough for a rate that is right by a tenth or so."""
_ENCODERS = {"indices": "a row for each value", "words": "word vectors", "mask": "none: says what is allowed"}


@dataclass(frozen=True)
class TaskCheck:
    """What there is to say of a task.

    Attributes:
        task: its fields by its name, as a configuration has them.
        spec: its specification.
        report: on its environment.
        source: of its environment, in words.
        encoders: what reads each part, in words.
        checkup: how it plays; without numbers if the trial found it wrong before.
        wrong: what breaks a run, a sentence each.
        unwise: what does not, and is worth knowing.
    """

    task: dict[str, dict[str, Any]]
    spec: TaskSpec
    report: EnvironmentReport
    source: str
    encoders: list[str]
    checkup: Checkup
    wrong: list[str]
    unwise: list[str]


def check_task(fields: Mapping[str, Any], seconds: float = SECONDS) -> TaskCheck:
    """Check a task whose fields are these; what it prints meanwhile is kept from the terminal.

    Raises:
        ConfigError: a field is wrong, or the environment cannot be built, or nothing can be learned in it.
    """
    name = _name(str(fields.get("env", "")))
    config = parse_config({"tasks": {name: dict(fields)}})
    with heard() as lines:
        specs, reports, wrong = described(config, tried)
        if not specs:
            raise ConfigError(*wrong)
        (spec,), (report,) = specs, reports
        streams = min(STREAMS, config.tasks[name].envs_per_actor)
        checkup = check(spec, config.seed, seconds, streams) if not wrong else Checkup()
    sizes, _ = network_sizes(specs, architecture(config))
    unwise = [*advice(config, specs, reports), *checkup.unwise]
    if lines:
        unwise.append(
            f"tasks.{name}.env: environment {spec.recipe.named} prints when it is built or played, such as "
            f"{shown(lines[0])}"
        )
    encoders = [
        _encoder(Seen(name, part, spec.frame_stack), sizes[0].convolved) for part in spec.layout.parts
    ]
    task, source = {name: dict(fields)}, source_of(spec.recipe).about
    return TaskCheck(task, spec, report, source, encoders, checkup, [*wrong, *checkup.wrong], unwise)


def _encoder(seen: Seen, convolved: tuple[Seen, ...]) -> str:
    """Return what reads a part, in words."""
    if seen.part.kind == "numbers":
        return "convolutions" if seen in convolved else "a linear layer"
    return _ENCODERS[seen.part.kind]


def _name(env: str) -> str:
    """Return a name for a task: that of a known environment, or one made of the id."""
    known = shipped_registry().find(env)
    if known is not None and known.env == env:
        return known.name
    last = re.sub(r"-v\d+$", "", re.split(r"[:/.]", env)[-1]).lower()
    return re.sub(r"[^a-z0-9]+", "_", last).strip("_").lstrip("_0123456789")[:40] or "task"
