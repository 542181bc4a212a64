"""What an environment declares, and what it turns out to do: looked at before a run is built on it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium
from gymnasium.spaces import Box, Discrete
from gymnasium.wrappers import NormalizeObservation, NormalizeReward

from tasks.builtin.known_dynamics import dynamics_of
from tasks.contract import ObservationContract
from tasks.declared import Declared, declared
from tasks.errors import ContractError, MakingError, TaskError, told
from tasks.making import OF_GYMNASIUM, make_environment
from tasks.trial import Trial, try_environment

DEFAULT_LIMIT = 10_000
"""Steps after which an episode is cut where nobody says when."""
PATIENCE_SECONDS = 10.0
"""An environment that takes longer than this to come up is not built a second time to try it."""

MOST_DIMENSIONS = 4
"""Of an observation: a message has two more, for streams and rows, and its format allows six."""


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment as a task sees it.

    Attributes:
        observation_shape: of one observation, as it is kept.
        observation_dtype: `float32` or `uint8`, as it is kept.
        observation_scale: what observations are divided by where the task does not say.
        num_actions: size of the action set.
        max_episode_steps: time limit.
        declared_high: largest value that the observation space allows.
        largest_seen: largest absolute value in a trial; None without one.
        remarks: what is allowed and may surprise, as words about the environment.
        mistakes: what it did wrong in a trial, a sentence each, with field, value and what is allowed.
    """

    observation_shape: tuple[int, ...]
    observation_dtype: str
    observation_scale: float
    num_actions: int
    max_episode_steps: int
    declared_high: float
    largest_seen: float | None = None
    remarks: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def inspect_environment(
    task: str, env: str, env_kwargs: Mapping[str, Any], max_episode_steps: int | None
) -> EnvironmentReport:
    """Build an environment once and read what it declares, without playing it.

    Raises:
        TaskError: it cannot be built, or trunkline cannot train on it; a line a mistake.
    """
    return _Inspection(task, env, env_kwargs, max_episode_steps).report(trial=False)


def examine_environment(
    task: str,
    env: str,
    env_kwargs: Mapping[str, Any],
    max_episode_steps: int | None,
    instances: int,
    seed: int,
) -> EnvironmentReport:
    """Build an environment as training does, read what it declares, and try it for a few steps.

    Args:
        task: its name, for sentences.
        env: as `make_environment` takes it.
        env_kwargs: of its constructor.
        max_episode_steps: time limit; None for the environment's own.
        instances: that one actor needs at a time: from two on, a second one is built beside the first.
        seed: of the trial.

    Raises:
        TaskError: it cannot be built, or trunkline cannot train on it; a line a mistake.
    """
    inspection = _Inspection(task, env, env_kwargs, max_episode_steps)
    return inspection.report(trial=True, instances=instances, seed=seed)


class _Inspection:
    def __init__(
        self, task: str, env: str, env_kwargs: Mapping[str, Any], max_episode_steps: int | None
    ) -> None:
        self._task, self._env, self._env_kwargs = task, env, env_kwargs
        self._limit = max_episode_steps
        self._mistakes: list[str] = []
        self._remarks: list[str] = []

    def report(self, trial: bool, instances: int = 1, seed: int = 0) -> EnvironmentReport:
        """Return what there is to say of the environment, or raise what is wrong with it."""
        self._refuse_arguments_of_gymnasium()
        began = time.monotonic()
        instance = self._made()
        made_in = time.monotonic() - began
        tried = Trial()
        try:
            self._read_spaces(instance)
            if trial and dynamics_of(self._env, self._env_kwargs) is None:
                tried = try_environment(instance, seed)
                self._note(tried)
                if instances > 1 and made_in < PATIENCE_SECONDS and not tried.mistakes:
                    self._try_another(declared(instance), instances, seed + 1)
            limit = self._time_limit(instance)
            self._remark_on_wrappers(instance)
        finally:
            self._close(instance)
        space, actions = instance.observation_space, instance.action_space
        assert isinstance(space, Box)
        assert isinstance(actions, Discrete)
        contract = ObservationContract(space)
        return EnvironmentReport(
            observation_shape=contract.frame_shape,
            observation_dtype=contract.dtype.name,
            observation_scale=255.0 if space.dtype.name == "uint8" else 1.0,
            num_actions=int(actions.n),
            max_episode_steps=limit,
            declared_high=float(space.high.max()),
            largest_seen=tried.largest,
            remarks=self._remarks,
            mistakes=self._mistakes,
        )

    def _refuse_arguments_of_gymnasium(self) -> None:
        for name in sorted(OF_GYMNASIUM.intersection(self._env_kwargs)):
            should = f"tasks.{self._task}.max_episode_steps" if name == "max_episode_steps" else "left out"
            self._mistakes.append(
                f"tasks.{self._task}.env_kwargs.{name}: {self._env_kwargs[name]!r} is not allowed: Gymnasium "
                f"keeps an argument of that name for itself; it should be {should}"
            )
        self._raise()

    def _made(self) -> gymnasium.Env[Any, Any]:
        try:
            return make_environment(self._env, self._env_kwargs, self._limit)
        except MakingError as error:
            raise TaskError(f"tasks.{self._task}.env: {error}") from error

    def _read_spaces(self, instance: gymnasium.Env[Any, Any]) -> None:
        space, actions = _space(instance, "observation_space"), _space(instance, "action_space")
        field = f"tasks.{self._task}.env: {self._env!r}"
        if not isinstance(space, Box):
            self._mistakes.append(
                f"{field} has {_kind(space)} observations; allowed are Box observations "
                "(wrap the environment in gymnasium.wrappers.FlattenObservation for others)"
            )
        elif 0 in space.shape or len(space.shape) > MOST_DIMENSIONS:
            self._mistakes.append(
                f"{field} has observations of shape {space.shape}; allowed are {MOST_DIMENSIONS} dimensions "
                "at most, none of them 0"
            )
        elif space.dtype.kind not in "fiub":
            self._mistakes.append(f"{field} has observations of dtype {space.dtype}; allowed are numbers")
        if not isinstance(actions, Discrete):
            self._mistakes.append(
                f"{field} has {_kind(actions)} actions; a value network needs Discrete ones "
                "(such as CartPole-v1, MountainCar-v0, Acrobot-v1, or a discretising wrapper of yours)"
            )
        self._raise()

    def _note(self, tried: Trial) -> None:
        self._mistakes += [
            f"tasks.{self._task}.env: environment {self._env!r} {words}" for words in tried.mistakes.values()
        ]
        if tried.outside:
            self._remarks.append("returns observations outside of the bounds that it declares")

    def _try_another(self, first: Declared, instances: int, seed: int) -> None:
        """Build and reset a second instance beside the first, as an actor of several streams does."""
        field = f"tasks.{self._task}.envs_per_actor: {instances} is not allowed"
        advice = "it should be 1 where there can be only one at a time"
        try:
            another = make_environment(self._env, self._env_kwargs, self._limit)
        except MakingError as error:
            self._mistakes.append(f"{field}: beside a first instance, {error}; {advice}")
            return
        try:
            first.refuse_other(another)
            another.reset(seed=seed)
        except ContractError as error:
            self._mistakes.append(f"tasks.{self._task}.env: environment {self._env!r} {error}")
        except BaseException as error:
            self._mistakes.append(
                f"{field}: a second instance of environment {self._env!r} beside the first raised in reset: "
                f"{told(error)}; {advice}"
            )
        finally:
            self._close(another)

    def _time_limit(self, instance: gymnasium.Env[Any, Any]) -> int:
        """Return the task's limit in steps, the environment's by what it says, or the default one."""
        registered = instance.spec.max_episode_steps if instance.spec else None
        own = self._limit or registered or getattr(instance.unwrapped, "max_episode_steps", None)
        if isinstance(own, int) and own > 0:
            return own
        self._remarks.append(
            f"names no time limit: an episode that it does not end itself is cut after {DEFAULT_LIMIT:,} "
            f"steps; tasks.{self._task}.max_episode_steps sets another limit"
        )
        return DEFAULT_LIMIT

    def _remark_on_wrappers(self, instance: gymnasium.Env[Any, Any]) -> None:
        """Name wrappers whose statistics every instance gathers for itself."""
        layer: Any = instance
        while isinstance(layer, gymnasium.Wrapper):
            if isinstance(layer, NormalizeReward):
                self._remarks.append(
                    "normalises its rewards by NormalizeReward, with statistics that start anew in every "
                    "instance: returns in training and in evaluation are in different units; "
                    "learner.value_scale=return_range does for rewards of any size what it is meant for"
                )
            elif isinstance(layer, NormalizeObservation):
                self._remarks.append(
                    "normalises its observations by NormalizeObservation, with statistics that start anew in "
                    "every instance: the same state looks different in each; "
                    f"tasks.{self._task}.observation_scale divides them all alike"
                )
            layer = layer.env

    def _close(self, instance: gymnasium.Env[Any, Any]) -> None:
        try:
            instance.close()
        except BaseException as error:
            self._remarks.append(f"raised in close: {told(error)}; it is let go of all the same")

    def _raise(self) -> None:
        if self._mistakes:
            raise TaskError("\n".join(self._mistakes))


def _space(instance: gymnasium.Env[Any, Any], name: str) -> object:
    """Return a space of an environment; None if it has none."""
    try:
        return getattr(instance, name, None)
    except Exception:
        return None


def _kind(space: object) -> str:
    return "no declared" if space is None else type(space).__name__
