"""Controls of a study that could not be run beside it, or would be taken for one another, are refused."""

from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from study.config import parse_study, to_yaml
from study.plan import Plan, create_plan, open_plan
from tests.unit.study.test_config import raw_study

TWO_TASKS = {"control": "twins"}


def written(folder: Path, controls: dict[str, dict[str, Any]], listed: list[str] | None = None) -> Path:
    """Write a study called "tiny" and its controls, by file; return the study's file."""
    for file, changes in controls.items():
        (folder / file).write_text(to_yaml(parse_study(raw_study(**changes))))
    study = parse_study(raw_study(controls=listed if listed is not None else list(controls)))
    (folder / "study.yaml").write_text(to_yaml(study))
    return folder / "study.yaml"


def test_controls_with_names_of_their_own_are_planned(tmp_path: Path):
    """Each in a directory of its name, and a report finds them there again."""
    file = written(tmp_path, {"a.yaml": {**TWO_TASKS, "name": "Twins 1"}})
    plans = create_plan(file, tmp_path / "out", seeds=None)
    assert [plan.directory.name for plan in plans] == ["Twins 1", "out"]
    assert [plan.study.name for plan in open_plan(tmp_path / "out")] == ["Twins 1", "tiny"]


def refusal(folder: Path, *arguments: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        create_plan(written(folder, *arguments), folder / "out", seeds=None)
    assert not (folder / "out").exists()
    [sentence] = str(caught.value).splitlines()
    return sentence


@pytest.mark.parametrize("name", ["tiny", "Tiny", "TINY"])
def test_a_control_of_the_studys_name_is_refused(tmp_path: Path, name: str):
    """Its runs would be taken for the study's own."""
    assert refusal(tmp_path, {"a.yaml": {**TWO_TASKS, "name": name}}) == (
        f"controls: 'a.yaml' has the name '{name}', which is that of the study itself: each needs a name of "
        "its own, and capitals make no difference"
    )


def test_two_controls_of_one_name_are_refused(tmp_path: Path):
    """Also where only capitals tell them apart, and where one file is listed twice."""
    both = {"a.yaml": {**TWO_TASKS, "name": "same"}, "b.yaml": {**TWO_TASKS, "name": "Same"}}
    assert refusal(tmp_path, both).startswith(
        "controls: 'b.yaml' has the name 'Same', which is that of 'a.yaml'"
    )
    one = {"a.yaml": {**TWO_TASKS, "name": "same"}}
    assert "which is that of 'a.yaml'" in refusal(tmp_path, one, ["a.yaml", "a.yaml"])


@pytest.mark.parametrize(
    "name", ["a/b", "..", ".", ".hidden", "../up", "a\\b", "ends.", "a\nb", "a:b", " a", "a" * 101]
)
def test_a_name_that_is_no_directorys_is_refused(tmp_path: Path, name: str):
    """It would lie elsewhere than a report looks for it."""
    assert f"has the name {name!r}, which is no directory's" in refusal(
        tmp_path, {"a.yaml": {**TWO_TASKS, "name": name}}
    )


def test_a_study_that_is_no_control_is_refused_before_it_runs(tmp_path: Path):
    """Not when its report is due; and the study is none of its own controls."""
    assert "does not say what it is a control of" in refusal(tmp_path, {"a.yaml": {"name": "other"}})
    with pytest.raises(ConfigError, match="which is that of the study itself"):
        create_plan(written(tmp_path, {}, ["study.yaml"]), tmp_path / "out", seeds=None)


def test_controls_of_a_control_are_refused(tmp_path: Path):
    """Nothing would run them."""
    nested = {"a.yaml": {**TWO_TASKS, "name": "other", "controls": ["b.yaml"]}}
    assert "'a.yaml' has controls of its own, which would not be run" in refusal(tmp_path, nested)


def test_a_report_refuses_a_directory_with_such_a_control(tmp_path: Path):
    """As an earlier version laid it out."""
    for name, changes in (("out", {}), ("out/controls/tiny", TWO_TASKS)):
        plan = Plan(parse_study(raw_study(**changes)), tmp_path / name)
        plan.directory.mkdir(parents=True)
        (plan.directory / "study.yaml").write_text(to_yaml(plan.study))
    with pytest.raises(ConfigError, match="has the name 'tiny', which is that of the study itself"):
        open_plan(tmp_path / "out")


@pytest.mark.parametrize("arm", ["a/b", "..", "Shared", "a b", ""])
def test_an_arm_that_is_no_directory_of_its_own_is_refused(arm: str):
    """Small letters only, so that no two differ in capitals alone."""
    arms = {"shared": {}, arm: {"network.sharing": "separate"}}
    with pytest.raises(ConfigError, match=r"^arms"):
        parse_study(raw_study(arms=arms))
