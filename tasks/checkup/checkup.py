"""The checkup of one task's environment, and the judgement of what was seen."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tasks.checkup.playing import Played, play
from tasks.checkup.repeating import difference
from tasks.errors import EnvironmentFailureError
from tasks.spec import TaskSpec

STREAMS = 8
"""That are stepped in lockstep where a task does not ask for fewer."""
LARGE_REWARD = 1_000.0
"""Rewards from here on are remarked on: values of such a size are learned slowly."""
LONG = 2_000
"""Steps after which an episode that has not ended is remarked on."""
SLOW_RESET_SECONDS = 0.1
SLOW_RESET_STEPS = 100
"""A reset that takes longer than both is remarked on."""


@dataclass(frozen=True)
class Checkup:
    """What came of a checkup, in plain numbers and words.

    Attributes:
        alone: what a single stream did; None if it failed.
        together: what several did in lockstep; None if they failed.
        wrong: what breaks a run, as whole sentences.
        unwise: what does not, and is worth knowing, as whole sentences.
    """

    alone: Played | None = None
    together: Played | None = None
    wrong: list[str] = field(default_factory=list)
    unwise: list[str] = field(default_factory=list)


def check(spec: TaskSpec, seed: int, seconds: float, streams: int = STREAMS) -> Checkup:
    """Play a task's environment alone, in lockstep and, if there may be several, twice in the same way.

    Args:
        spec: the task.
        seed: of environments and actions.
        seconds: of stepping in each of the first two.
        streams: that are stepped in lockstep.
    """
    try:
        alone = play(spec, 1, seed, seconds)
        together = play(spec, streams, seed, seconds)
        parting = difference(spec, seed) if streams > 1 else None
    except EnvironmentFailureError as error:
        return Checkup(wrong=[str(error)])
    unwise = [f"tasks.{spec.name}.{words}" for words in unwise_about(spec, together, parting)]
    return Checkup(alone, together, [], unwise)


def unwise_about(spec: TaskSpec, played: Played, parting: str | None) -> Iterator[str]:
    """Yield what is unwise about an environment; each begins with a field of the task."""
    what = f"env: environment {spec.recipe.named}"
    if parting is not None:
        yield (
            f"{what} does not repeat: two instances with the same seed and the same actions {parting}; runs "
            "with it cannot be repeated either"
        )
    largest = max(abs(played.lowest), abs(played.highest))
    if largest >= LARGE_REWARD:
        yield (
            f"reward_scale: rewards are as large as {largest:g}; {1 / largest:.1g} would bring them to 1, "
            "and learner.value_scale=return_range follows returns of any size"
        )
    if played.lowest == played.highest == 0:
        yield f"{what} paid nothing in {played.steps:,} steps: random actions find no reward in it"
    if not played.lengths and played.oldest >= LONG:
        yield (
            f"max_episode_steps: no episode has ended within {played.oldest:,} steps, and the limit is "
            f"{spec.max_episode_steps:,}: a smaller one lets more of them begin"
        )
    step_seconds = played.seconds / max(1, played.steps)
    if played.reset_seconds > max(SLOW_RESET_SECONDS, SLOW_RESET_STEPS * step_seconds):
        yield (
            f"{what} takes {played.reset_seconds:.2g} s for a reset, as long as "
            f"{played.reset_seconds / step_seconds:,.0f} steps: its streams wait for one another there"
        )
