"""The controls pass where they should and fail where they should."""

import dataclasses

import numpy as np
import pytest

from study import controls
from study.comparing import compare
from study.controls import conflict_control, same_arm_control, twins_control
from tests.unit.study.test_comparing import make_arm, make_record, noise

ALPHA = 0.05


def make_pair(shift_x=0.0, shift_y=0.0, seeds=20):
    """Return a study of two tasks, moved by so much in the arm that shares."""
    reference = make_arm("separate", {"x": noise(1, seeds), "y": noise(2, seeds)})
    arm = make_arm("shared", {"x": noise(3, seeds) + shift_x, "y": noise(4, seeds) + shift_y})
    return make_record(arm, reference)


def with_cosine(record, mean):
    """Return the study with gradient cosines about this mean, the first reading of each run undefined."""
    cosine_SKTT = np.random.default_rng(0).normal(mean, 0.2, (20, 6, 2, 2))
    cosine_SKTT[:, 0] = np.nan
    cosine_SKTT[:, :, [0, 1], [0, 1]] = 1.0
    shared = dataclasses.replace(record.arms[1], probes={"gradient_cosine": cosine_SKTT})
    return dataclasses.replace(record, arms=[record.arms[0], shared])


def judge_conflict(record):
    rng = np.random.default_rng(0)
    return conflict_control(record, compare(record, "shared", rng), ("x", "y"), rng)


def split_noise(seed, **settings):
    """Return what splits of an arm say whose runs differ by nothing but noise."""
    arm = make_arm("shared", {str(task): noise(10 * seed + task) for task in range(5)})
    return same_arm_control(make_record(arm, arm), "shared", np.random.default_rng(seed), **settings)


def test_splits_of_one_arm_find_about_as_much_as_the_level_allows():
    """A study of noise alone may be unlucky; over eight of them the share of false differences is kept.

    The share is that of any difference in a split: the correction holds it for all tasks and both metrics.
    """
    shares = [split_noise(seed).figures["differences"] / 100 for seed in range(8)]
    assert 0 < np.mean(shares) < 1.6 * ALPHA


def test_the_limit_that_the_sentence_names_decides():
    """Of 20 splits one may show a difference; the second fails the control, and both cases are seen here."""
    verdicts = [split_noise(seed, splits=20, alpha=0.1) for seed in range(10)]
    found = [verdict.figures["differences"] for verdict in verdicts]
    assert {1, 2} <= set(found)
    assert [verdict.passed for verdict in verdicts] == [differences <= 1 for differences in found]


def test_an_instrument_that_finds_too_much_fails():
    """With a level of nine in ten, chance alone is taken for differences."""
    verdict = same_arm_control(make_pair(), "shared", np.random.default_rng(0), splits=20, alpha=0.9)
    assert not verdict.passed
    assert verdict.figures["differences"] > 1
    assert verdict.sentence.startswith("Of 20 random splits of the 20 runs of 'shared' into halves, ")
    assert verdict.sentence.endswith("; at most 1 may do so.")


def test_halves_share_no_run_and_leave_out_at_most_one():
    """Of 21 runs two times ten different ones are drawn, otherwise each time."""
    values_SP = np.arange(21.0)[:, None].repeat(4, axis=1)
    arm = make_arm("shared", {"x": values_SP})
    rng = np.random.default_rng(0)
    drawn = [controls._halves(make_record(arm, arm), arm, rng) for _ in range(2)]
    runs = [[one.returns["x"][:, 0].tolist() for one in halves.arms] for halves in drawn]
    assert all(len(set(a) | set(b)) == 20 for a, b in runs)
    assert runs[0] != runs[1]


def test_too_few_seeds_leave_a_control_unchecked():
    """Four pairs of halves cannot reject anything, nor can five seeds find harm."""
    record = make_pair(seeds=5)
    rng = np.random.default_rng(0)
    split = same_arm_control(record, "shared", rng)
    assert (split.passed, "too few" in split.sentence) == (None, True)
    twins = twins_control(compare(record, "shared", rng), ["x", "y"])
    assert (twins.passed, "5 seeds are too few" in twins.sentence) == (None, True)


@pytest.mark.parametrize(("shift", "passed"), [(0.0, True), (3.0, True), (-3.0, False)])
def test_twins_must_not_be_hurt(shift, passed):
    """Help and no difference pass, harm to one of them does not."""
    verdict = twins_control(compare(make_pair(0.0, shift), "shared", np.random.default_rng(0)), ["x", "y"])
    assert verdict.passed == passed
    assert ("no test found harm" in verdict.sentence) == passed
    assert verdict.figures["hurt"] == (0 if passed else 2)


@pytest.mark.parametrize(
    ("cosine", "shift", "passed"),
    [(-0.5, -3.0, True), (-0.5, 0.0, False), (0.0, -3.0, False), (0.5, -3.0, False)],
)
def test_contradictory_twins_must_conflict_and_lose(cosine, shift, passed):
    """Conflict without loss is not enough, nor loss without conflict."""
    verdict = judge_conflict(with_cosine(make_pair(0.0, shift), cosine))
    assert verdict.passed == passed
    assert verdict.figures["cosine"] == pytest.approx(cosine, abs=0.1)
    assert verdict.figures["hurt"] == (1 if shift else 0)


def test_conflict_that_nobody_read_is_not_checked():
    """Without readings, or with none that is a number, the control neither passes nor fails."""
    record = make_pair(0.0, -3.0)
    for unread in (record, with_cosine(record, np.nan)):
        verdict = judge_conflict(unread)
        assert verdict.passed is None
        assert verdict.sentence == "Fewer than two runs read a gradient cosine between x and y."


def test_too_few_seeds_to_find_harm_leave_a_conflict_unchecked():
    """Whatever the cosine is: five seeds cannot give the p-value that it takes."""
    record = with_cosine(make_pair(0.0, -3.0, seeds=5), -0.5)
    verdict = judge_conflict(record)
    assert (verdict.passed, verdict.sentence) == (None, "5 seeds are too few to find harm to x and y.")
