"""Every field of the configuration is read while a run is checked, built, trained and summed up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.resolution import resolve
from config.schema import RunConfig
from config.sections.task import TaskConfig
from config.values import Section
from deploy.launch import start_run
from tests.support.learning_builders import tiny_config
from tests.support.metrics_page import free_port

Field = tuple[str, str]


def fields_of(section: type[Section]) -> Iterator[Field]:
    """Yield (section, field) of a section and of all sections below it."""
    for name, field in section.model_fields.items():
        yield section.__name__, name
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from fields_of(field.annotation)


ALL = {*fields_of(RunConfig), *fields_of(TaskConfig)}

READ_BEFORE = {("TaskConfig", "preset")}
"""It is nothing but defaults for other fields, and they are filled in before there is a configuration."""


def unread(seen: set[Field], fields: set[Field]) -> set[Field]:
    return {(section, name) for section, name in fields if (section, name) not in seen}


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> set[Field]:
    """Return the set that grows with each field that is read from here on."""
    seen: set[Field] = set()
    read = Section.__getattribute__

    def recorded(self: Section, name: str) -> object:
        if not name.startswith("_"):
            seen.add((type(self).__name__, name))
        return read(self, name)

    monkeypatch.setattr(Section, "__getattribute__", recorded)
    return seen


def test_a_run_reads_every_field(seen: set[Field], tmp_path: Path):
    """A field that nothing reads would be a promise that is not kept."""
    config = tiny_config(
        "stop_env_steps=300",
        "replay.selector=proportional",
        "evaluation.episodes=2",
        "learner.learning_rate_end=1e-4",
        f"metrics.port={free_port()}",
    )
    seen.clear()
    start_run(resolve(config), tmp_path / "run", "local", None, [])
    assert len(ALL) > 50
    assert unread(seen, ALL) == READ_BEFORE


def test_a_field_that_nobody_reads_is_noticed(seen: set[Field]):
    """Reading one field of a section does not count for another."""
    config = tiny_config()
    seen.clear()
    assert config.learner.double
    assert unread(seen, {("LearnerConfig", "double")}) == set()
    assert unread(seen, {("LearnerConfig", "loss")}) == {("LearnerConfig", "loss")}
