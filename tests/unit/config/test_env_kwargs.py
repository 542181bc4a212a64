"""Environments are built with the same wherever a run goes on: trained, evaluated, resumed, studied."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from config.json_view import json_view
from config.loading import load_config, parse_config, to_yaml, with_overrides
from config.resolution import rehearse
from config.schema import RunConfig
from deploy.jobs import Job, run_job
from deploy.launch import resume_run, start_run
from study.config import StudyConfig, differences, parse_study
from study.config import load_study as read_study
from study.config import to_yaml as study_yaml
from tests.support.learning_builders import tiny_config, tiny_raw
from tests.support.odd_environments import Noting, odd
from training.directory.run_directory import RunDirectory
from training.evaluation.offline import evaluate_run
from training.parts.parts import Parts

ARGUMENTS = """
map: '1e5'
commit: 695e0514
width: '0x10'
count: '1_000'
switches: [on, 'on', yes, 'no', null, 'null', ~]
start: 2020-01-01
moment: 2020-01-01T10:30:00.5+01:00
prices: {3: 2.5, 2.5: x, true: [], false: {}, '1.0': null}
limits: [.inf, -.inf, 1e300, -0.0]
blob: !!binary AAEC/w==
"""


@pytest.fixture(name="built")
def _built() -> Callable[[], set[str]]:
    """Return a function that says what environments were built with since it was called last."""
    Noting.built.clear()

    def since() -> set[str]:
        found = set(Noting.built)
        Noting.built.clear()
        return found

    return since


def raw() -> dict[str, Any]:
    return tiny_raw(tasks={"noted": {"env": odd("Noting"), "envs_per_actor": 2}}, stop_env_steps=200)


def configured(tmp_path: Path, arguments: str = ARGUMENTS) -> RunConfig:
    path = tmp_path / "run.yaml"
    path.write_text(json.dumps(raw()))
    indented = " ".join(f"{line.strip()}," for line in arguments.strip().splitlines())
    return load_config(path, [f"tasks.noted.env_kwargs={{{indented}}}"])


def studied(config: RunConfig, directory: Path) -> StudyConfig:
    """Return a study of such runs, as it is read from its own directory."""
    arms = {"one": {}, "other": {"learner.learning_rate": 2e-3}}
    run = {**raw(), "tasks": config.model_dump(exclude={"tasks": {"noted": {"actors"}}})["tasks"]}
    study = parse_study({"name": "s", "reference": "one", "tuning": "none", "arms": arms, "run": run})
    (directory / "study.yaml").write_text(study_yaml(study))
    return read_study(directory / "study.yaml")


def test_every_way_to_run_builds_the_same_environments(tmp_path: Path, built: Callable[[], set[str]]):
    """Values and types, whatever YAML would make of them once they are written without care."""
    config = configured(tmp_path)
    arguments = config.tasks["noted"].env_kwargs
    expected = {repr(sorted(arguments.items()))}
    assert (arguments["commit"], arguments["start"]) == ("695e0514", datetime.date(2020, 1, 1))
    run = rehearse(config)
    start_run(run, tmp_path / "run", "local", None, [])
    assert built() == expected
    directory = RunDirectory.open(tmp_path / "run")
    evaluate_run(directory, episodes=2)
    assert built() == expected
    checkpoint, _ = directory.newest_checkpoint()
    more = rehearse(with_overrides(directory.config, ["stop_env_steps=400"]))
    resume_run(more, tmp_path / "run", checkpoint, "local", None, [])
    assert built() == expected
    assert RunDirectory.open(tmp_path / "run").config == more.config
    study = studied(config, tmp_path)
    finished = run_job(Job("one", study.arm_config("one", seed=1).model_dump()))
    assert finished.failure is None
    assert built() == expected


def test_a_study_sees_every_difference_and_none_that_is_not_there(tmp_path: Path):
    """A date is not its text, 1 not 1.0; what is written and read again is the same, nan included."""
    config = configured(tmp_path, ARGUMENTS + "nothing: .nan\n")
    study = studied(config, tmp_path)
    again = parse_config(study.arm_config("one", seed=1).model_dump())
    assert differences(study.arm_config("one", seed=1), again) == []
    for change in ("start='2020-01-01'", "prices={3.0: 2.5}", "limits=[]", "commit=6950514", "blob=AAEC"):
        other = with_overrides(again, [f"tasks.noted.env_kwargs.{change}"])
        (different,) = differences(again, other)
        assert different.startswith(f"tasks.noted.env_kwargs.{change.partition('=')[0]}")


def test_shards_of_another_run_are_told_from_ones_own(tmp_path: Path):
    """A date and its text, an infinity and nothing, are other environments; the same once more is not."""

    def fingerprint(value: str) -> str:
        config = tiny_config(f"tasks.chain.env_kwargs={{it: {value}}}")
        return Parts(parse_config(config.model_dump()), []).fingerprint

    values = ["2020-01-01", "'2020-01-01'", ".inf", "null", "1", "1.0", "true", "!!binary /w==", "{1: x}"]
    assert len({fingerprint(value) for value in values}) == len(values)
    assert fingerprint("{1: .nan}") == fingerprint("{1: .nan}")
    assert tmp_path.exists()


def test_an_override_reaches_arguments_by_any_key(tmp_path: Path):
    """A number in a dotted name is the number that is there, and a text where there is none."""
    config = configured(tmp_path, "prices: {1: 2.5}")
    changed = with_overrides(config, ["tasks.noted.env_kwargs.prices.1=3", "tasks.noted.env_kwargs.more.2=4"])
    assert changed.tasks["noted"].env_kwargs == {"prices": {1: 3}, "more": {"2": 4}}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1, 2}, "it.x is a set"),
        ((1, 2), "it.x is a tuple"),
        ([1, [2, (3,)]], "it.x[1][1] is a tuple"),
        ({"a": {(1, 2): 3}}, "a key of it.x.a is a tuple"),
        (datetime.time(10, 30), "it.x is a time"),
        (object, "it.x is a type"),
    ],
)
def test_what_yaml_cannot_hold_is_refused_by_name(value: Any, said: str):
    """A set has another order in every process; a tuple would come back as a list."""
    tasks = {"noted": {"env": odd("Noting"), "env_kwargs": {"x": value}}}
    with pytest.raises(ConfigError) as raised:
        parse_config(tiny_raw(tasks=tasks))
    (found,) = raised.value.sentences
    assert found.startswith("tasks.noted.env_kwargs: ")
    assert f"is not allowed: {said}; it should hold numbers, texts, dates, bytes" in found


def test_arguments_that_hold_themselves_are_refused(tmp_path: Path):
    """YAML has anchors, with which a list can be its own part."""
    with pytest.raises(ConfigError, match="nested too deeply"):
        configured(tmp_path, "x: &a [*a]")


def test_json_shows_what_it_cannot_hold_as_text_and_says_so(tmp_path: Path):
    """It stays JSON: no NaN, no infinity; what it can hold is as it is."""
    config = configured(tmp_path)
    view, changed = json_view(config)
    arguments = json.loads(json.dumps(view, allow_nan=False))["tasks"]["noted"]["env_kwargs"]
    assert (arguments["map"], arguments["start"], arguments["limits"]) == (
        "1e5",
        "2020-01-01",
        [".inf", "-.inf", 1e300, -0.0],
    )
    assert arguments["prices"] == {"3": 2.5, "2.5": "x", "true": [], "false": {}, "1.0": None}
    named = [sentence.partition(":")[0] for sentence in changed]
    assert named[:2] == ["tasks.noted.env_kwargs.start", "tasks.noted.env_kwargs.moment"]
    assert {"tasks.noted.env_kwargs.limits[0]", "tasks.noted.env_kwargs.blob"} <= set(named)
    assert len(named) == 2 + 4 + 2 + 1
    plain, nothing = json_view(tiny_config())
    assert (parse_config(plain), nothing) == (tiny_config(), [])


def test_the_text_of_a_configuration_is_the_same_in_every_process(tmp_path: Path):
    """Checkpoints, run directories and fingerprints hold it."""
    config = configured(tmp_path)
    assert to_yaml(parse_config(config.model_dump())) == to_yaml(config)
