"""What a source of environments is, and what it opens: streams to gather from, and episodes to evaluate."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.aside import Aside
from tasks.dynamics import Actions
from tasks.recipe import Recipe
from tasks.spec import TaskSpec

StepOutput = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]


class Streams(Protocol):
    """`num_envs` streams; the step after an episode's end begins the next one and ignores its action.

    Attributes:
        aside: what there is to say of the last step besides its output.
    """

    aside: Aside

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew with its own seed; returns first frames, one row a stream.

        `seed` takes the place of the first stream's seed from here on; the others have those after it.
        """

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once: frames, rewards, terminated, truncated, all of them fresh arrays."""

    def close(self) -> None:
        """Let go of what the environments hold."""


class EpisodeStreams(Protocol):
    """Streams that play one episode after another, each on its own.

    Attributes:
        beats: constructions, resets and steps of environments that have ended, ever: a sign of life.
    """

    beats: int

    def open(self, episodes: int) -> int:
        """Get ready to play so many episodes; return how many streams play at a time."""

    def begin(self, stream: int, seed: int) -> NDArray[Any]:
        """Begin an episode, whatever the stream did before; returns its first frame.

        Episodes are begun in the order of their seeds, which follow one another.
        """

    def step(self, action_E: Actions, plays_E: NDArray[np.bool_]) -> StepOutput:
        """Step the streams that play once: frames, rewards, terminated, truncated, one row a stream.

        The rows of the others mean nothing, and their rewards are 0.
        """

    def close(self) -> None:
        """Let go of what the environments hold; `open` begins anew."""


class Source(Protocol):
    """Makes the environments of a task.

        source = source_of(spec.recipe)
        streams = source.streams(spec, num_envs=16, seed=1)

    Attributes:
        reserved: names of arguments that `env_kwargs` cannot have.
        keeper: who keeps them for itself, for sentences.
        about: what it has, in a few words.
        wraps: whether the wrappers of a recipe go around its environments.
        trusted: whether the environment is trunkline's own, so that nobody needs to try it.
    """

    reserved: frozenset[str]
    keeper: str
    trusted: bool
    wraps: bool
    about: str

    def instance(self, recipe: Recipe) -> Any:  # noqa: ANN401 - environments of others are what they are
        """Return one environment with Gymnasium's `reset` and `step`, to be looked at and tried.

        Raises:
            MakingError: it is unknown, or what makes it failed.
        """

    def streams(self, spec: TaskSpec, num_envs: int, seed: int) -> Streams:
        """Open streams that step in lockstep.

        Raises:
            EnvironmentFailureError: an environment cannot be built.
        """

    def episodes(self, spec: TaskSpec, num_envs: int) -> EpisodeStreams:
        """Open streams of an evaluation: `num_envs` environments at most, where each takes memory."""
