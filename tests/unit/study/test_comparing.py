"""A comparison of made-up arms says what was put into them."""

import dataclasses
import math

import numpy as np
import pytest

from study.comparing import compare
from study.comparison import Estimate, MetricComparison, Spread, TaskComparison
from study.records import ArmCost, ArmRecord, StudyRecord

STEPS_P = np.array([100, 200, 300, 400])


def make_arm(name, curves, seeds=None):
    """Return an arm of these curves by task: (S, 4)."""
    seeds = seeds if seeds is not None else list(range(len(next(iter(curves.values())))))
    cost = ArmCost(1, 1, np.zeros(len(seeds)), np.zeros(len(seeds), np.int64))
    return ArmRecord(name, {}, seeds, STEPS_P, curves, curves, cost, {}, {})


def make_record(arm, reference, thresholds=None):
    """Return a study of two arms, which scores the last two evaluations."""
    tasks = list(arm.returns)
    return StudyRecord(
        "made up", tasks, reference.name, [reference, arm], 2, thresholds or {}, arm.seeds, [], "none", "none"
    )


def noise(seed, seeds=20):
    """Return curves with a level of their own each: (S, 4)."""
    rng = np.random.default_rng(seed)
    return rng.normal(0.0, 1.0, (seeds, 1)) + rng.normal(0.0, 0.1, (seeds, 4))


def compared(arm, reference, thresholds=None, **options):
    return compare(make_record(arm, reference, thresholds), arm.name, np.random.default_rng(0), **options)


def test_effects_are_found_where_they_are():
    """A task lifted by three deviations is helped, a lowered one hurt, an untouched one neither."""
    reference = make_arm("alone", {"up": noise(1), "down": noise(2), "same": noise(3)})
    arm = make_arm("together", {"up": noise(4) + 3, "down": noise(5) - 3, "same": noise(6)})
    result = compared(arm, reference)
    assert [task.verdict for task in result.tasks] == ["helped", "hurt", "no difference seen"]
    assert [result.count(v) for v in ("helped", "hurt", "mixed", "no difference seen")] == [1, 1, 0, 1]
    up = result.of_task("up").final
    assert up.difference.low < 3 < up.difference.high
    assert up.improvement.low > 0.9
    assert up.p < up.holm_p <= 0.05


def test_figures_of_two_seeds_by_hand():
    """Final scores 3 and 5 against 1 and 4, areas 2 and 4 against 1 and 2.5."""
    arm = make_arm("a", {"x": np.array([[0.0, 2.0, 2.0, 4.0], [3.0, 3.0, 5.0, 5.0]])})
    reference = make_arm("r", {"x": np.array([[1.0, 1.0, 0.0, 2.0], [0.0, 2.0, 4.0, 4.0]])})
    result = compared(arm, reference, {"x": 4.0})
    task = result.tasks[0]
    assert (task.final.arm.value, task.final.reference.value) == (4.0, 2.5)
    assert (task.auc.arm.value, task.auc.reference.value) == (3.0, 1.75)
    assert (task.final.difference.value, task.auc.difference.value) == (1.5, 1.25)
    assert task.final.improvement.value == 0.75
    assert (task.final.p, task.final.holm_p) == (0.5, 1.0)
    assert (task.spread.arm, task.spread.reference) == pytest.approx((math.sqrt(2), math.sqrt(4.5)))
    assert task.spread.ratio.value == pytest.approx(2 / 3)
    assert (task.arm_steps.steps, task.arm_steps.median) == ((400.0, 300.0), 350.0)
    assert (task.reference_steps.steps, task.reference_steps.median) == ((math.inf, 300.0), math.inf)
    assert (task.arm_steps.reached, task.reference_steps.reached) == (2, 1)
    assert result.final.mean.difference.value == pytest.approx(1.5 / 5)


def test_pairs_are_by_seed_whatever_the_order():
    """Arms that list their seeds otherwise, and one that misses some, are compared on the common seeds."""
    base = noise(1)
    reference = make_arm("alone", {"x": base})
    order = [7, 3, 19, 0, 5, 11, 2, 8, 14, 9]
    arm = make_arm("together", {"x": base[order] + 0.01}, order)
    result = compared(arm, reference)
    assert result.seeds == tuple(sorted(order))
    assert result.tasks[0].final.difference.low == pytest.approx(0.01)
    assert result.tasks[0].final.difference.high == pytest.approx(0.01)
    assert result.tasks[0].verdict == "helped"


def test_swapped_arms_give_the_opposite():
    """Differences change sign, improvement is one minus itself, p-values stay."""
    one, other = make_arm("a", {"x": noise(1, 12) + 0.5}), make_arm("b", {"x": noise(2, 12)})
    there, back = compared(one, other).tasks[0].final, compared(other, one).tasks[0].final
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.improvement.value == pytest.approx(1 - back.improvement.value)
    assert there.p == back.p


def test_aggregates_do_not_care_for_units():
    """Returns of a task in other units leave everything over tasks as it is."""
    arm, reference = {"x": noise(1), "y": noise(2) + 1}, {"x": noise(3), "y": noise(4)}
    plain = compared(make_arm("a", arm), make_arm("b", reference))
    scaled = compared(
        make_arm("a", arm | {"y": 50 * arm["y"] - 7}),
        make_arm("b", reference | {"y": 50 * reference["y"] - 7}),
    )
    for metric in ("final", "auc"):
        want, found = (dataclasses.asdict(getattr(one, metric)) for one in (plain, scaled))
        assert found["improvement"] == want["improvement"]
        for statistic in ("iqm", "mean", "median"):
            assert found[statistic]["difference"] == pytest.approx(want[statistic]["difference"])


def test_runs_that_rise_and_fall_together_widen_the_interval_over_tasks():
    """Five tasks of one level per run say no more than one task does."""
    x, y = noise(1), noise(2)
    one = compared(make_arm("a", {"0": x}), make_arm("b", {"0": y})).final.mean.difference
    five = compared(
        make_arm("a", {str(i): x for i in range(5)}), make_arm("b", {str(i): y for i in range(5)})
    ).final.mean.difference
    assert five.high - five.low == pytest.approx(one.high - one.low, rel=0.1)


def test_equal_arms_and_constant_tasks_are_no_difference():
    """A task that never moves has p = 1, improvement one half and a ratio of deviations that is no number."""
    flat = make_arm("a", {"x": np.ones((10, 4))})
    task = compared(flat, dataclasses.replace(flat, name="b")).tasks[0]
    assert (task.verdict, task.final.p, task.final.improvement.value) == ("no difference seen", 1.0, 0.5)
    assert math.isnan(task.spread.ratio.value)
    assert task.arm_steps is None


def test_arms_that_cannot_be_compared_are_named():
    """An unknown arm, or too few common seeds, ends in a sentence."""
    reference = make_arm("alone", {"x": noise(1)})
    record = make_record(make_arm("late", {"x": noise(2, 2)}, [19, 20]), reference)
    with pytest.raises(ValueError, match="arm: 'lat' has no finished run; those that have"):
        compare(record, "lat", np.random.default_rng(0))
    with pytest.raises(ValueError, match="'late' and 'alone' have 1 finished seeds in common"):
        compare(record, "late", np.random.default_rng(0))


@pytest.mark.parametrize(
    ("final", "auc", "both"),
    [
        ("helped", "no difference seen", "helped"),
        ("no difference seen", "hurt", "hurt"),
        ("hurt", "hurt", "hurt"),
        ("hurt", "helped", "mixed"),
        ("no difference seen", "no difference seen", "no difference seen"),
    ],
)
def test_a_task_s_verdict_is_of_both_metrics(final, auc, both):
    """One finding is enough, opposite ones are mixed."""
    some = Estimate(0.0, 0.0, 0.0)
    of_final, of_auc = (MetricComparison(some, some, some, 1, 1, one, some, 1) for one in (final, auc))
    assert TaskComparison("x", of_final, of_auc, Spread(1, 1, some), None, None).verdict == both


def test_the_sharper_metric_is_the_less_noisy():
    """Noise of single evaluations averages out over a curve, so that its area sees smaller differences."""
    rng = np.random.default_rng(0)
    curves = [rng.normal(0.0, 1.0, (20, 4)) for _ in range(2)]
    assert (
        compared(make_arm("a", {"x": curves[0]}), make_arm("b", {"x": curves[1]})).tasks[0].sharper == "auc"
    )
