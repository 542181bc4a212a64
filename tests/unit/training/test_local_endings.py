"""How a run over the in-process runtime ends when something goes differently than planned."""

from pathlib import Path

import pytest

from actors.evaluation import EpisodeReturns
from tests.support.broken_environments import env_id
from tests.support.learning_builders import tiny_parts
from tests.unit.training.local_run import train_locally
from training.errors import TrainingFailedError
from training.evaluation.judge import EvaluationResult
from training.local.actors import LocalActors, LocalFleet
from training.local.evaluator import LocalEvaluator
from training.local.runtime import LocalRuntime
from training.local.shards import LocalShards
from training.parts.parts import Parts

SHORT = ("tasks.chain.solved_at=null", "tasks.identity.solved_at=null", "stop_env_steps=400")


class OneLuckyCandidate(LocalEvaluator):
    """Evaluations take until the run has ended; the first weights pass twice, all later ones fail."""

    def __init__(self, parts: Parts, actors: LocalActors) -> None:
        super().__init__(parts)
        self._actors = actors
        self._finished = 0

    def finished(self) -> EvaluationResult | None:
        if not self._actors.reports or self._request is None:
            return None
        self._finished += 1
        value = 1e3 if self._finished <= 2 else -1e3
        returns = EpisodeReturns([value], [value])
        return EvaluationResult(self._request, {"chain": returns, "identity": returns})


class Lucky(LocalRuntime):
    """The in-process runtime with such an evaluator."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.evaluator = OneLuckyCandidate(parts, self.actors)


def test_reported_returns_are_always_those_of_the_kept_weights():
    """Also where an evaluation that was under way at the end of the budget is confirmed only then."""
    outcome = train_locally("stop_env_steps=400", runtime_type=Lucky).outcome
    assert outcome.evaluation is not None
    assert outcome.evaluation.request.snapshot.digest() == outcome.weights_sha256


@pytest.mark.parametrize(
    "kind", ["RaisesInStep", "RaisesInReset", "NanReward", "NanObservation", "WrongShape"]
)
def test_an_environment_that_breaks_ends_the_run_with_a_sentence(kind: str):
    """It names task and environment."""
    after = "{after: 2}" if kind != "RaisesInReset" else "{after: 1}"
    with pytest.raises(TrainingFailedError, match=f"task 'bad'.*{kind}"):
        train_locally(f"tasks.bad={{env: '{env_id(kind)}', env_kwargs: {after}}}", *SHORT)


def test_a_loss_that_diverges_ends_the_run_with_a_sentence():
    """It names the task, the step and what to change."""
    with pytest.raises(
        TrainingFailedError, match=r"loss of task '\w+' is not finite at learner step \d+: lower"
    ):
        train_locally(
            *SHORT,
            "learner.learning_rate=1e30",
            "learner.max_gradient_norm=1e30",
            "learner.loss=squared",
            "evaluation.period=10000",
        )


class IdleActors(LocalActors):
    """Actors that do nothing."""

    def advance(self) -> None:
        pass


class Idle(LocalRuntime):
    """The in-process runtime with such actors."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.actors = IdleActors(parts, self.shards.clients, self.weights)
        self.fleet = LocalFleet(parts, self.actors)


def test_a_run_that_nothing_reaches_ends_with_a_sentence():
    """Nothing waits for ever: the sentence names the tasks that the learner waits for, and the setting."""
    sentence = r"nothing reached replay .* waits for: chain, identity \(learner.stall_seconds, now 0.5,"
    with pytest.raises(TrainingFailedError, match=sentence):
        train_locally(*SHORT, "learner.stall_seconds=0.5", runtime_type=Idle)


def test_replay_that_cannot_be_saved_ends_a_run_with_a_sentence(tmp_path: Path):
    """Here its directory would lie in a file."""
    (tmp_path / "file").write_text("")
    shards = LocalShards(tiny_parts(replay_directory=tmp_path / "file" / "replay"))
    with pytest.raises(TrainingFailedError, match=r"cannot be saved: .*file.*: Not a directory; "):
        shards.save()
