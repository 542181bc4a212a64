"""Scores that are no numbers give no verdict, and what cannot be said is said to have no meaning."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from config.errors import ConfigError
from study.comparing import compare
from study.comparison import Comparison, Estimate, Spread
from study.config import parse_study
from study.controls import twins_control
from study.findings import find
from study.loading import load_study_record
from study.paired import holm, sign_flip_p, visible_difference
from study.plain_words import in_plain_words
from study.plan import Plan
from study.record_file import load_record, save_record
from study.records import StudyRecord
from study.report import write_report
from study.results_json import to_json
from study.scored import scored
from study.statistics import deviations, differences
from tests.support.study_samples import sample_study
from tests.unit.study.test_comparing import make_arm, make_record, noise
from tests.unit.study.test_config import raw_study

TASKS = ["cartpole", "acrobot"]
NO_NUMBERS = [math.nan, math.inf, -math.inf]


def diverged(
    seeds: int = 8, value: float = math.nan, arm: int = 1, runs: tuple[int, ...] = (3,)
) -> StudyRecord:
    """Return a study in which some runs of an arm have one score that is no number."""
    record = sample_study(seeds=seeds, tasks=TASKS)
    for run in runs:
        record.arms[arm].returns["acrobot"][run, -2] = value
    return record


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_difference_that_is_no_number_has_no_p_value(value: float):
    """The tests beside it keep theirs, and their correction counts it."""
    difference_SM = np.array([[1.0, 1.0], [2.0, value], [3.0, 2.0], [4.0, 5.0], [5.0, 1.0]])
    p_M = sign_flip_p(difference_SM, np.random.default_rng(0))
    assert p_M[0] == 2 / 32
    assert math.isnan(p_M[1])
    corrected_M = holm(p_M)
    assert corrected_M[0] == 4 / 32
    assert math.isnan(corrected_M[1])


def test_a_test_of_no_pairs_is_refused():
    """It is neither significant nor not."""
    with pytest.raises(ValueError, match="needs one pair or more"):
        sign_flip_p(np.zeros((0, 2)), np.random.default_rng(0))


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_runs_without_scores_are_taken_out_whole(value: float):
    """With their costs and readings; everything else stays, in its order."""
    record = diverged(value=value)
    left = scored(record)
    assert left.unscored == [("shared", 3)]
    arm, before = left.arms[1], record.arms[1]
    kept = [0, 1, 2, 4, 5, 6, 7]
    assert arm.seeds == kept
    assert np.array_equal(arm.returns["cartpole"], before.returns["cartpole"][kept])
    assert np.array_equal(arm.probes["conflict_share"], before.probes["conflict_share"][kept])
    assert np.array_equal(arm.cost.seconds_S, before.cost.seconds_S[kept])
    assert left.arms[0].seeds == list(range(8))
    assert scored(left) is left


def test_an_arm_without_any_score_is_gone_and_named():
    """Nothing can be said of it."""
    left = scored(diverged(seeds=2, runs=(0, 1)))
    assert [arm.name for arm in left.arms] == ["separate"]
    assert left.unscored == [("shared", 0), ("shared", 1)]


def test_a_comparison_refuses_scores_that_are_no_numbers():
    """Also those of an arm that is not compared: the range of a task is that of all arms."""
    for arm in (0, 1):
        record = diverged(arm=arm)
        sentence = rf"^arm: '{record.arms[arm].name}' has scores that are not numbers, with seeds \[3\]$"
        with pytest.raises(ValueError, match=sentence):
            compare(record, "shared", np.random.default_rng(0))


def test_the_report_names_the_runs_that_have_no_score(tmp_path: Path):
    """Before anything else, and in its data; its file of arrays keeps it."""
    record = scored(diverged())
    write_report(record, tmp_path)
    first = (tmp_path / "report.md").read_text(encoding="utf-8").split("\n\n")[1]
    assert first.startswith(
        "> **1 of 16 runs had a score that is not a number: shared, seed 3. This report leaves out"
    )
    assert json.loads((tmp_path / "results.json").read_text())["unscored"] == [{"arm": "shared", "seed": 3}]
    save_record(record, tmp_path / "again.npz")
    assert load_record(tmp_path / "again.npz").unscored == [("shared", 3)]


def test_an_old_file_of_arrays_is_read_without_such_runs(tmp_path: Path):
    """Earlier versions kept them."""
    save_record(diverged(), tmp_path / "old.npz")
    assert load_record(tmp_path / "old.npz").unscored == [("shared", 3)]


def plan_of_one_run(directory: Path, *scores: object) -> Plan:
    """Return a study of one finished run with these evaluations of its two tasks."""
    plan = Plan(parse_study(raw_study(arms={"shared": {}}, seeds=1)), directory)
    [run] = plan.runs()
    lines = [
        {
            "learner_step": step,
            "tasks": {
                task: {"env_steps": step, "discounted": score, "undiscounted": 1.0}
                for task in plan.study.tasks
            },
        }
        for step, score in enumerate(scores)
    ]
    run.directory.mkdir(parents=True)
    (run.directory / "evaluations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (run.directory / "summary.json").write_text('{"learner_steps": 10, "train_seconds": 1.0}')
    (run.directory / "cost.json").write_text('{"parameters": 5, "memory_bytes": 7}')
    return plan


def test_runs_are_read_with_null_for_what_is_no_number(tmp_path: Path):
    """As JSON has it; where nothing of the reference is left, that is a sentence."""
    record = load_study_record(plan_of_one_run(tmp_path / "good", 1.0, 2.0), command="")
    assert record.arms[0].returns["chain"].tolist() == [[1.0, 2.0]]
    with pytest.raises(ConfigError, match="has no run of the reference, 'shared', of which every score is a"):
        load_study_record(plan_of_one_run(tmp_path / "bad", 1.0, None), command="")
    with pytest.raises(ConfigError, match=r"seed-1: this run has no evaluation in its evaluations\.jsonl"):
        load_study_record(plan_of_one_run(tmp_path / "empty"), command="")


def rounded(seeds: int, level: float = 0.3) -> np.ndarray:
    """Return curves that are equal but for rounding: (S, 4)."""
    curves = np.full((seeds, 4), level)
    curves[::2] = np.nextafter(curves[::2], 1.0)
    return curves


def of_task(comparison: Comparison, task: str = "x") -> Spread:
    return comparison.of_task(task).spread


def test_scores_that_differ_by_rounding_are_equal():
    """No difference, no win, no deviation: however many seeds have it."""
    one, other = rounded(20), np.full((20, 4), np.nextafter(0.3, 0.0))
    result = compare(
        make_record(make_arm("a", {"x": one}), make_arm("b", {"x": other})), "a", np.random.default_rng(0)
    )
    task = result.of_task("x")
    assert (task.verdict, task.final.p, task.final.difference) == (
        "no difference seen",
        1.0,
        Estimate(0.0, 0.0, 0.0),
    )
    assert task.final.improvement == Estimate(0.5, 0.5, 0.5)
    assert (task.spread.arm, task.spread.reference) == (0.0, 0.0)
    assert result.final.mean.difference.value == pytest.approx(0.0, abs=1e-12)
    assert differences(np.array([1e6 + 1e-5, 2.0]), np.array([1e6, 1.0])).tolist() == [0.0, 1.0]
    assert deviations(np.array([[0.1 + 0.2, 1.0], [0.3, 2.0]])).tolist() == [0.0, pytest.approx(0.5**0.5)]


@pytest.mark.parametrize("flat", [0.3, 9.56179249911955, -1e6])
def test_a_ratio_of_deviations_has_no_meaning_where_the_reference_has_none(flat: float, tmp_path: Path):
    """Neither zero over zero, nor over what rounding made of zero, nor over a resample of one seed."""
    spread = make_arm("spread", {"x": noise(1, 20)})
    level = make_arm("level", {"x": np.full((20, 4), flat)})
    record = make_record(spread, level)
    ratio = of_task(compare(record, "spread", np.random.default_rng(0))).ratio
    assert all(map(math.isnan, dataclasses.astuple(ratio)))
    write_report(record, tmp_path)
    assert (tmp_path / "report.md").read_text(encoding="utf-8").count("no meaning |") == 1
    other = of_task(compare(make_record(level, spread), "level", np.random.default_rng(0))).ratio
    assert other == Estimate(0.0, 0.0, 0.0)


def nearly_level(deviation: float, odd: float = 0.0) -> np.ndarray:
    """Return curves from 0 to nearly 0.4, whose final scores deviate by so much; one run ends lower."""
    curves = np.tile([0.0, 0.2, 0.4, 0.4], (20, 1))
    curves[:, -1] += deviation * np.random.default_rng(0).permutation(np.repeat([-1.0, 1.0], 10))
    curves[0, -1] -= odd
    return curves


def ratio_of(reference: np.ndarray) -> Estimate:
    """Return the ratio of the deviations of an ordinary arm and a reference."""
    record = make_record(
        make_arm("spread", {"x": nearly_level(0.01)}), make_arm("reference", {"x": reference})
    )
    return of_task(compare(record, "spread", np.random.default_rng(0))).ratio


@pytest.mark.parametrize("deviation", [1e-6, 1e-8])
def test_a_ratio_of_deviations_has_no_meaning_where_the_reference_hardly_deviates(deviation: float):
    """Over 20 runs that solve a task in the same way it would be ten thousand, or a million, or anything."""
    assert all(map(math.isnan, dataclasses.astuple(ratio_of(nearly_level(deviation)))))
    assert ratio_of(nearly_level(0.002)).high == pytest.approx(5, rel=0.2)


def test_one_odd_run_gives_a_ratio_without_an_interval():
    """One resample in three lacks it, and would have a ratio of millions."""
    ratio = ratio_of(nearly_level(1e-8, odd=0.05))
    assert 0.5 < ratio.value < 2
    assert math.isnan(ratio.low)
    assert math.isnan(ratio.high)


def test_three_seeds_have_a_ratio_but_no_interval():
    """One resample in nine holds one seed three times, which has no deviation."""
    record = make_record(make_arm("a", {"x": noise(1, 3)}), make_arm("b", {"x": noise(2, 3)}))
    ratio = of_task(compare(record, "a", np.random.default_rng(0))).ratio
    assert 0 < ratio.value < 100
    assert math.isnan(ratio.low)
    assert math.isnan(ratio.high)


def test_equal_differences_do_not_say_how_small_a_one_would_be_seen():
    """Zero would be wrong: nothing is known of chance. The words and the data say so."""
    assert math.isnan(visible_difference(0.0, 20, 0.05, 2))
    curves = np.full((20, 4), 0.7)
    record = make_record(make_arm("a", {"x": curves}), make_arm("b", {"x": curves}))
    findings = find(record)
    said = in_plain_words(findings)
    assert "All seeds gave the same difference, so the smallest visible difference is unknown" in said
    json.dumps(to_json(findings), allow_nan=False)
    verdict = twins_control(findings.comparisons["a"], ["x"])
    assert verdict.passed
    assert verdict.sentence.endswith("The worst difference was 0, and all seeds gave the same difference.")
