"""The source of Gymnasium environments: they are stepped in a loop, one after the other."""

import logging
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.aside import Aside
from tasks.contract import failure, kept_end, kept_reset, kept_reward, kept_step, raised
from tasks.declared import Declared, agreed
from tasks.dynamics import Actions
from tasks.errors import ContractError, EnvironmentFailureError, MakingError, told
from tasks.lives import Lives
from tasks.making import OF_GYMNASIUM, Made, make, make_environment
from tasks.own_rewards import OwnRewards
from tasks.recipe import Recipe
from tasks.sources.interface import StepOutput
from tasks.sources.one_by_one import EpisodesOneByOne
from tasks.spec import TaskSpec

logger = logging.getLogger(__name__)


class GymnasiumSource:
    """Environments by their Gymnasium id, or by the class or function of a module."""

    reserved = OF_GYMNASIUM
    keeper = "Gymnasium"
    trusted = False
    wraps = True
    about = "single environments, stepped in a loop"

    def instance(self, recipe: Recipe) -> Any:  # noqa: ANN401 - as the interface says
        """Return one environment."""
        return make_environment(recipe)

    def streams(self, spec: TaskSpec, num_envs: int, seed: int) -> "GymnasiumStreams":
        """Open streams of one environment each."""
        return GymnasiumStreams(spec, num_envs, seed)

    def episodes(self, spec: TaskSpec, num_envs: int) -> EpisodesOneByOne:
        """Open streams of an evaluation, of one environment each."""
        return EpisodesOneByOne(spec, num_envs, lambda seed: GymnasiumStreams(spec, 1, seed))


class GymnasiumStreams:
    """Gymnasium environments, stepped one after the other; what they do wrong becomes one sentence.

    A loop of its own, since Gymnasium's `SyncVectorEnv` spends as much on infos and actions as a small
    environment on its step.

    Raises:
        EnvironmentFailureError: an environment cannot be built, raises, or breaks its contract.
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int) -> None:
        self._spec = spec
        self._seed = seed
        self._envs: list[Any] = []
        self._own_rewards: list[OwnRewards] = []  # of every environment, or of none
        self.aside = Aside()
        self._recursion_limit = sys.getrecursionlimit()  # what an environment makes of it is put back at once
        try:
            for _ in range(num_envs):
                self._add(make(spec.recipe))
        except MakingError as error:
            self.close()
            which = f" (number {len(self._envs) + 1} of {num_envs})" if num_envs > 1 else ""
            raise EnvironmentFailureError(f"task {spec.name!r}: {error}{which}") from error
        self._lives = Lives(num_envs) if spec.reading.life_loss else None
        declared = self._agreed()
        self._observations, self._actions = declared.observations, declared.actions
        self._ended = [False] * num_envs

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew."""
        self._seed = self._seed if seed is None else seed
        self._ended = [False] * len(self._envs)
        frame_EO, views = self._no_frames()
        for index in range(len(self._envs)):
            self._reset(index, views, seed=self._seed + index)
        sys.setrecursionlimit(self._recursion_limit)
        return frame_EO

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once."""
        num_envs = len(self._envs)
        frame_EO, views = self._no_frames()
        rewards = [0.0] * num_envs
        terminations, truncations = [False] * num_envs, [False] * num_envs
        lost = [False] * num_envs
        for index, action in enumerate(self._actions.native(action_E)):
            if self._ended[index]:
                self._reset(index, views, seed=None)
                continue
            try:
                answer = self._envs[index].step(action)
            except BaseException as error:
                raise failure(self._spec, raised("step", error)) from error
            try:
                observation, reward, terminated, truncated, info = kept_step(answer)
                rewards[index] = kept_reward(reward)
                terminations[index] = kept_end("terminated", terminated)
                truncations[index] = kept_end("truncated", truncated)
                self._observations.read(observation, info, views, index, ended=terminations[index])
                if self._lives is not None:
                    lost[index] = self._lives.lost(index, info)
            except ContractError as error:
                raise failure(self._spec, str(error)) from error
        sys.setrecursionlimit(self._recursion_limit)
        self._ended = [a or b for a, b in zip(terminations, truncations, strict=True)]
        if self._own_rewards or self._lives is not None:
            own_rewards = np.array([own.take() for own in self._own_rewards]) if self._own_rewards else None
            self.aside = Aside(own_rewards, None if self._lives is None else np.array(lost))
        return frame_EO, np.array(rewards), np.array(terminations), np.array(truncations)

    def close(self) -> None:
        """Close every environment; what they raise is a warning, and keeps none of the others open."""
        for env in self._envs:
            try:
                env.close()
            except BaseException as error:
                logger.warning("%s", failure(self._spec, f"raised in close: {told(error)}"))

    def _add(self, made: Made) -> None:
        self._envs.append(made.instance)
        if made.own_rewards is not None:
            self._own_rewards.append(made.own_rewards)

    def _agreed(self) -> Declared:
        """Return the readers; every environment has to be as the task was found to be."""
        spec = self._spec
        first: Declared | None = None
        try:
            for env in self._envs:
                declared = agreed(
                    env, spec.reading, spec.layout, spec.choices, first.actions if first else None
                )
                first = first or declared
        except ContractError as error:
            self.close()
            raise failure(spec, str(error)) from error
        assert first is not None, "there is an environment"
        return first

    def _no_frames(self) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Return frames that hold nothing yet, and views of their parts."""
        layout = self._observations.layout
        frame_EO = np.zeros((len(self._envs), *layout.frame_shape), layout.frame_dtype)
        return frame_EO, layout.parts_of(frame_EO)

    def _reset(self, index: int, views: list[NDArray[Any]], seed: int | None) -> None:
        try:
            answer = self._envs[index].reset(seed=seed)
        except BaseException as error:
            raise failure(self._spec, raised("reset", error)) from error
        try:
            observation, info = kept_reset(answer)
            if self._own_rewards:
                self._own_rewards[index].take()
            self._observations.read(observation, info, views, index)
            if self._lives is not None:
                self._lives.begin(index, info)
        except ContractError as error:
            raise failure(self._spec, str(error)) from error
