"""`trunkline bench replay|acting|learner|weighting|probes|system`."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.table import Table

from benchmarks.acting import measure_acting
from benchmarks.harness import Bench
from benchmarks.learner import measure_learner
from benchmarks.probes import measure_probes
from benchmarks.replay import measure_replay
from benchmarks.report import draw, to_json
from benchmarks.system import measure_system
from benchmarks.weighting import measure_weighting
from cli.arguments import JsonOption
from cli.numbers import three_digits
from cli.output import answer_json, console, note
from config.errors import ConfigError

Rounds = Annotated[int, typer.Option(min=1, help="Number of turns of each side.")]
Seconds = Annotated[float, typer.Option(min=0.1, help="Length of a turn, in seconds.")]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="File of the plot. Default: bench-<name>.png.", show_default=False),
]


class Device(StrEnum):
    """Where the learner computes."""

    CPU = "cpu"
    CUDA = "cuda"


bench_app = typer.Typer(
    help="Compare the speed of trunkline with that of other libraries (`make bench-peers` installs them).",
    no_args_is_help=True,
)


@bench_app.command()
def replay(
    rounds: Rounds = 5, seconds: Seconds = 1.0, plot: Plot = None, as_json: JsonOption = False
) -> None:
    """Compare replay in one process with cpprb, replay over Ray with Reverb, and two shards with one."""
    _run("replay", measure_replay, rounds, seconds, plot, as_json)


@bench_app.command()
def acting(
    rounds: Rounds = 5, seconds: Seconds = 2.0, plot: Plot = None, as_json: JsonOption = False
) -> None:
    """Compare an actor over Ray with a bare loop over the same environments and network."""
    _run("acting", measure_acting, rounds, seconds, plot, as_json)


@bench_app.command()
def learner(
    device: Annotated[Device, typer.Option(help="Where torch computes.")] = Device.CPU,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    rounds: Rounds = 9,
    seconds: Seconds = 1.0,
    plot: Plot = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the update with a bare torch loop, and many tasks with one."""
    if device is Device.CUDA and not torch.cuda.is_available():
        raise ConfigError("--device: 'cuda' is not allowed: this machine has no CUDA device")
    measure = partial(measure_learner, device=torch.device(device.value), threads=threads)
    _run("learner", measure, rounds, seconds, plot, as_json)


@bench_app.command()
def probes(
    rounds: Rounds = 9, seconds: Seconds = 1.0, plot: Plot = None, as_json: JsonOption = False
) -> None:
    """Compare a reading of the probes with the updates between two readings."""
    _run("probes", measure_probes, rounds, seconds, plot, as_json)


@bench_app.command()
def weighting(
    rounds: Rounds = 9, seconds: Seconds = 1.0, plot: Plot = None, as_json: JsonOption = False
) -> None:
    """Compare an update of five tasks under each task weighting with one under equal weights."""
    _run("weighting", measure_weighting, rounds, seconds, plot, as_json)


@bench_app.command()
def system(
    rounds: Rounds = 3, seconds: Seconds = 10.0, plot: Plot = None, as_json: JsonOption = False
) -> None:
    """Compare whole training runs over Ray with the DQN of Stable-Baselines3 and of RLlib."""
    _run("system", measure_system, rounds, seconds, plot, as_json)


def _run(
    name: str,
    measure: Callable[[Bench], None],
    rounds: int,
    seconds: float,
    plot: Path | None,
    as_json: bool,
) -> None:
    path = plot or Path(f"bench-{name}.png")
    bench = Bench(rounds, seconds, say=note)
    _draw(bench, path)  # nobody should measure for minutes to hear then that it cannot be written
    measure(bench)
    _draw(bench, path)
    if as_json:
        answer_json(to_json(bench.rows))
    else:
        _print_table(bench)
    for line in (*bench.notes, f"plot: {path}"):
        note(line)


def _draw(bench: Bench, path: Path) -> None:
    try:
        draw(bench.rows, path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"--plot: {str(path)!r} cannot be written: {reason}") from error


def _print_table(bench: Bench) -> None:
    table = Table()
    for heading in ("what", "shape", "unit", "ours", "peer", "peer name", "ratio"):
        table.add_column(
            heading, justify="right" if heading in ("ours", "peer", "ratio") else "left", overflow="fold"
        )
    for row in bench.rows:
        ours, peer, ratio = (three_digits(value) for value in (row.ours, row.peer, row.ratio))
        table.add_row(row.what, row.shape, row.unit, ours, peer, row.peer_name, ratio)
    console().print(table)
