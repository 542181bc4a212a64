"""Runs one peer in a process of its own, in whatever interpreter has it; imports nothing of trunkline.

    python worker.py SCRIPT DISTRIBUTION [argument ...]

SCRIPT defines `build(arguments)`, which sets everything up and returns a step: a function that does a little
work and returns how many units it did. Once that is warm the worker prints `ready VERSION`, the version of
DISTRIBUTION. Then it answers every line `SECONDS` on standard input with one line, the units a second that it
measured over that time, and ends with its input. All else that is printed goes to standard error.
"""

import os
import runpy
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

WARM_UP_SECONDS = 0.5

Step = Callable[[], float]


def rate(step: Step, seconds: float) -> float:
    """Return the units a second that `step` does, called again and again for `seconds` at least."""
    units, start = 0.0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        units += step()
    return units / (time.perf_counter() - start)


def main() -> None:
    """Set the peer up and serve until standard input ends."""
    script, distribution, *arguments = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    step: Step = runpy.run_path(script)["build"](arguments)
    rate(step, WARM_UP_SECONDS)
    print("ready", version(distribution), file=answers)
    for line in sys.stdin:
        print(rate(step, float(line)), file=answers)


if __name__ == "__main__":
    main()
