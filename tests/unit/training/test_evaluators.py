"""What a process keeps for its evaluations: one policy and a few environments of each task, and no more."""

import pytest
from torch.fx import graph_module

from network.weights import WeightsLayout, WeightsSnapshot
from tests.support.evaluated_environments import OnlyOne, Uneven, env_id
from tests.support.learning_builders import tiny_parts
from training.errors import EvaluationFailedError
from training.evaluation.judge import Judge
from training.local.runtime import LocalRuntime
from training.parts.parts import Parts


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count environments from nothing."""
    monkeypatch.setattr(Uneven, "built", 0)
    monkeypatch.setattr(Uneven, "alive", 0)


def overrides_of(kind: type[Uneven], envs_per_actor: int) -> tuple[str, ...]:
    task = f"{{env: '{env_id(kind)}', envs_per_actor: {envs_per_actor}}}"
    return "tasks.identity=null", f"tasks.chain={task}", "learner.batch_size=16"


def weights_of(parts: Parts, seed: int) -> WeightsSnapshot:
    network = tiny_parts(*overrides_of(Uneven, 4), f"seed={seed}").network()
    return WeightsLayout(parts.network()).snapshot(network)


def test_evaluations_leave_nothing_behind():
    """Neither sources of traced networks nor environments, however many; weights are taken in anew."""
    parts = tiny_parts(*overrides_of(Uneven, 4))
    spec, snapshots = parts.specs[0], [weights_of(parts, seed) for seed in (1, 2)]
    built = Uneven.built
    returns = [parts.evaluate(spec, snapshot, 10, 1) for snapshot in snapshots]
    sources = len(graph_module._loader.eval_cache)
    for number in range(30):
        assert parts.evaluate(spec, snapshots[number % 2], 10, 1) == returns[number % 2]
    assert len(graph_module._loader.eval_cache) == sources
    assert Uneven.built - built == 4
    parts.evaluators.close()
    assert Uneven.alive == 0


@pytest.mark.parametrize(
    ("envs_per_actor", "given", "expected"), [(1, "null", 1), (3, "null", 3), (16, "null", 8), (2, "5", 5)]
)
def test_as_many_environments_are_evaluated_as_act_unless_told_otherwise(
    envs_per_actor: int, given: str, expected: int
):
    """Who can have few in a process says so once; eight are enough for anybody."""
    parts = tiny_parts(*overrides_of(Uneven, envs_per_actor), f"evaluation.envs={given}")
    snapshot, built = weights_of(parts, 1), Uneven.built
    parts.evaluate(parts.specs[0], snapshot, 20, 1)
    assert Uneven.built - built == expected


def test_one_that_acts_and_one_that_is_evaluated_are_too_many_for_some():
    """In one process that is a sentence, which says why."""
    parts = tiny_parts(*overrides_of(OnlyOne, 1))
    snapshot = weights_of(parts, 1)
    with LocalRuntime(parts) as runtime:
        runtime.weights.publish(snapshot)
        runtime.actors.start()
        runtime.evaluator.request(Judge({}).request(snapshot))
        with pytest.raises(EvaluationFailedError, match=r"port is in use.*--runtime local.*same process"):
            runtime.evaluator.finished()
        runtime.actors.stop()
    assert len(parts.evaluate(parts.specs[0], snapshot, 20, 1).undiscounted) == 20
