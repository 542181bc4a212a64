"""How many actors and shards one learner can use, from what its parts cost on this machine.

    python -m benchmarks.scale_model [--workload atari] [--updates-per-second 1000] [--check] [--json]

measures the costs over Ray, and simulates runs of 10 to 10,000 actors with SimPy. `--check` runs real
trainings on this machine instead, and puts what they do beside what the model says of them.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

if find_spec("simpy") is None:
    sys.exit("the scale model needs SimPy: the extra 'dev' brings it (pip install --editable '.[dev]')")

from benchmarks.scale.checking import Checked, check
from benchmarks.scale.costs import Costs, Setting, Shape
from benchmarks.scale.measuring import measure
from benchmarks.scale.sizing import Plan, plans
from benchmarks.scale.tables import checks_table, costs_table, plans_table
from benchmarks.scale.workload import SLOW, WORKLOADS
from config.errors import ConfigError
from training.errors import ClusterError, TrainingFailedError
from training.json_text import json_text, parse_json

ACTORS = (10, 100, 1_000, 10_000)
CHECKED = ((2, 1, 4.0), (6, 2, 16.0), (4, 1, 1.0))
"""Actors, shards and samples per insert of the real runs: few actors and a learner at ease, a learner with
all it can do, many actors and a learner at ease."""
CHECK_SECONDS = 15.0


def arguments_of(words: Sequence[str]) -> argparse.Namespace:
    """Return the arguments; a mistake ends the process with a sentence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workload", choices=sorted(WORKLOADS), default="cartpole")
    parser.add_argument("--samples-per-insert", type=_positive, default=16.0)
    parser.add_argument(
        "--updates-per-second", type=_positive, help="of a learner elsewhere, such as on a GPU"
    )
    parser.add_argument("--step-microseconds", type=_positive, help="of an actor, for one env step")
    parser.add_argument("--network-gbit", type=_positive, default=10.0, help="a second, of each host")
    parser.add_argument("--actors-per-node", type=int, default=32)
    parser.add_argument("--actors", type=int, nargs="+", default=ACTORS)
    parser.add_argument("--seconds", type=_positive, default=0.7, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken")
    parser.add_argument("--costs", type=Path, help="a file that --json printed, instead of measuring")
    parser.add_argument("--check", action="store_true", help="real runs beside the model's")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    if min(arguments.rounds, arguments.actors_per_node, *arguments.actors) < 1:
        parser.error("--rounds, --actors and --actors-per-node should be at least 1")
    return arguments


def main() -> None:
    """Measure, model, print."""
    arguments = arguments_of(sys.argv[1:])
    say = partial(print, file=sys.stderr, flush=True)
    workload = SLOW if arguments.check else WORKLOADS[arguments.workload]
    try:
        costs = (
            measure(workload, arguments.seconds, arguments.rounds, say)
            if arguments.costs is None
            else read_costs(arguments.costs)
        )
        if arguments.check:
            settings = [Setting(*numbers, cores=os.cpu_count()) for numbers in CHECKED]
            report(costs, check(costs, SLOW, settings, CHECK_SECONDS, say), arguments.json)
        else:
            report(*_planned(costs, arguments), arguments.json)
    except (ClusterError, ConfigError, TrainingFailedError) as error:
        sys.exit(str(error))


def read_costs(path: Path) -> Costs:
    """Return the costs in a file that `--json` printed.

    Raises:
        ConfigError: there are none in it.
    """
    try:
        values: dict[str, Any] = parse_json(path.read_text(encoding="utf-8"))["costs"]
        return Costs(**{**values, "shape": Shape(**values["shape"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"--costs: {str(path)!r} is not a file that --json printed ({error})") from error


def with_parts_elsewhere(
    costs: Costs, updates_per_second: float | None, step_microseconds: float | None
) -> Costs:
    """Return the costs with those of a learner or an environment elsewhere, where they are given."""
    if updates_per_second is not None:
        costs = replace(costs, update=1 / updates_per_second)
    if step_microseconds is not None:
        costs = replace(costs, step=step_microseconds / 1e6)
    return costs


def report(costs: Costs, found: Sequence[Plan] | Sequence[Checked], as_json: bool) -> None:
    """Print the costs and what was found."""
    if as_json:
        print(json_text({"costs": asdict(costs), "rows": [asdict(row) for row in found]}))
        return
    made = [row for row in found if isinstance(row, Plan)]
    checked = [row for row in found if isinstance(row, Checked)]
    print(costs_table(costs), plans_table(made) if made else checks_table(checked), sep="\n\n")


def _planned(costs: Costs, arguments: argparse.Namespace) -> tuple[Costs, list[Plan]]:
    costs = with_parts_elsewhere(costs, arguments.updates_per_second, arguments.step_microseconds)
    setting = Setting(
        actors=1,
        shards=1,
        samples_per_insert=arguments.samples_per_insert,
        network_bits=arguments.network_gbit * 1e9,
        actors_per_node=arguments.actors_per_node,
    )
    return costs, plans(costs, setting, arguments.actors)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed: it should be above 0")
    return value


if __name__ == "__main__":
    main()
