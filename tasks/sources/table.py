"""From what a task names as its environment to the source that makes it."""

from collections.abc import Mapping

from tasks.builtin.known_dynamics import dynamics_of
from tasks.recipe import Recipe
from tasks.sources.dynamics import DynamicsSource
from tasks.sources.envpool import EnvPoolSource
from tasks.sources.interface import Source
from tasks.sources.loop import GymnasiumSource
from tasks.sources.prefixes import prefix_of
from tasks.sources.vector import VectorSource


def source_of(recipe: Recipe) -> Source:
    """Return the source of an environment: that of its prefix, else of known dynamics, else Gymnasium."""
    prefix = prefix_of(recipe.env)
    if prefix is not None:
        return _SOURCES[prefix]
    dynamics = dynamics_of(recipe)
    return GymnasiumSource() if dynamics is None else DynamicsSource(dynamics)


def sources() -> dict[str, str]:
    """Return what each source has, by what stands before its environments' names."""
    prefixed = {f"{prefix}:": source.about for prefix, source in _SOURCES.items()}
    return {"": f"{GymnasiumSource.about}, or {DynamicsSource.about}"} | prefixed


_SOURCES: Mapping[str, Source] = {"envpool": EnvPoolSource(), "vector": VectorSource()}
