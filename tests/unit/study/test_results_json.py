"""The results as data, the record in one file, and the notebook that draws from both."""

import ast
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from study.arm_summary import iqm_band
from study.record_file import RECORD_FILE, load_record, save_record
from study.report import write_report
from tests.support.source_tree import ROOT
from tests.support.study_samples import sample_arm, sample_study

NOTEBOOK = ROOT / "examples" / "study.ipynb"


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def read_results(directory):
    text = (directory / "results.json").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A study with a missing run and an arm of one seed, and its directory; tests only read them."""
    directory = tmp_path_factory.mktemp("study")
    record = sample_study(seeds=5)
    alone = sample_arm("alone", [2], {}, evaluations=12)
    record = dataclasses.replace(record, arms=[*record.arms, alone], missing=[("alone", 0)])
    return write_report(record, directory), directory


def test_arms_have_scores_seeds_and_costs(written):
    """Every arm says each task's final score and area with their intervals, its seeds and its cost."""
    findings, directory = written
    results = read_results(directory)
    assert list(results["arms"]) == ["separate", "shared", "alone"]
    for arm in findings.record.arms:
        entry = results["arms"][arm.name]
        assert list(entry["tasks"]) == findings.record.tasks
        assert entry["overrides"] == arm.overrides
        assert entry["cost"]["parameters"] == 15_855
        assert entry["cost"]["seconds"] == pytest.approx(np.median(arm.cost.seconds_S))
        for task in entry["tasks"].values():
            assert set(task) == {"final", "auc", "seeds"}
            assert task["seeds"] == arm.seeds
    final = results["arms"]["shared"]["tasks"]["cartpole"]["final"]
    assert final["low"] < final["iqm"] < final["high"]


def test_study_comparisons_and_controls_are_there(written):
    """What was planned, what is missing, every comparison with intervals, every control with its verdict."""
    _, directory = written
    results = read_results(directory)
    assert results["reference"] == "separate"
    assert results["seeds"] == [0, 1, 2, 3, 4]
    assert results["missing"] == [{"arm": "alone", "seed": 0}]
    assert results["command"] == "trunkline study study.yaml"
    [compared] = results["comparisons"]
    assert compared["arm"] == "shared"
    assert set(compared["tasks"][0]["final"]["difference"]) == {"value", "low", "high"}
    assert [set(control) for control in results["controls"]] == [{"name", "passed", "figures", "sentence"}]


def test_what_is_not_a_number_is_null(written):
    """An arm of one seed has no interval; with five seeds no difference is small enough to be seen."""
    _, directory = written
    results = read_results(directory)
    alone = results["arms"]["alone"]["tasks"]["cartpole"]["final"]
    assert alone["iqm"] is not None
    assert alone["low"] is alone["high"] is None
    assert results["comparisons"][0]["tasks"][0]["final"]["visible"] is None


def test_a_record_comes_back_as_it_was(tmp_path):
    """Every array, name and number survives the file, nan included."""
    record = sample_study({"separate": {}, "shared/odd name": {"cartpole": 0.1}}, seeds=3)
    record.arms[1].probes["gradient_cosine"][0, 0] = np.nan
    record = dataclasses.replace(record, missing=[("shared/odd name", 7)])
    save_record(record, tmp_path / RECORD_FILE)
    back = load_record(tmp_path / RECORD_FILE)
    np.testing.assert_equal(dataclasses.asdict(back), dataclasses.asdict(record))


def test_a_record_needs_no_pickle(tmp_path):
    """NumPy opens each array with pickles forbidden, under a name that says what it is."""
    save_record(sample_study(seeds=2), tmp_path / RECORD_FILE)
    with np.load(tmp_path / RECORD_FILE, allow_pickle=False) as archive:
        assert archive["1/returns/cartpole"].shape == (2, 12)
        assert all(archive[name].dtype != object for name in archive.files)


def test_a_band_holds_its_curve():
    """The interval lies about the interquartile mean at every point, and is narrower for more seeds."""
    rng = np.random.default_rng(1)
    values_SP = rng.normal(size=(64, 5))
    few, many = (iqm_band(values_SP[:seeds], np.random.default_rng(0)) for seeds in (8, 64))
    for band in (few, many):
        assert np.all(band.low_P < band.iqm_P)
        assert np.all(band.iqm_P < band.high_P)
    assert np.all(many.high_P - many.low_P < few.high_P - few.low_P)
    assert few.iqm_P == pytest.approx(np.sort(values_SP[:8], axis=0)[2:6].mean(0))


def run_cell(source, names):
    """Run a cell in a namespace; return the value of its last line, as a notebook would show it."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(NOTEBOOK), "exec"), names)
    return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names) if last else None


def test_the_notebook_draws_the_figures_again(written, monkeypatch):
    """Run from top to bottom over a study's directory, it shows each figure of the report, and one more."""
    _, directory = written
    monkeypatch.setenv("TRUNKLINE_STUDY", str(directory))
    names: dict[str, object] = {}
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    shown = [run_cell("".join(cell["source"]), names) for cell in cells if cell["cell_type"] == "code"]
    pictures = {picture.name: picture._repr_svg_() for picture in shown if hasattr(picture, "_repr_svg_")}
    assert "<svg" in pictures.pop("one_task")
    assert pictures == {path.stem: path.read_text("utf-8") for path in Path(directory, "figures").iterdir()}


def test_the_notebook_is_committed_without_outputs():
    """No cell carries what a run of it left behind."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
