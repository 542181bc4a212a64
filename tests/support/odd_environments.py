"""Environments that are odd from their first step on, as those of other people are; nobody registers them.

Any process can build them by `tests.support.odd_environments:VectorReward` and the like.
"""

import os
import signal
import sys
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Box, Discrete

MODULE = "tests.support.odd_environments"


def odd(name: str) -> str:
    """Return the name by which any process can build one of these environments."""
    return f"{MODULE}:{name}"


class Steady(gymnasium.Env[Any, Any]):
    """Shows the number of its step twice, pays one a step, and terminates after ten."""

    def __init__(self) -> None:
        self.observation_space: Any = Box(0, 100, (2,), np.float32)
        self.action_space: Any = Discrete(3)
        self._step = 0

    def seen(self) -> Any:
        """Return what is observed."""
        return np.full(2, self._step, np.float32)

    def reward(self) -> Any:
        """Return what the step pays."""
        return 1.0

    def ends(self) -> tuple[Any, Any]:
        """Return whether the episode is terminated, and whether it is truncated."""
        return self._step >= 10, False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin."""
        super().reset(seed=seed, options=options)
        self._step = 0
        return self.seen(), {}

    def step(self, action: Any) -> Any:  # noqa: ARG002 - it changes nothing
        """Go on."""
        self._step += 1
        return self.seen(), self.reward(), *self.ends(), {}


class Given(Steady):
    """Observes, pays and ends as it is told to: what YAML can hold goes through its constructor."""

    def __init__(
        self,
        shape: list[int],
        dtype: str = "float32",
        low: float = 0,
        high: float = 255,
        value: float | None = None,
        seen_dtype: str | None = None,
    ) -> None:
        super().__init__()
        self.observation_space = Box(low, high, tuple(shape), np.dtype(dtype).type)
        self._value, self._seen_dtype = value, seen_dtype or dtype

    def seen(self) -> Any:
        """Return the value everywhere, or the number of the step."""
        value = self._step if self._value is None else self._value
        return np.full(self.observation_space.shape, value, self._seen_dtype)


class VectorReward(Steady):
    """Pays two numbers."""

    def reward(self) -> Any:
        """Return an array."""
        return np.array([1.0, -1.0])


class VectorEnd(Steady):
    """Says of two things whether they have ended."""

    def ends(self) -> tuple[Any, Any]:
        """Return an array."""
        return np.array([True, False]), False


class WrongTwice(VectorReward):
    """Pays two numbers, and observes another shape than it declares."""

    def seen(self) -> Any:
        """Return three numbers."""
        return np.zeros(3, np.float32)


class OldReset(Steady):
    """Returns an observation alone from reset."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin, without an info."""
        return super().reset(seed=seed, options=options)[0]


class OldStep(Steady):
    """Returns four values from step."""

    def step(self, action: Any) -> Any:
        """Leave out whether it is truncated."""
        observation, reward, terminated, _, info = super().step(action)
        return observation, reward, terminated, info


class Seedless(Steady):
    """Takes no seed."""

    def reset(self) -> Any:  # type: ignore[override]  # what is odd about it
        """Begin."""
        return super().reset()


class LateSecondEpisode(Steady):
    """Fails when its second episode begins."""

    _episodes = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin once."""
        self._episodes += 1
        if self._episodes == 2:
            raise OSError("the level is gone")
        return super().reset(seed=seed, options=options)


class Roaming(Steady):
    """Works in another directory, with a handler of its own for Ctrl-C."""

    def __init__(self) -> None:
        super().__init__()
        os.chdir("/")
        signal.signal(signal.SIGINT, lambda *_: None)


class Shallow(Steady):
    """Leaves the process hardly any depth."""

    def step(self, action: Any) -> Any:
        """Go on."""
        answer = super().step(action)
        sys.setrecursionlimit(sys.getrecursionlimit() - 100)
        return answer


class Growing(Steady):
    """Has one action more in each instance."""

    _actions = 2

    def __init__(self) -> None:
        super().__init__()
        Growing._actions += 1
        self.action_space = Discrete(Growing._actions)


class Alone(Steady):
    """Can be there once at a time."""

    _there = 0

    def __init__(self) -> None:
        super().__init__()
        if Alone._there:
            raise OSError("port 4567 is in use")
        Alone._there += 1

    def close(self) -> None:
        """Make room."""
        Alone._there -= 1


class Sulky(Steady):
    """Raises when it is closed."""

    def close(self) -> None:
        """Refuse."""
        raise RuntimeError("it is closed already")


class Leaves(Steady):
    """Calls sys.exit where it is told to: when made, reset, stepped or closed."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where
        self._leave("made")

    def _leave(self, where: str) -> None:
        if where == self._where:
            sys.exit("the window was closed")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin."""
        self._leave("reset")
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        """Go on."""
        self._leave("step")
        return super().step(action)

    def close(self) -> None:
        """End."""
        self._leave("close")


class Interrupts(Steady):
    """Raises what Ctrl-C raises, as some toolkits do when a key is pressed."""

    def step(self, action: Any) -> Any:  # noqa: ARG002 - it changes nothing
        """Stop everything."""
        raise KeyboardInterrupt


class WithSpaces(Steady):
    """Declares spaces that are odd, by what they are called."""

    def __init__(self, observations: str = "steady", actions: str = "steady") -> None:
        super().__init__()
        box = Box(-1.0, 1.0, (2,))
        graph = spaces.Graph(box, None)
        self.observation_space = {
            "steady": self.observation_space,
            "parts": spaces.Dict(
                {"arm": box, "image": Box(0, 255, (7, 7, 3), np.uint8), "room": Discrete(4)}
            ),
            "graph": graph,
            "dict of graph": spaces.Dict({"map": spaces.Tuple([box, box, graph])}),
            "dict of nothing": spaces.Dict({"arm": Box(-1.0, 1.0, (0,))}),
            "deep bits": spaces.MultiBinary([1, 1, 1, 1, 2]),
            "empty dict": spaces.Dict({}),
            "sequence": spaces.Sequence(box),
            "texts": spaces.Sequence(spaces.Text(3)),
            "unsampled": spaces.Space(),
        }[observations]
        self.action_space = {
            "steady": self.action_space,
            "dict": spaces.Dict({"left": Discrete(2)}),
            "unbounded": Box(-np.inf, 1.0, (2,)),
        }[actions]


class Parts(Steady):
    """Shows numbers, an image, a text and the name of a room, and moves in two directions."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Dict(
            {
                "arm": Box(-1.0, 1.0, (2,)),
                "image": Box(0, 255, (7, 7, 3), np.uint8),
                "mission": spaces.Text(9, charset="go ahead"),
                "room": Discrete(4),
            }
        )
        self.action_space = Box(-1.0, 1.0, (2,))

    def seen(self) -> Any:
        """Return all of them."""
        image = np.full((7, 7, 3), 200, np.uint8)
        return {"arm": np.zeros(2, np.float32), "image": image, "mission": "go ahead", "room": 3}


class WithoutSpaces(gymnasium.Env[Any, Any]):
    """Declares nothing."""


def made(**settings: Any) -> gymnasium.Env[Any, Any]:
    """Make an environment in a wrapper, as modules of wrapped environments do."""
    return gymnasium.wrappers.NormalizeReward(Steady(**settings))


class Outer:
    """A namespace."""

    Inner = Steady


number = 3


class Noting(Steady):
    """Writes down what it is built with."""

    built: ClassVar[list[str]] = []

    def __init__(self, **given: Any) -> None:
        super().__init__()
        Noting.built.append(repr(sorted(given.items())))
