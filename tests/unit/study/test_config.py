"""A study's file: what is allowed, and what each run of it is told."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.errors import ConfigError
from study.config import differences, load_study, parse_study, to_yaml
from tests.support.learning_builders import tiny_raw


def raw_study(**changes: Any) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "name": "tiny",
        "run": tiny_raw(),
        "reference": "shared",
        "tuning": "none",
        "seeds": 3,
        "arms": {"shared": {}, "apart": {"network.sharing": "separate"}},
    }
    return raw | changes


def test_a_run_has_the_common_fields_what_its_arm_declares_and_its_seed():
    """And nothing else differs between two arms."""
    study = parse_study(raw_study())
    shared, apart = (study.arm_config(arm, seed=7) for arm in ("shared", "apart"))
    assert differences(shared, apart) == ["network.sharing"]
    assert (apart.network.sharing, apart.seed, apart.network.encoder_width) == ("separate", 7, 8)


def test_runs_of_a_study_end_by_their_budget_alone():
    """Known environments bring bounds at which a run would stop."""
    tasks = {"pole": {"env": "CartPole-v1"}, "chain": {"env": "trunkline/Chain-v0", "solved_at": 0.5}}
    config = parse_study(raw_study(run=tiny_raw(tasks=tasks))).arm_config("shared", seed=1)
    assert [task.solved_at for task in config.tasks.values()] == [None, None]
    assert (config.metrics.port, config.checkpoint.replay) == (0, False)


def test_a_study_goes_through_yaml_unchanged(tmp_path: Path):
    """What is written beside the runs reads back as the same study."""
    study = parse_study(raw_study(thresholds={"chain": 0.5}))
    (tmp_path / "study.yaml").write_text(to_yaml(study))
    assert load_study(tmp_path / "study.yaml") == study


MISTAKES = [
    ({"reference": "nothing"}, "reference: 'nothing' is not an arm; allowed are shared, apart"),
    ({"seeds": 0}, "seeds: 0 is not allowed: it should be greater than 0"),
    ({"arm": {}}, "arm: unknown key; did you mean 'arms'?"),
    ({"thresholds": {"pong": 1.0}}, "thresholds.pong: not a task of the study; allowed are chain, identity"),
    ({"arms": {"shared": {}, "same": {}}}, "arms: two of them declare the same fields"),
    (
        {"arms": {"shared": {"learner.batch_size": 8}}},
        "arms.shared.learner.batch_size: an arm may not differ",
    ),
    ({"arms": {"shared": {"learner": {"batch_size": 8}}}}, "arms.shared.learner: a section is not allowed"),
    ({"arms": {"shared": {"tasks.chain.discount": 0.5}}}, "arms.shared.tasks.chain.discount: an arm may not"),
    (
        {"arms": {"shared": {"network.sharin": "hard"}}},
        "arms.shared: network.sharin: unknown key; did you mean",
    ),
    ({"arms": {"shared": {"network.experts": 0}}}, "arms.shared: network.experts: 0 is not allowed"),
]


@pytest.mark.parametrize(("changes", "sentence"), MISTAKES, ids=[m[1][:40] for m in MISTAKES])
def test_a_mistake_is_one_sentence(changes: dict[str, Any], sentence: str):
    """It names the field, the value and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        parse_study(raw_study(**deepcopy(changes)))
    assert str(caught.value).startswith(sentence)
    assert len(str(caught.value).splitlines()) == 1


def test_a_control_is_of_two_tasks():
    """Twins of three are refused."""
    run = tiny_raw()
    run["tasks"]["third"] = dict(run["tasks"]["chain"])
    with pytest.raises(ConfigError, match="control: 'twins' needs two tasks; `run` has 3"):
        parse_study(raw_study(run=run, control="twins"))


@pytest.mark.parametrize("path", sorted(Path("study/configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_studies_are_valid(path: Path):
    """And so are the controls that they name."""
    study = load_study(path)
    assert yaml.safe_load(path.read_text())["name"] == study.name
    for control in study.controls:
        assert load_study(path.parent / control).control is not None
