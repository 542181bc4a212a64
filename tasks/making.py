"""Makes environments by name, from Gymnasium's registry or a class or function of a module; in wrappers."""

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from tasks.builtin import register_builtin_environments
from tasks.errors import MakingError
from tasks.missing import missing, obstacle
from tasks.own_rewards import OwnRewards
from tasks.process_state import process_kept
from tasks.recipe import Recipe
from tasks.sources.envpool_ids import envpool_id_for
from tasks.suites import register, register_all
from tasks.wrapping import wrapped

ALLOWED = (
    "allowed are registered Gymnasium ids, module:id for one that a module registers, and module:Class for a "
    "class or a function that makes one"
)
OF_GYMNASIUM = frozenset(inspect.signature(gymnasium.make).parameters) - {"kwargs"}
"""Names of arguments that `gymnasium.make` keeps for itself: no constructor ever sees them."""


@dataclass(frozen=True)
class Made:
    """An environment, and what counts its own rewards where wrappers may change them.

    Attributes:
        instance: as training plays it.
        own_rewards: within its wrappers; None if it has none.
    """

    instance: gymnasium.Env[Any, Any]
    own_rewards: OwnRewards | None = None


def make_environment(recipe: Recipe) -> gymnasium.Env[Any, Any]:
    """Return an environment as training plays it.

    Raises:
        MakingError: it is unknown, or what makes it or wraps it failed.
    """
    return make(recipe).instance


@process_kept()
def make(recipe: Recipe) -> Made:
    """Make an environment, with what counts its own rewards.

    Raises:
        MakingError: it is unknown, or what makes it or wraps it failed.
    """
    innermost = _bare(recipe)
    if not recipe.wrappers:
        return Made(innermost)
    own_rewards = OwnRewards(innermost)
    instance: gymnasium.Env[Any, Any] = own_rewards
    for index, wrapping in enumerate(recipe.wrappers):
        instance = wrapped(instance, wrapping, f"wrappers.{index}")
    return Made(instance, own_rewards)


def _bare(recipe: Recipe) -> gymnasium.Env[Any, Any]:
    """Return an environment without the wrappers of its recipe."""
    register_builtin_environments()
    env, limit = recipe.env, recipe.max_episode_steps
    try:
        known = find_maker(env)
        return gymnasium.make(
            known, max_episode_steps=limit, disable_env_checker=True, **dict(recipe.env_kwargs)
        )
    except (gymnasium.error.UnregisteredEnv, gymnasium.error.DeprecatedEnv) as error:
        raise MakingError(f"unknown environment {env!r}; {nearest(env)}") from error
    except BaseException as error:
        elsewhere = envpool_id_for(env) if missing(env, error) else None
        besides = f"; EnvPool has it too, as {f'envpool:{elsewhere}'!r}" if elsewhere else ""
        why = obstacle(env, recipe.env_kwargs, error)
        raise MakingError(f"environment {env!r} {why}{besides}") from error


def find_maker(env: str) -> str | EnvSpec:
    """Return what `gymnasium.make` takes for an environment: an id that is registered, or what makes it.

    Raises:
        BaseException: whatever importing its module raises.
    """
    module_name, separator, name = env.partition(":")
    if not separator:
        register(env)
        if env not in gymnasium.registry:
            register_all()
        return env
    maker = _attribute(importlib.import_module(module_name), name)
    if name in gymnasium.registry or maker is None:
        return name
    return EnvSpec(id=name, entry_point=maker, vector_entry_point=maker)


def _attribute(module: ModuleType, path: str) -> Callable[..., Any] | None:
    """Return what a module has under a dotted name, if it can be called."""
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
    return found if callable(found) else None


def nearest(env: str, prefix: str = "") -> str:
    """Say what is meant perhaps, and what is allowed; an id of a module may also be a class of it.

    Args:
        env: a name that is unknown.
        prefix: of the source that was asked for it, with its colon.
    """
    module_name, separator, name = env.rpartition(":")
    own = vars(sys.modules[module_name]) if separator else {}
    makers = [key for key, kind in own.items() if isinstance(kind, type) and issubclass(kind, gymnasium.Env)]
    ids = {key.rpartition("/")[2]: key for key in reversed([*makers, *gymnasium.registry])}
    near = difflib.get_close_matches(name.rpartition("/")[2], ids, n=1)
    hint = f"did you mean {f'{prefix}{module_name}{separator}{ids[near[0]]}'!r}? " if near else ""
    elsewhere = envpool_id_for(env)
    also = f"EnvPool has it as {f'envpool:{elsewhere}'!r}; " if elsewhere else ""
    return hint + also + ALLOWED
