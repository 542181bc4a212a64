"""The evaluator over real Ray: it fails, dies, hangs, and is replaced; what it holds is closed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.ray.connection import cluster
from cluster.ray.evaluator import RayEvaluator
from network.weights import WeightsLayout
from tests.support.evaluated_environments import FailsOnce, env_id
from tests.support.learning_builders import tiny_parts
from tests.support.runs import wait_until
from training.errors import EvaluationFailedError
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.parts.parts import Parts

pytestmark = pytest.mark.ray

SOON_SECONDS = 30.0
REASONS = {
    "raises": "task 'chain': environment .* raised in step: ConnectionResetError: the simulator went away",
    "leaves": "task 'chain': environment .* raised in step: SystemExit .*the window was closed",
    "exits": "the evaluator's process ended .* in task 'chain'",
    "hangs": "task 'chain': the environments that are evaluated hang: no step, .* for [0-9]+ s",
}


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    with cluster(None, {"evaluator": 1}):
        yield


def parts_of(folder: Path, way: str) -> Parts:
    """Return parts whose one task fails once, in such a way, while it is evaluated."""
    kwargs = f"{{mark: {folder / 'mark'}, closed: {folder / 'closed'}, way: {way}}}"
    task = f"{{env: '{env_id(FailsOnce)}', env_kwargs: {kwargs}, envs_per_actor: 2}}"
    return tiny_parts("tasks.identity=null", f"tasks.chain={task}", "evaluation.episodes=20")


def request_of(parts: Parts) -> EvaluationRequest:
    """Return a request to evaluate its first weights."""
    network = parts.network()
    return EvaluationRequest(WeightsLayout(network).snapshot(network), 1, confirms=False)


def result_of(evaluator: RayEvaluator) -> EvaluationResult:
    """Wait for what comes."""
    found: list[EvaluationResult] = []

    def heard() -> bool:
        found.extend(result for result in [evaluator.finished()] if result is not None)
        return bool(found)

    wait_until(heard, SOON_SECONDS, "an evaluation")
    return found[0]


@pytest.mark.parametrize("way", REASONS)
def test_an_evaluator_that_fails_is_replaced(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The failure is one sentence; the same request gives what it gives undisturbed, in another process."""
    monkeypatch.setattr("cluster.ray.evaluator.SILENCE_SECONDS", 3.0)
    parts = parts_of(tmp_path, way)
    request = request_of(parts)
    evaluator = RayEvaluator(parts)
    evaluator.request(request)
    with pytest.raises(EvaluationFailedError, match=REASONS[way]):
        result_of(evaluator)
    assert (tmp_path / "mark").exists()
    evaluator.request(request)
    returns = result_of(evaluator).returns["chain"]
    assert returns == parts_of(tmp_path, way).evaluate(parts.specs[0], request.snapshot, 20, 1)
    evaluator.close()
    assert (tmp_path / "closed").exists()


def test_environments_are_closed_where_a_run_ends_in_mid_evaluation(tmp_path: Path):
    """What they hold outside their process would be left behind otherwise."""
    parts = parts_of(tmp_path, "slow")
    evaluator = RayEvaluator(parts)
    evaluator.request(request_of(parts))
    wait_until((tmp_path / "mark").exists, SOON_SECONDS, "a first step")
    assert evaluator.finished() is None
    evaluator.close()
    assert (tmp_path / "closed").exists()
