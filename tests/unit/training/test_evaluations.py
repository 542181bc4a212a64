"""Evaluations that fail: repeated, then with other episodes, and three in a row end the run."""

from functools import partial

import pytest

from actors.evaluation import EpisodeReturns
from learner.weights_publisher import WeightsPublisher
from network.weights import WeightsLayout
from tests.support.evaluated_environments import FailsFor, Uneven, env_id
from tests.support.learning_builders import tiny_parts
from tests.unit.training.local_run import train_locally
from training.errors import EvaluationFailedError, TrainingFailedError
from training.evaluation.evaluations import MAX_FAILURES, Evaluations
from training.evaluation.judge import EvaluationRequest, EvaluationResult, Judge
from training.local.actors import LatestWeights
from training.local.evaluator import LocalEvaluator
from training.local.runtime import LocalRuntime
from training.parts.parts import Parts
from training.status.progress import Progress

PLAYED = (
    "tasks.identity=null",
    f"tasks.chain={{env: '{env_id(FailsFor)}', envs_per_actor: 2, max_episode_steps: 100}}",
    "learner.batch_size=16",
)


class Scripted:
    """Evaluations end as a script says: True for a result, False for a failure, None for not yet."""

    def __init__(self, *script: bool | None) -> None:
        self._script = list(script)
        self.requests: list[EvaluationRequest] = []

    def request(self, request: EvaluationRequest) -> None:
        """Remember all requests."""
        self.requests.append(request)

    def finished(self) -> EvaluationResult | None:
        """Do what comes next in the script."""
        match self._script.pop(0):
            case True:
                return EvaluationResult(self.requests[-1], {"chain": EpisodeReturns([0.0], [0.0])})
            case False:
                raise EvaluationFailedError("the arm is stuck")
            case _:
                return None


def evaluations(*script: bool | None) -> tuple[Evaluations, Scripted, list[EvaluationResult]]:
    """Return evaluations by such a service, and the list to which results are recorded."""
    service, recorded = Scripted(*script), list[EvaluationResult]()
    publisher = WeightsPublisher(tiny_parts().learner(), LatestWeights())
    made = Evaluations(
        service, Judge({"chain": 1.0}), publisher, Progress, lambda result, _: recorded.append(result)
    )
    return made, service, recorded


def test_a_failed_evaluation_is_repeated_with_the_same_episodes():
    """The same weights, the same round; its result counts like any other."""
    made, service, recorded = evaluations(False, None, True)
    made.final()
    first, second = service.requests
    assert second is first
    assert [result.request for result in recorded] == [first]
    assert (made.finished, made.failed) == (1, 1)


def test_episodes_that_failed_twice_are_given_up():
    """An environment may fail by its seed: the next attempt has others, and newer weights."""
    made, service, recorded = evaluations(False, False, True)
    made.final()
    assert [request.round_number for request in service.requests] == [1, 1, 2]
    assert [result.request.round_number for result in recorded] == [2]
    assert (made.finished, made.failed) == (1, 2)


def test_three_failures_in_a_row_end_the_run_with_a_sentence():
    """It says what failed, and that nothing else is under way."""
    made, _, recorded = evaluations(*[False] * MAX_FAILURES)
    with pytest.raises(TrainingFailedError, match=r"failed 3 times in a row, .* because: the arm is stuck"):
        made.final()
    assert recorded == []


def test_a_result_between_failures_forgives_them():
    """In a row means in a row."""
    made, *_ = evaluations(*[False, False, True] * 3)
    for count in (1, 2, 3):
        made.due()
        while made.finished < count:
            made.tick()
    assert (made.finished, made.failed) == (3, 6)


def test_an_interrupt_ends_the_wait_for_the_last_evaluation():
    """What the judge heard before stays."""
    made, _, recorded = evaluations(*[None] * 100)
    looks = iter([False, False, True, True, True])
    made.final(lambda: next(looks))
    assert recorded == []
    assert made.judge.latest is None


@pytest.fixture(name="failing")
def _failing(monkeypatch: pytest.MonkeyPatch) -> type[FailsFor]:
    """Return the environment that fails as often as its class says."""
    monkeypatch.setattr(FailsFor, "failures", 0)
    monkeypatch.setattr(Uneven, "alive", 0)
    return FailsFor


def test_an_environment_that_fails_once_costs_a_repetition(failing: type[FailsFor]):
    """In one process too: its environments are built anew, the episodes are the same."""
    parts = tiny_parts(*PLAYED)
    network = parts.network()
    request = Judge({}).request(WeightsLayout(network).snapshot(network))
    with LocalRuntime(parts) as runtime:
        runtime.evaluator.request(request)
        undisturbed = runtime.evaluator.finished()
        failing.failures = 1
        runtime.evaluator.request(request)
        with pytest.raises(EvaluationFailedError, match=r"'chain'.*raised in step.*simulator went away"):
            runtime.evaluator.finished()
        assert Uneven.alive == 0
        runtime.evaluator.request(request)
        assert runtime.evaluator.finished() == undisturbed
        assert Uneven.alive == 2
    assert Uneven.alive == 0


class FailingEvaluator(LocalEvaluator):
    """Its environments fail while they are evaluated, so many times."""

    def __init__(self, parts: Parts, times: int) -> None:
        super().__init__(parts)
        self._times = times

    def finished(self) -> EvaluationResult | None:
        """Let a step fail, if any is taken."""
        if self._times and self._request is not None:
            self._times -= 1
            FailsFor.failures = 1
        return super().finished()


class FailingRuntime(LocalRuntime):
    """The in-process runtime with such an evaluator."""

    def __init__(self, parts: Parts, times: int) -> None:
        super().__init__(parts)
        self.evaluator = FailingEvaluator(parts, times)


@pytest.mark.usefixtures("failing")
def test_a_run_survives_a_failure_in_its_evaluation():
    """It ends by its budget, with returns of the weights that it keeps, and counts what failed."""
    outcome = train_locally(
        *PLAYED, "stop_env_steps=300", runtime_type=partial(FailingRuntime, times=1)
    ).outcome
    assert outcome.reason == "budget"
    assert outcome.evaluations_failed == 1
    assert outcome.evaluation is not None
    assert outcome.evaluation.request.snapshot.digest() == outcome.weights_sha256


@pytest.mark.usefixtures("failing")
def test_a_run_that_can_never_be_evaluated_ends_with_a_sentence():
    """It names task, environment and cause."""
    with pytest.raises(TrainingFailedError, match=r"3 times in a row.*'chain'.*the simulator went away"):
        train_locally(*PLAYED, "stop_env_steps=300", runtime_type=partial(FailingRuntime, times=10**6))
