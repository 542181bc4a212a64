"""Makes environments by name: from Gymnasium's registry, or from a class or function of a module."""

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from tasks.builtin import register_builtin_environments
from tasks.errors import MakingError, told
from tasks.process_state import process_kept
from tasks.recipe import Recipe

ALLOWED = (
    "allowed are registered Gymnasium ids, module:id for one that a module registers, and module:Class for a "
    "class or a function that makes one"
)
OF_GYMNASIUM = frozenset(inspect.signature(gymnasium.make).parameters) - {"kwargs"}
"""Names of arguments that `gymnasium.make` keeps for itself: no constructor ever sees them."""


@process_kept()
def make_environment(recipe: Recipe) -> gymnasium.Env[Any, Any]:
    """Return an environment as training plays it.

    Raises:
        MakingError: it is unknown, or what makes it failed.
    """
    register_builtin_environments()
    env, env_kwargs = recipe.env, recipe.env_kwargs
    try:
        known = _find(env)
        limit = recipe.max_episode_steps
        return gymnasium.make(known, max_episode_steps=limit, disable_env_checker=True, **dict(env_kwargs))
    except MakingError:
        raise
    except gymnasium.error.UnregisteredEnv as error:
        raise MakingError(f"unknown environment {env!r}; {_nearest(env)}") from error
    except BaseException as error:
        raise MakingError(f"environment {env!r} {_obstacle(env, env_kwargs, error)}") from error


def _find(env: str) -> str | EnvSpec:
    """Return what `gymnasium.make` takes for an environment: an id that is registered, or what makes it."""
    module_name, separator, name = env.partition(":")
    if not separator:
        return env
    maker = _attribute(importlib.import_module(module_name), name)
    if name in gymnasium.registry or maker is None:
        return name
    return EnvSpec(id=name, entry_point=maker)


def _attribute(module: ModuleType, path: str) -> Callable[..., Any] | None:
    """Return what a module has under a dotted name, if it can be called."""
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
    return found if callable(found) else None


def _obstacle(env: str, env_kwargs: Mapping[str, Any], error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(env, error.name)
    given = f" with {dict(env_kwargs)}" if env_kwargs else ""
    return f"cannot be built{given}: {told(error)}"


def _missing(env: str, module: str) -> str:
    """Say what to do where a module is missing: the environment's own, or one that it needs."""
    if f"{module}.".startswith("minatar."):
        return "needs an extra that is not installed: pip install --editable '.[minatar]'"
    own = env.partition(":")[0] if ":" in env else None
    if own is not None and f"{own}.".startswith(f"{module}."):
        return (
            f"cannot be built: no module {module!r} is found where this process runs; install it there, "
            "start trunkline in the directory that it lies in, or name that directory in the variable "
            "PYTHONPATH, as in: PYTHONPATH=/where/it/lies trunkline ..."
        )
    return f"cannot be built: it needs the module {module!r}, which is not installed where this process runs"


def _nearest(env: str) -> str:
    """Say what is meant perhaps, and what is allowed; an id of a module may also be a class of it."""
    module_name, separator, name = env.rpartition(":")
    own = vars(sys.modules[module_name]) if separator else {}
    makers = [key for key, kind in own.items() if isinstance(kind, type) and issubclass(kind, gymnasium.Env)]
    near = difflib.get_close_matches(name, [*makers, *gymnasium.registry], n=1)
    hint = f"did you mean {f'{module_name}{separator}{near[0]}'!r}? " if near else ""
    return hint + ALLOWED
