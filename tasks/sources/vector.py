"""The source of Gymnasium's vectorised environments: `vector:` before an id, or before `module:Class`."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.vector import AutoresetMode

from tasks.builtin import register_builtin_environments
from tasks.errors import MakingError
from tasks.making import find_maker, nearest
from tasks.missing import obstacle
from tasks.process_state import process_kept
from tasks.recipe import Recipe
from tasks.sources.one_by_one import EpisodesOneByOne
from tasks.sources.pool import PoolStreams
from tasks.sources.pool_of_one import PoolOfOne
from tasks.sources.prefixes import without_prefix
from tasks.sources.vector_pool import VectorPool
from tasks.spec import TaskSpec

_RESERVED = (set(inspect.signature(gymnasium.make_vec).parameters) - {"kwargs"}) | {"max_episode_steps"}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"ale_py.vector_env:AtariVectorEnv": {"reward_clipping": False}}
"""Arguments that make an environment report its own rewards; `env_kwargs` go before them."""


class VectorSource:
    """Environments of Gymnasium that step many streams in one call, by their vectorised entry point."""

    reserved = frozenset(_RESERVED)
    keeper = "trunkline"
    trusted = False
    wraps = False
    about = "vectorised environments of Gymnasium's"

    def instance(self, recipe: Recipe) -> PoolOfOne:
        """Return a vector of one, as a single environment."""
        vector = _made(recipe, 1)
        return PoolOfOne(_pool(recipe, vector), _own_limit(getattr(vector, "spec", None)))

    def streams(self, spec: TaskSpec, num_envs: int, seed: int) -> PoolStreams:
        """Open the streams of one vector."""
        return PoolStreams(spec, num_envs, seed, lambda count: _pool(spec.recipe, _made(spec.recipe, count)))

    def episodes(self, spec: TaskSpec, num_envs: int) -> EpisodesOneByOne:
        """Open streams of an evaluation, each a vector of one: no other can begin an episode on its own."""
        return EpisodesOneByOne(spec, num_envs, lambda seed: self.streams(spec, 1, seed))


@process_kept()
def _made(recipe: Recipe, num_envs: int) -> Any:  # noqa: ANN401 - environments of others are what they are
    """Return a vectorised environment.

    Raises:
        MakingError: it is unknown, has no vectorised entry point, or what makes it failed.
    """
    register_builtin_environments()
    env = without_prefix(recipe.env)
    try:
        known = find_maker(env)
        spec = known if isinstance(known, EnvSpec) else gymnasium.spec(known)
        arguments = {**_arguments(spec, recipe), **recipe.env_kwargs}
        mode = gymnasium.VectorizeMode.VECTOR_ENTRY_POINT
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*autoreset_?mode")  # one that says none is refused
            return gymnasium.make_vec(spec, num_envs=num_envs, vectorization_mode=mode, **arguments)
    except MakingError:
        raise
    except gymnasium.error.UnregisteredEnv as error:
        raise MakingError(f"unknown environment {recipe.env!r}; {nearest(env, 'vector:')}") from error
    except BaseException as error:
        raise MakingError(f"environment {recipe.env!r} {obstacle(env, recipe.env_kwargs, error)}") from error


def _arguments(spec: EnvSpec, recipe: Recipe) -> dict[str, Any]:
    """Return what an entry point is given besides `env_kwargs`: of what it takes, what suits streams best."""
    entry = spec.vector_entry_point
    if entry is None:
        raise MakingError(
            f"environment {recipe.env!r} has no vectorised entry point; tasks.*.env should be {spec.id!r}, "
            "which is stepped in a loop"
        )
    make: Callable[..., Any] = load_env_creator(entry) if isinstance(entry, str) else entry
    wanted: dict[str, Any] = {"autoreset_mode": AutoresetMode.NEXT_STEP}
    if recipe.max_episode_steps is not None:
        wanted["max_episode_steps"] = recipe.max_episode_steps
    taken = inspect.signature(make).parameters
    defaults = _DEFAULTS.get(entry, {}) if isinstance(entry, str) else {}
    return {**{name: value for name, value in wanted.items() if name in taken}, **defaults}


def _own_limit(spec: EnvSpec | None) -> int | None:
    """Return the time limit of an environment in steps; ALE counts it in frames of its emulator."""
    if spec is None or spec.max_episode_steps is not None:
        return None if spec is None else spec.max_episode_steps
    frames, skipped = spec.kwargs.get("max_num_frames_per_episode"), spec.kwargs.get("frameskip")
    return frames // skipped if isinstance(frames, int) and isinstance(skipped, int) else None


def _pool(recipe: Recipe, vector: Any) -> VectorPool:  # noqa: ANN401 - environments of others are what they are
    try:
        return VectorPool(vector)
    except ValueError as error:
        vector.close()
        raise MakingError(f"environment {recipe.env!r} {error}") from error
