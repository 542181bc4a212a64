"""The source of EnvPool's environments, which step natively: `envpool:` before one of its ids."""

from typing import Any

from tasks.errors import EnvironmentFailureError, MakingError
from tasks.missing import obstacle
from tasks.process_state import process_kept
from tasks.recipe import Recipe
from tasks.sources.envpool_episodes import EnvPoolEpisodes
from tasks.sources.envpool_ids import envpool_module, nearest_envpool_id
from tasks.sources.envpool_limits import own_limit
from tasks.sources.envpool_native import NativePool
from tasks.sources.envpool_pool import EnvPoolPool
from tasks.sources.pool import PoolStreams
from tasks.sources.pool_of_one import PoolOfOne
from tasks.sources.prefixes import without_prefix
from tasks.spec import TaskSpec


class EnvPoolSource:
    """EnvPool's environments. Stream e has seed + e; all have one thread, unless `env_kwargs` say more."""

    reserved = frozenset(
        {"num_envs", "batch_size", "seed", "env_seed", "max_episode_steps", "gym_reset_return_info"}
    )
    keeper = "trunkline"
    trusted = False
    wraps = False
    about = "EnvPool's native pools"

    def instance(self, recipe: Recipe) -> PoolOfOne:
        """Return a pool of one, as a single environment."""
        pool = EnvPoolPool(lambda seeds: _made(recipe, seeds), 1)
        return PoolOfOne(pool, own_limit(without_prefix(recipe.env), pool.declared_limit))

    def streams(self, spec: TaskSpec, num_envs: int, seed: int) -> PoolStreams:
        """Open the streams of one pool."""
        return PoolStreams(
            spec,
            num_envs,
            seed,
            lambda count: EnvPoolPool(lambda seeds: _made(spec.recipe, seeds), count, seed),
        )

    def episodes(self, spec: TaskSpec, num_envs: int) -> EnvPoolEpisodes:
        """Open streams of an evaluation, in a pool for each `num_envs` episodes."""

        def make(seeds: list[int]) -> NativePool:
            try:
                return _made(spec.recipe, seeds)
            except MakingError as error:
                raise EnvironmentFailureError(f"task {spec.name!r}: {error}") from error

        return EnvPoolEpisodes(spec, num_envs, make)


_BESIDES = frozenset({"from_pixels", "render_mode", "render_width", "render_height", "render_camera_id"})
"""Arguments that are none of the configuration."""


@process_kept()
def _made(recipe: Recipe, seeds: list[int]) -> NativePool:
    """Return a pool of one stream for each seed.

    Raises:
        MakingError: EnvPool is not installed or does not have it, or what makes it failed.
    """
    name = without_prefix(recipe.env)
    try:
        envpool = envpool_module()
        if name not in envpool.list_all_envs():
            raise MakingError(f"unknown environment {recipe.env!r}; {nearest_envpool_id(name)}")
        arguments = {"num_threads": 1, **recipe.env_kwargs, "num_envs": len(seeds), "seed": seeds}
        declared = _configuration(envpool, name, recipe).get("max_episode_steps")
        own = own_limit(name, declared)
        if own is not None and own == declared and (recipe.max_episode_steps or 0) > own:
            arguments["max_episode_steps"] = recipe.max_episode_steps
        return NativePool(envpool.make_gymnasium(name, **arguments), declared)
    except MakingError:
        raise
    except BaseException as error:
        why = obstacle(name, recipe.env_kwargs, error)
        raise MakingError(f"environment {recipe.env!r} {why}") from error


def _configuration(envpool: Any, name: str, recipe: Recipe) -> dict[str, Any]:  # noqa: ANN401 - it has no types
    """Return the configuration of an environment by default, which has all the arguments that it takes.

    Raises:
        MakingError: `env_kwargs` have another one, or it is a game of several players.
    """
    default: dict[str, Any] = envpool.make_spec(name).config._asdict()
    other = next((key for key in recipe.env_kwargs if key not in default and key not in _BESIDES), None)
    if other is not None:
        taken = sorted(set(default) - EnvPoolSource.reserved)
        raise MakingError(
            f"environment {recipe.env!r} takes no argument {other!r}; tasks.*.env_kwargs may have "
            f"{', '.join(taken)}"
        )
    players = {**default, **recipe.env_kwargs}.get("max_num_players", 1)
    if players != 1:
        raise MakingError(
            f"environment {recipe.env!r} is played by {players} players; allowed are environments of one"
        )
    if recipe.env_kwargs.get("noop_max") == 0:
        # EnvPool draws from 1 to noop_max steps. With none to draw from it ends the process without a word.
        raise MakingError(
            f"environment {recipe.env!r} takes no noop_max of 0; tasks.*.env_kwargs.noop_max should be 1 at "
            "least"
        )
    return default
