"""The configuration of a study: one common run, and arms that differ from it in what they declare."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from config.errors import ConfigError
from config.loading import parse_config, set_field
from config.mistakes import sentences
from config.schema import RunConfig
from config.values import Section
from config.yaml_text import parse_yaml, write_yaml

ArmName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]

SAME_IN_ALL_ARMS = ("seed", "stop_env_steps", "tasks", "replay", "actors", "evaluation", "learner.batch_size")
"""What no arm may change: env steps, gradient samples and evaluation of every task."""


class StudyConfig(Section):
    """Arms times seeds over one set of tasks."""

    name: str = Field(min_length=1, description="what the report calls it")
    run: dict[str, Any] = Field(description="configuration of every run, as `trunkline train` takes it")
    arms: Annotated[dict[ArmName, dict[str, Any]], Field(min_length=1)] = Field(
        description="arms by name: the fields, by dotted names, in which each differs from `run`"
    )
    reference: ArmName = Field(description="the arm that the others are compared with")
    seeds: Annotated[int, Field(gt=0, le=1000)] = Field(20, description="runs of each arm")
    first_seed: Annotated[int, Field(ge=0)] = Field(
        1, description="the first of them; others than those that settings were chosen with"
    )
    last: Annotated[int, Field(gt=0)] = Field(10, description="evaluations whose mean is the final score")
    thresholds: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        {}, description="by task, the return of which steps to threshold speaks"
    )
    tuning: str = Field(description="how the common fields were chosen, and what budget each arm had")
    control: Literal["twins", "contradiction"] | None = Field(
        None,
        description="what this study is a control of: its two tasks are the same, and sharing harms neither; "
        "or they contradict each other, and sharing shows it",
    )
    controls: list[str] = Field([], description="files of studies that are controls of this one, beside it")

    def arm_config(self, arm: str, seed: int) -> RunConfig:
        """Return the configuration of one run: common fields, what the arm declares, and the seed.

        Nothing stops such a run before its budget, and it writes what a study reads and no more.

        Raises:
            ConfigError: a field is wrong; one sentence a mistake, each with the name of the arm.
        """
        own = {**self.arms[arm], **_OF_EVERY_RUN, "seed": seed}
        unbounded = {f"tasks.{task}.solved_at": None for task in self.tasks}
        raw = copy.deepcopy(self.run)
        try:
            for field, value in {**own, **unbounded}.items():
                set_field(raw, field, copy.deepcopy(value), f"override {field!r}")
            return parse_config(raw)
        except ConfigError as error:
            raise ConfigError(*(f"arms.{arm}: {line}" for line in str(error).splitlines())) from error

    @property
    def all_seeds(self) -> list[int]:
        """Seeds that every arm is run with."""
        return list(range(self.first_seed, self.first_seed + self.seeds))

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks."""
        tasks = self.run.get("tasks")
        return list(tasks) if isinstance(tasks, dict) else []


def load_study(path: Path) -> StudyConfig:
    """Read a study's file and check that its arms can be compared.

    Raises:
        ConfigError: it cannot be read, or a field is wrong; one sentence a mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"CONFIG: {str(path)!r} cannot be read: {reason}") from error
    return parse_study(parse_yaml(text, str(path)))


def parse_study(raw: object) -> StudyConfig:
    """Return the validated study of a parsed YAML document.

    Raises:
        ConfigError: a field is wrong; one sentence a mistake.
    """
    if not isinstance(raw, dict):
        raise ConfigError(
            f"the study is a {type(raw).__name__}; it should be a mapping with `run` and `arms`"
        )
    try:
        study = StudyConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(*sentences(error, StudyConfig)) from error
    mistakes = list(_mistakes(study))
    if mistakes:
        raise ConfigError(*mistakes)
    for arm in study.arms:
        study.arm_config(arm, seed=1)
    return study


def to_yaml(study: StudyConfig) -> str:
    """Return a study as YAML that `load_study` reads back."""
    return write_yaml(study.model_dump())


def differences(one: RunConfig, other: RunConfig) -> list[str]:
    """Return the fields, by dotted names, in which two configurations differ."""
    mine, theirs = _flat(one.model_dump()), _flat(other.model_dump())
    return [field for field in {**mine, **theirs} if mine.get(field) != theirs.get(field)]


def _mistakes(study: StudyConfig) -> Iterator[str]:
    if study.reference not in study.arms:
        yield f"reference: {study.reference!r} is not an arm; allowed are {', '.join(study.arms)}"
    for arm, overrides in study.arms.items():
        for field, value in overrides.items():
            if isinstance(value, dict):
                yield f"arms.{arm}.{field}: a section is not allowed: name each field, such as {field}.field"
            same = next((s for s in SAME_IN_ALL_ARMS if f"{field}.".startswith(f"{s}.")), None)
            if same is not None:
                yield (
                    f"arms.{arm}.{field}: an arm may not differ in {same}, or arms would not have the same "
                    "env steps and gradient samples; set it in run for all"
                )
    declared = {write_yaml(dict(sorted(overrides.items()))) for overrides in study.arms.values()}
    if len(declared) < len(study.arms):
        yield "arms: two of them declare the same fields; what is to be compared has to differ"
    for task in study.thresholds:
        if task not in study.tasks:
            yield f"thresholds.{task}: not a task of the study; allowed are {', '.join(study.tasks)}"
    if study.control is not None and len(study.tasks) != 2:
        yield f"control: {study.control!r} needs two tasks; `run` has {len(study.tasks)}"


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return fields by dotted names, as YAML writes them: 1, 1.0 and true are not the same."""
    fields: dict[str, str] = {}
    for name, value in section.items():
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            fields |= _flat(value, f"{prefix}{name}.")
        else:
            fields[f"{prefix}{name}"] = write_yaml(value)
    return fields


_OF_EVERY_RUN: dict[str, Any] = {
    "metrics.port": 0,
    "checkpoint.keep": 1,
    "checkpoint.period": 10**9,
    "checkpoint.replay": False,
}
