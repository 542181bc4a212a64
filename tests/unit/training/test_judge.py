"""When a run counts as solved: one set of weights passes twice, on fresh episodes."""

import numpy as np
import pytest

from actors.evaluation import EpisodeReturns
from network.weights import WeightsSnapshot
from training.evaluation.judge import EvaluationRequest, EvaluationResult, Judge

BOUNDS = {"a": 10.0, "b": -5.0}


def undiscounted(*returns: float) -> EpisodeReturns:
    return EpisodeReturns(list(returns), [0.0] * len(returns))


def snapshot(version: int) -> WeightsSnapshot:
    return WeightsSnapshot(version, 0, "layout", np.zeros(1, np.float32))


def result(request: EvaluationRequest, a: float, b: float) -> EvaluationResult:
    return EvaluationResult(request, {"a": undiscounted(a - 1, a + 1), "b": undiscounted(b, b)})


def test_a_first_pass_asks_for_a_confirmation_with_the_same_weights():
    """Nothing is solved yet; the second look has fresh episodes of its own."""
    judge = Judge(BOUNDS)
    first = judge.request(snapshot(3))
    second = judge.consider(result(first, 10.0, -5.0))
    assert second is not None
    assert second.snapshot is first.snapshot
    assert (first.confirms, second.confirms) == (False, True)
    assert second.round_number != first.round_number
    assert judge.solved is None


def test_a_confirmed_pass_is_solved():
    """The confirming result is the one that counts, and asks for nothing more."""
    judge = Judge(BOUNDS)
    request = judge.consider(result(judge.request(snapshot(3)), 10.0, -5.0))
    assert request is not None
    confirming = result(request, 11.0, -4.0)
    assert judge.consider(confirming) is None
    assert judge.solved is confirming
    assert judge.latest is confirming


def test_a_failed_confirmation_stops_nothing():
    """The run goes on; a later first look has to be confirmed anew."""
    judge = Judge(BOUNDS)
    request = judge.consider(result(judge.request(snapshot(1)), 10.0, -5.0))
    assert request is not None
    assert judge.consider(result(request, 9.9, -5.0)) is None
    assert judge.solved is None
    later = judge.consider(result(judge.request(snapshot(2)), 10.0, -5.0))
    assert later is not None
    assert later.confirms
    assert later.snapshot.version == 2


@pytest.mark.parametrize(("a", "b"), [(9.99, 100.0), (100.0, -5.01), (0.0, -9.0)])
def test_every_bounded_task_has_to_pass(a: float, b: float):
    """One task below its bound is enough for a no, whatever the others do."""
    judge = Judge(BOUNDS)
    assert judge.consider(result(judge.request(snapshot(1)), a, b)) is None
    assert judge.latest is not None
    assert judge.solved is None


def test_a_task_without_a_bound_is_not_asked():
    """It may return anything."""
    judge = Judge({"a": 10.0, "b": None})
    found = result(judge.request(snapshot(1)), 10.0, -1e9)
    assert judge.consider(found) is not None
    assert judge.task_solved(found, "a") is True
    assert judge.task_solved(found, "b") is None


@pytest.mark.parametrize("bounds", [{}, {"a": None, "b": None}])
def test_without_any_bound_nothing_is_ever_solved(bounds: dict[str, float | None]):
    """Such a run ends with its budget."""
    judge = Judge(bounds)
    assert judge.consider(result(judge.request(snapshot(1)), 1e9, 1e9)) is None
    assert judge.solved is None


def test_the_bound_itself_is_reached_by_the_mean():
    """Single episodes may lie below it."""
    judge = Judge({"a": 10.0})
    request = judge.request(snapshot(1))
    assert judge.consider(EvaluationResult(request, {"a": undiscounted(0.0, 20.0)})) is not None


def test_rounds_count_from_one():
    """Round 0 is left for evaluations of finished runs, so that no episode is played twice."""
    judge = Judge(BOUNDS)
    assert [judge.request(snapshot(0)).round_number for _ in range(3)] == [1, 2, 3]


def test_mean_and_standard_deviation_are_of_all_episodes():
    """Population standard deviation, worked out by hand."""
    found = EvaluationResult(Judge({}).request(snapshot(0)), {"a": undiscounted(1.0, 3.0, 5.0, 7.0)})
    assert found.mean("a") == 4.0
    assert found.std("a") == pytest.approx(5.0**0.5)


def test_discounted_returns_have_a_mean_of_their_own():
    """Beside that of the undiscounted ones."""
    found = EvaluationResult(Judge({}).request(snapshot(0)), {"a": EpisodeReturns([1.0, 3.0], [0.5, 1.0])})
    assert (found.mean("a"), found.discounted_mean("a"), found.episodes("a")) == (2.0, 0.75, 2)
