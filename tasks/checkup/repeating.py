"""Whether an environment repeats what it did, given the same seed and the same actions."""

import time
from contextlib import ExitStack, closing

import numpy as np

from tasks.checkup.playing import random_actions
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec

STEPS = 200
SECONDS = 2.0
"""Of stepping, after which two streams that are alike so far are taken for alike."""


def difference(spec: TaskSpec, seed: int) -> str | None:
    """Return words for where two streams of one seed part, None where they do not.

    Raises:
        EnvironmentFailureError: an environment cannot be built, or broke its contract.
    """
    with ExitStack() as opened:
        vectors = [opened.enter_context(closing(CheckedVector(spec, 1, seed))) for _ in range(2)]
        return _difference(spec, vectors, np.random.default_rng(seed))


def _difference(spec: TaskSpec, vectors: list[CheckedVector], rng: np.random.Generator) -> str | None:
    frame_EO, other_EO = (vector.reset() for vector in vectors)
    if not np.array_equal(frame_EO, other_EO):
        return "begin with different observations"
    began = time.monotonic()
    for step in range(1, STEPS + 1):
        action_E = random_actions(spec, frame_EO, rng)
        one, other = (vector.step(action_E) for vector in vectors)
        for what, value, another in zip(("observation", "reward", "end", "end"), one, other, strict=True):
            if not np.array_equal(value, another):
                return f"part in step {step}, by its {what}"
        frame_EO = one[0]
        if time.monotonic() - began > SECONDS:
            break
    return None
