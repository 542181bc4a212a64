"""Which environments EnvPool has, and what is meant by a name that it does not have."""

import difflib
import importlib
from types import ModuleType

import gymnasium

from tasks.builtin import register_builtin_environments


def envpool_module() -> ModuleType:
    """Return EnvPool itself, which is imported when it is first needed.

    Raises:
        ImportError: it is not installed, or a system library that it needs is not.
    """
    return importlib.import_module("envpool")


def envpool_ids() -> list[str]:
    """Return the ids that EnvPool has; none where it cannot be imported."""
    try:
        ids: list[str] = envpool_module().list_all_envs()
    except ImportError:
        return []
    return ids


def envpool_id_for(env: str) -> str | None:
    """Return EnvPool's id of an environment that another source names `env`; None if it has no such."""
    ids = envpool_ids()
    return next((name for name in (env, env.removeprefix("ALE/")) if name in ids), None)


def nearest_envpool_id(name: str) -> str:
    """Say what is meant perhaps by an id that EnvPool does not have, or that Gymnasium has it."""
    register_builtin_environments()
    own = envpool_id_for(name)
    near = [own] if own else difflib.get_close_matches(name, envpool_ids(), n=1)
    hint = f"did you mean {f'envpool:{near[0]}'!r}? " if near else ""
    if own is None and name in gymnasium.registry:
        hint = f"Gymnasium has it: tasks.*.env should be {name!r}; "
    return hint + "allowed are the ids of envpool.list_all_envs()"
