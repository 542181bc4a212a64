"""The best weights of a run, beside an obvious rule and what any such rule has to keep."""

import json
import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from training.directory.best_weights import BestWeights, Evaluated
from training.json_text import json_text

TASKS = ("a", "b", "c")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
QUARTERS = st.integers(-2000, 2000).map(lambda number: number / 4)
ANYTHING = st.sampled_from([math.nan, math.inf, -math.inf])


def rows(values: st.SearchStrategy[float], tasks: int = 3, least: int = 1):
    """Return lists of evaluations: a mean for each task."""
    row = st.tuples(*[values] * tasks)
    return st.lists(row, min_size=least, max_size=12)


def decided(decision: BestWeights, means: list[tuple[float, ...]], first_step: int = 0) -> list[int | None]:
    """Return which learner step is the best after each evaluation."""
    best = []
    for step, row in enumerate(means, start=first_step):
        evaluated = Evaluated(step, dict(zip(TASKS, row, strict=False)))
        if decision.is_better(evaluated):
            decision.best = evaluated
        best.append(None if decision.best is None else decision.best.learner_step)
    return best


def by_the_obvious_rule(means: list[tuple[float, ...]]) -> list[int]:
    """The same in fractions, with everything seen so far looked at anew each time."""

    def score(row: tuple[float, ...], seen: list[tuple[float, ...]]) -> Fraction:
        total = Fraction(0)
        for mean, column in zip(row, zip(*seen, strict=True), strict=True):
            low, high = Fraction(min(column)), Fraction(max(column))
            total += (Fraction(mean) - low) / (high - low) if high > low else 0
        return total

    best, chosen = 0, []
    for step in range(len(means)):
        seen = means[: step + 1]
        best = max((best, step), key=lambda each: (score(means[each], seen), each))
        chosen.append(best)
    return chosen


@given(rows(FINITE) | rows(QUARTERS))
def test_it_decides_as_the_obvious_rule_does(means: list[tuple[float, ...]]):
    """Whatever returns are: negative, equal, far apart. What is as good as the best takes its place."""
    assert decided(BestWeights(), means) == by_the_obvious_rule(means)


@given(rows(FINITE, tasks=1))
def test_of_one_task_the_highest_mean_is_the_best(means: list[tuple[float, ...]]):
    """However large numbers are."""
    decision = BestWeights()
    decided(decision, means)
    assert decision.best is not None
    assert decision.best.means["a"] == max(mean for (mean,) in means)


@given(rows(QUARTERS), st.integers(-3, 8), st.integers(-1000, 1000))
def test_the_scale_of_a_tasks_rewards_does_not_matter(
    means: list[tuple[float, ...]], exponent: int, shift: int
):
    """Nor where their zero is. Powers of two and quarters keep the arithmetic exact."""
    others: list[tuple[float, ...]] = [(a * 2.0**exponent + shift, b, c) for a, b, c in means]
    assert decided(BestWeights(), means) == decided(BestWeights(), others)


@given(rows(QUARTERS), st.tuples(QUARTERS, QUARTERS, QUARTERS), st.integers(0, 2), st.integers(1, 100))
def test_what_is_better_in_one_task_and_worse_in_none_wins(
    means: list[tuple[float, ...]], last: tuple[float, ...], task: int, gain: int
):
    """And the other way round it loses."""
    decision = BestWeights()
    decided(decision, means)
    better = tuple(mean + gain * (index == task) for index, mean in enumerate(last))
    decision.best = Evaluated(100, dict(zip(TASKS, last, strict=True)))
    assert decision.is_better(Evaluated(101, dict(zip(TASKS, better, strict=True))))
    decision.best = Evaluated(101, dict(zip(TASKS, better, strict=True)))
    assert not decision.is_better(Evaluated(102, dict(zip(TASKS, last, strict=True))))


@given(rows(QUARTERS), st.integers(0, 12))
def test_a_decision_goes_on_after_it_was_written_down(means: list[tuple[float, ...]], cut: int):
    """As if nothing had happened, wherever the run was cut."""
    decision = BestWeights()
    before = decided(decision, means[:cut])
    again = BestWeights.restored(json.loads(json_text(decision.state())), decision.best)
    after = decided(again, means[cut:], first_step=len(before))
    assert before + after == decided(BestWeights(), means)


@given(rows(FINITE | ANYTHING))
def test_what_is_not_a_number_is_never_the_best_and_spoils_nothing(means: list[tuple[float, ...]]):
    """The decisions are those without it."""
    decision, without = BestWeights(), BestWeights()
    found = decided(decision, means)
    finite = [row for row in means if all(map(math.isfinite, row))]
    decided(without, finite)
    assert [step for step in found if step is not None and means[step] not in finite] == []
    assert (decision.lowest, decision.highest) == (without.lowest, without.highest)
    assert (decision.best is None) == (without.best is None) == (not finite)
    if decision.best is not None and without.best is not None:
        assert decision.best.means == without.best.means


@given(
    st.recursive(
        st.none() | st.text() | FINITE | st.booleans(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["lowest", "highest", *TASKS]), inner)
        ),
    )
)
def test_whatever_was_written_down_a_decision_can_be_made(state: object):
    """Somebody may have changed the file."""
    decision = BestWeights.restored(state, None)
    assert decision.is_better(Evaluated(1, dict.fromkeys(TASKS, 1.0)))
    decision.best = Evaluated(1, dict.fromkeys(TASKS, 1.0))
    assert decision.is_better(Evaluated(2, dict.fromkeys(TASKS, 2.0)))
