"""Seconds of training until the shipped pair is solved, over several seeds.

    python -m benchmarks.time_to_solve [--seeds 10] [--first-seed 1] [--json] [key=value ...]

Each seed is a real `trunkline train`, Ray and all, in a process and a run directory of its own.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from training.json_text import json_text, parse_json


def train(seed: int, directory: Path, overrides: list[str]) -> dict[str, Any]:
    """Run one training and return its summary.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [
        str(Path(sys.executable).with_name("trunkline")),
        "train",
        f"seed={seed}",
        *overrides,
        "--run-dir",
        str(directory / f"seed-{seed}"),
        "--json",
    ]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    summary: dict[str, Any] = parse_json(finished.stdout)
    return summary


def main() -> None:
    """Train every seed and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            summary = train(seed, Path(directory), arguments.overrides)
            phases = summary["learner_phase_seconds"]
            row = {
                "seed": seed,
                "solved": summary["solved"],
                "train_seconds": round(summary["train_seconds"], 1),
                "env_steps": summary["env_steps"],
                "updates": summary["learner_steps"],
                "update_share": round(phases["update"] / sum(phases.values()), 3),
                **{name: task["greedy_return_mean"] for name, task in summary["tasks"].items()},
            }
            rows.append(row)
            print(json_text(row), file=sys.stderr, flush=True)
    seconds = sorted(row["train_seconds"] for row in rows)
    result = {
        "solved": sum(row["solved"] for row in rows),
        "seeds": len(rows),
        "train_seconds_median": statistics.median(seconds),
        "train_seconds_worst": seconds[-1],
        "at_most_60_seconds": sum(value <= 60 for value in seconds),
        "env_steps_median": statistics.median(row["env_steps"] for row in rows),
        "update_share_median": statistics.median(row["update_share"] for row in rows),
    }
    if arguments.json:
        print(json_text({**result, "runs": rows}))
    else:
        print("\n".join(f"{name:22} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
