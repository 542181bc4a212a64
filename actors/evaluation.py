"""Greedy evaluation, in environments of its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actors.frame_stack import FrameStack
from actors.policy import Policy
from actors.undisturbed import undisturbed
from tasks.episodes import CheckedEpisodes
from tasks.spec import TaskSpec

ENVS = 8
"""Environments of a task that are evaluated at a time: more make it little faster, and each takes memory."""
LEAST_ROWS = 4
"""Least number of observations in one question to a policy: with fewer its values differ in the last bits."""


class EvaluationStoppedError(RuntimeError):
    """An evaluation that was told to stop before it had played all episodes."""


@dataclass(frozen=True)
class EpisodeReturns:
    """What episodes of a task came to, one number an episode, in the order of their seeds.

    Attributes:
        undiscounted: sums of rewards.
        discounted: sums of rewards, each times the task's discount to the power of its step, from 0.
    """

    undiscounted: list[float]
    discounted: list[float]


class GreedyEvaluation:
    """Plays greedy episodes of one task, a few at a time, in environments that stay for the next evaluation.

        evaluation = GreedyEvaluation(spec, num_envs=8)
        returns = evaluation.play(policy, episodes=100, seed=1)
        evaluation.close()

    Episode i begins with seed + i, and every one is played to its end. So it is known beforehand which
    episodes count, and they are the same however many environments there are: long ones are neither left out
    nor counted twice, as they would be where the first that end are taken.
    """

    def __init__(self, spec: TaskSpec, num_envs: int) -> None:
        self._spec = spec
        self._streams = CheckedEpisodes(spec, num_envs)
        self._stopped = False

    @property
    def beats(self) -> int:
        """Constructions, resets and steps of environments that have ended, ever: a sign of life."""
        return self._streams.beats

    @undisturbed()
    def play(self, policy: Policy, episodes: int, seed: int, max_steps: int | None = None) -> EpisodeReturns:
        """Play so many episodes.

        Args:
            policy: of the task.
            episodes: how many.
            seed: of the first episode; the others have the numbers after it.
            max_steps: after which an episode is cut; None for the task's time limit alone.

        Raises:
            EnvironmentFailureError: an environment broke its contract.
            EvaluationStoppedError: `stop` was called.
        """
        streams = self._streams
        scores = _Scores(streams.open(episodes), episodes, self._spec.discount, max_steps)
        first_frames = [streams.begin(stream, seed + stream) for stream in range(scores.width)]
        stack = FrameStack(self._spec.frame_stack, np.stack(first_frames))
        first_E = np.ones(scores.width, np.bool_)
        while scores.plays_E.any():
            if self._stopped:
                raise EvaluationStoppedError(f"the evaluation of task {self._spec.name!r} was stopped")
            action_E = self._spec.choices.best(_values(policy, stack.observations, first_E))
            frame_EO, reward_E, terminated_E, truncated_E = streams.step(action_E, scores.plays_E)
            begun = scores.take_in(reward_E, terminated_E | truncated_E)
            for stream in begun:
                frame_EO[stream] = streams.begin(stream, seed + int(scores.episode_E[stream]))
            first_E = np.zeros(scores.width, np.bool_)
            first_E[begun] = True
            stack.push(frame_EO, first_E)
        return EpisodeReturns(scores.return_N.tolist(), scores.discounted_N.tolist())

    def stop(self) -> None:
        """Let what is played, on another thread, come to no result, and nothing be played from now on."""
        self._stopped = True

    @undisturbed()
    def close(self) -> None:
        """Close the environments; those of the next evaluation are built anew."""
        self._streams.close()


class _Scores:
    """Which stream plays which of N episodes, and what they come to.

    Attributes:
        width: streams.
        plays_E: which of them play.
        episode_E: the episode that each plays or has played last.
        return_N, discounted_N: returns of all episodes so far.
    """

    def __init__(self, width: int, episodes: int, discount: float, max_steps: int | None) -> None:
        self._discount = discount
        self._max_steps = max_steps
        self._age_E = np.zeros(width, np.int64)
        self._factor_E = np.ones(width)
        self._begun = width
        self.width = width
        self.plays_E = np.ones(width, np.bool_)
        self.episode_E = np.arange(width)
        self.return_N, self.discounted_N = np.zeros(episodes), np.zeros(episodes)

    def take_in(self, reward_E: NDArray[np.float64], ended_E: NDArray[np.bool_]) -> list[int]:
        """Count a step of every stream that plays; return those that begin another episode."""
        self.return_N[self.episode_E] += reward_E
        self.discounted_N[self.episode_E] += self._factor_E * reward_E
        self._factor_E *= self._discount
        self._age_E += 1
        if self._max_steps is not None:
            ended_E = ended_E | (self._age_E >= self._max_steps)
        begin: list[int] = []
        for stream in (ended_E & self.plays_E).nonzero()[0].tolist():
            if self._begun < len(self.return_N):
                begin.append(stream)
                self.episode_E[stream] = self._begun
                self._age_E[stream], self._factor_E[stream] = 0, 1.0
                self._begun += 1
            else:
                self.plays_E[stream] = False
        return begin


def _values(policy: Policy, obs_EO: NDArray[np.generic], first_E: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return q_EA as it is in larger batches, bit for bit."""
    missing = LEAST_ROWS - len(obs_EO)
    if missing > 0:
        obs_EO, first_E = (
            np.concatenate([rows, np.repeat(rows[:1], missing, axis=0)]) for rows in (obs_EO, first_E)
        )
        return policy.action_values(obs_EO, first_E)[:-missing]
    return policy.action_values(obs_EO, first_E)
