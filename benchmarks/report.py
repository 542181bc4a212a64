"""What a benchmark says: the machine, the rows, and a plot of the ratios."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.harness import Row

INCHES_WIDE, INCHES_A_ROW, INCHES_AROUND = 10.0, 0.5, 1.5


def to_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Return machine and rows, numbers with four digits."""
    return {
        "machine": machine(),
        "rows": [
            {
                name: float(f"{value:.4g}") if isinstance(value, float) else value
                for name, value in asdict(row).items()
            }
            for row in rows
        ],
    }


def machine() -> dict[str, Any]:
    """Return what figures of this machine depend on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "os": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def draw(rows: Sequence[Row], path: Path) -> None:
    """Plot each row's ratio as a bar that starts at 1, on a logarithmic scale.

    Raises:
        OSError: the file cannot be written.
        ValueError: its suffix is that of no picture.
    """
    from matplotlib.figure import Figure  # takes longer to load than most commands take

    compared = [row for row in rows if row.ratio is not None]
    ratios = [row.ratio for row in compared if row.ratio is not None]
    figure = Figure(figsize=(INCHES_WIDE, INCHES_AROUND + INCHES_A_ROW * len(compared)), layout="constrained")
    axes = figure.add_subplot()
    positions = range(len(compared))
    bars = axes.barh(positions, [ratio - 1 for ratio in ratios], left=1.0)
    axes.bar_label(bars, [f"{ratio:.3g}" for ratio in ratios], padding=4)
    axes.set_yticks(positions, [_label(row) for row in compared], fontsize="small")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_xlim(
        min([0.5, *(ratio / 1.6 for ratio in ratios)]), max([2.0, *(ratio * 1.6 for ratio in ratios)])
    )
    axes.invert_yaxis()
    axes.axvline(1.0, color="black")
    axes.set_xlabel("ours / peer: of rates more is better, of seconds less")
    figure.savefig(path, format=path.suffix.removeprefix(".") or "png")


def _label(row: Row) -> str:
    beside = f", beside {row.peer_name}" if row.peer_name else ""
    return f"{row.what}: {row.shape}\n{row.unit}{beside}"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
