"""What an environment declares, and what it turns out to do: looked at before a run is built on it."""

import time
from dataclasses import dataclass, field
from typing import Any

import gymnasium
from gymnasium.wrappers import NormalizeObservation, NormalizeReward

from tasks.choices import Choices
from tasks.declared import Declared, agreed
from tasks.errors import ContractError, MakingError, SpaceError, TaskError, of_task, told
from tasks.observation import ObservationLayout
from tasks.readers.interface import Bounds
from tasks.reading import INFO, MASK_KEY, Reading
from tasks.recipe import Recipe
from tasks.sources.table import source_of
from tasks.trial import Trial, try_environment

DEFAULT_LIMIT = 10_000
"""Steps after which an episode is cut where nobody says when."""
PATIENCE_SECONDS = 10.0
"""An environment that takes longer than this to come up is not built a second time to try it."""


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment as a task sees it.

    Attributes:
        layout: the parts of its frames, with the scales that they have where the task does not say.
        choices: of an action.
        max_episode_steps: time limit.
        bounds: lowest and highest value of each part, by what the space declares.
        largest_seen: largest absolute value of each part in a trial; empty without one.
        remarks: what is allowed and may surprise, as words about the environment.
        mistakes: what it did wrong in a trial, a sentence each, with field, value and what is allowed.
    """

    layout: ObservationLayout
    choices: Choices
    max_episode_steps: int
    bounds: tuple[Bounds, ...]
    largest_seen: tuple[float, ...] = ()
    remarks: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def inspect_environment(task: str, recipe: Recipe, reading: Reading = Reading()) -> EnvironmentReport:  # noqa: B008 - nothing can change it
    """Build an environment once and read what it declares, without playing it.

    Args:
        task: its name, for sentences.
        recipe: how it is made.
        reading: what the user says of its spaces.

    Raises:
        TaskError: it cannot be built, or trunkline cannot train on it; a line a mistake.
    """
    return _Inspection(task, recipe, reading).report(trial=False)


def examine_environment(
    task: str, recipe: Recipe, reading: Reading, instances: int, seed: int
) -> EnvironmentReport:
    """Build an environment as training does, read what it declares, and try it for a few steps.

    Args:
        task: its name, for sentences.
        recipe: how it is made.
        reading: what the user says of its spaces.
        instances: that one actor needs at a time: from two on, a second one is built beside the first.
        seed: of the trial.

    Raises:
        TaskError: it cannot be built, or trunkline cannot train on it; a line a mistake.
    """
    return _Inspection(task, recipe, reading).report(trial=True, instances=instances, seed=seed)


class _Inspection:
    def __init__(self, task: str, recipe: Recipe, reading: Reading) -> None:
        self._task, self._recipe, self._reading = task, recipe, reading
        self._source = source_of(recipe)
        self._mistakes: list[str] = []
        self._remarks: list[str] = []

    def report(self, trial: bool, instances: int = 1, seed: int = 0) -> EnvironmentReport:
        """Return what there is to say of the environment, or raise what is wrong with it."""
        self._refuse_reserved_arguments()
        self._refuse_wrappers()
        began = time.monotonic()
        instance = self._made()
        made_in = time.monotonic() - began
        tried = Trial()
        try:
            declared = self._declared(instance)
            if trial and not (self._source.trusted and not self._reading.life_loss):
                tried = try_environment(instance, declared, seed)
                self._note(tried)
                if instances > 1 and made_in < PATIENCE_SECONDS and not tried.mistakes:
                    self._try_another(declared, instances, seed + 1)
            limit = self._time_limit(instance)
            self._remark_on_wrappers(instance)
        finally:
            self._close(instance)
        return EnvironmentReport(
            layout=declared.layout,
            choices=declared.actions.choices,
            max_episode_steps=limit,
            bounds=declared.observations.bounds,
            largest_seen=tried.largest,
            remarks=self._remarks,
            mistakes=self._mistakes,
        )

    def _refuse_reserved_arguments(self) -> None:
        instead = {"max_episode_steps": "max_episode_steps", "num_envs": "envs_per_actor"}
        for name in sorted(self._source.reserved.intersection(self._recipe.env_kwargs)):
            should = f"tasks.{self._task}.{instead[name]}" if name in instead else "left out"
            self._mistakes.append(
                f"tasks.{self._task}.env_kwargs.{name}: {self._recipe.env_kwargs[name]!r} is not allowed: "
                f"{self._source.keeper} keeps an argument of that name for itself; it should be {should}"
            )
        self._raise()

    def _refuse_wrappers(self) -> None:
        if self._recipe.wrappers and not self._source.wraps:
            raise TaskError(
                f"tasks.{self._task}.wrappers: not allowed around {self._recipe.env!r}, which steps many "
                f"environments at once; it should be [], or tasks.{self._task}.env one of Gymnasium's"
            )

    def _made(self) -> Any:  # noqa: ANN401 - environments of others are what they are
        try:
            return self._source.instance(self._recipe)
        except MakingError as error:
            raise TaskError(f"tasks.{self._task}.{error.field}: {of_task(self._task, str(error))}") from error

    def _declared(self, instance: gymnasium.Env[Any, Any]) -> Declared:
        try:
            return Declared(instance, self._reading)
        except SpaceError as error:
            words = of_task(self._task, str(error)).splitlines()
            lines = [f"tasks.{self._task}.env: {self._recipe.named} {each}" for each in words]
            raise TaskError("\n".join(lines)) from error

    def _note(self, tried: Trial) -> None:
        unused_mask = tried.masks and self._reading.action_mask is None
        advice = f"with tasks.{self._task}.action_mask={INFO} none but allowed actions are taken"
        for where, words in tried.mistakes.items():
            sentence = f"environment {self._recipe.named} {of_task(self._task, words)}"
            masked = f"; {advice}" if unused_mask and where == "step" else ""
            self._mistakes.append(f"tasks.{self._task}.env: {sentence}{masked}")
        if tried.outside:
            self._remarks.append("returns observations outside of the bounds that it declares")
        if unused_mask:
            self._remarks.append(f'returns {INFO}["{MASK_KEY}"], which is not used: {advice}')

    def _try_another(self, first: Declared, instances: int, seed: int) -> None:
        """Build and reset a second instance beside the first, as an actor of several streams does."""
        field = f"tasks.{self._task}.envs_per_actor: {instances} is not allowed"
        advice = "it should be 1 where there can be only one at a time"
        try:
            another = self._source.instance(self._recipe)
        except MakingError as error:
            self._mistakes.append(f"{field}: beside a first instance, {error}; {advice}")
            return
        try:
            agreed(another, self._reading, first.layout, first.actions.choices, first.actions)
            another.reset(seed=seed)
        except ContractError as error:
            self._mistakes.append(f"tasks.{self._task}.env: environment {self._recipe.named} {error}")
        except BaseException as error:
            self._mistakes.append(
                f"{field}: a second instance of environment {self._recipe.named} beside the first raised in "
                f"reset: {told(error)}; {advice}"
            )
        finally:
            self._close(another)

    def _time_limit(self, instance: gymnasium.Env[Any, Any]) -> int:
        """Return the task's limit in steps, the environment's by what it says, or the default one."""
        registered = instance.spec.max_episode_steps if instance.spec else None
        of_its_own = (getattr(instance.unwrapped, name, None) for name in ("max_episode_steps", "max_steps"))
        own = next(filter(None, (self._recipe.max_episode_steps, registered, *of_its_own)), None)
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
