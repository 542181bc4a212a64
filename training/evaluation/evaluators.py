"""Who plays the tasks greedily in a process: policies and environments that stay for the next evaluation."""

from collections.abc import Callable

from actors.evaluation import EpisodeReturns, GreedyEvaluation
from actors.policy import TaskPolicy
from network.multi_task import MultiTaskNetwork
from network.weights import WeightsSnapshot
from tasks.spec import TaskSpec


class Evaluator:
    """One task's policy and environments."""

    def __init__(self, spec: TaskSpec, network: MultiTaskNetwork, num_envs: int) -> None:
        self._policy = TaskPolicy(network, spec.name)
        self._evaluation = GreedyEvaluation(spec, num_envs)

    @property
    def beats(self) -> int:
        """Constructions, resets and steps of environments that have ended, ever."""
        return self._evaluation.beats

    def play(
        self, snapshot: WeightsSnapshot, episodes: int, seed: int, max_steps: int | None
    ) -> EpisodeReturns:
        """Play so many episodes with some weights, as `GreedyEvaluation.play` does."""
        self._policy.load(snapshot)
        return self._evaluation.play(self._policy, episodes, seed, max_steps)

    def stop(self) -> None:
        """Let an evaluation under way, on another thread, come to no result."""
        self._evaluation.stop()

    def close(self) -> None:
        """Close the environments."""
        self._evaluation.close()


class Evaluators:
    """One evaluator a task, built when it is first needed.

        evaluators = Evaluators(parts.network, parts.evaluation_envs)
        returns = evaluators.of(spec).play(snapshot, episodes=100, seed=1, max_steps=None)
        evaluators.close()

    Args:
        network: builds the network that snapshots are of.
        num_envs: how many environments of a task there may be.
    """

    def __init__(self, network: Callable[[], MultiTaskNetwork], num_envs: Callable[[str], int]) -> None:
        self._network = network
        self._num_envs = num_envs
        self._kept: dict[str, Evaluator] = {}

    def of(self, spec: TaskSpec) -> Evaluator:
        """Return a task's evaluator."""
        if spec.name not in self._kept:
            self._kept[spec.name] = Evaluator(spec, self._network(), self._num_envs(spec.name))
        return self._kept[spec.name]

    @property
    def beats(self) -> int:
        """Constructions, resets and steps of environments that have ended, ever: may be read at any time."""
        return sum(evaluator.beats for evaluator in list(self._kept.values()))

    def stop(self) -> None:
        """Let what is under way on another thread come to no result."""
        for evaluator in list(self._kept.values()):
            evaluator.stop()

    def close(self) -> None:
        """Close all environments; whatever is evaluated next has new ones."""
        for evaluator in self._kept.values():
            evaluator.close()
