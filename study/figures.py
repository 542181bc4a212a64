"""The figures of a report: learning curves, the transfer matrix, matrices of tasks against tasks.

Each function returns a figure of its own and leaves matplotlib's global state alone.
"""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from numpy.typing import NDArray

from study.arm_summary import Band, TaskSummary
from study.heat_map import Matrix, draw_matrix
from study.records import StudyRecord
from study.wording import number

PX_PER_INCH = 96
COLUMNS = 3
PANEL_INCHES = (3.3, 2.5)
CELL_INCHES = (1.05, 0.48)
SQUARE_INCHES = 0.58
COLOURS = ("#3b3b3b", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito 2008, to be told apart by the colour-blind; the grey is the reference's."""
DASHES = ("-", "--", "-.", ":")
HUNDREDTHS = 1.0
"""The spread beside which a number is written in hundredths."""
SMALLEST_LIMIT = 0.05
"""The end of a diverging scale when nothing is larger, so that noise stays pale."""
DIVERGING, SEQUENTIAL = "PuOr", "Blues"


def learning_curves(record: StudyRecord, summaries: Mapping[str, Mapping[str, TaskSummary]]) -> Figure:
    """Draw a panel a task and a line an arm: IQM of the discounted return over seeds, in its 95 % band."""
    figure, panels = _grid(len(record.tasks), PANEL_INCHES, margins=(0.3, 0.5))
    for panel, task in zip(panels, record.tasks, strict=True):
        for place, arm in enumerate(record.arms):
            _curve(panel, arm.env_steps_P, summaries[arm.name][task].curve, arm.name, place)
        if task in record.thresholds:
            panel.axhline(record.thresholds[task], color="black", linestyle=":", linewidth=1)
        panel.set_title(task, fontsize="medium")
        _tidy(panel)
    figure.supxlabel("env steps of the task", fontsize="medium")
    figure.supylabel("discounted return", fontsize="medium")
    handles = panels[0].get_lines()[: len(record.arms)]
    figure.legend(handles=handles, loc="outside upper left", ncols=min(COLUMNS, len(handles)), frameon=False)
    return figure


def transfer_matrix(matrices: Mapping[str, Matrix]) -> Figure:
    """Draw one panel a metric, arms against tasks; the colour is as far from white as the value from zero.

    All matrices have the same arms and tasks, and only finite values.
    """
    rows, columns = next(iter(matrices.values())).values.shape
    height = 1.0 + len(matrices) * (0.35 + CELL_INCHES[1] * rows)
    figure = Figure(figsize=(2.8 + CELL_INCHES[0] * columns, height), layout="constrained")
    panels = figure.subplots(len(matrices), 1, squeeze=False, sharex=True)[:, 0]
    limit = max(SMALLEST_LIMIT, *(float(np.abs(matrix.values).max()) for matrix in matrices.values()))
    for panel, (title, matrix) in zip(panels, matrices.items(), strict=True):
        image = draw_matrix(panel, matrix, DIVERGING, (-limit, limit))
        panel.set_title(title, fontsize="medium", loc="left")
    bar = figure.colorbar(image, ax=panels, shrink=0.9, aspect=25, format="{x:+.2g}")
    bar.set_label("hurt                helped", fontsize="small")
    bar.ax.tick_params(labelsize="small")
    return figure


def task_matrices(
    matrices_TT: Mapping[str, NDArray[np.float64]], tasks: Sequence[str], limits: tuple[float, float]
) -> Figure:
    """Draw one panel an arm: tasks against tasks; the scale is diverging if its lower limit is negative."""
    side = SQUARE_INCHES * len(tasks)
    figure, panels = _grid(len(matrices_TT), (side, side + 0.3), margins=(2.2, 0.7), sharey=True)
    for place, (arm, values_TT) in enumerate(matrices_TT.items()):
        texts = [[number(v, HUNDREDTHS) if np.isfinite(v) else "" for v in row] for row in values_TT]
        matrix = Matrix(tasks, tasks, values_TT, texts)
        image = draw_matrix(panels[place], matrix, DIVERGING if limits[0] < 0 else SEQUENTIAL, limits)
        panels[place].set_title(arm, fontsize="medium")
        if place + COLUMNS < len(panels):
            panels[place].set_xticklabels([])
    figure.colorbar(image, ax=panels, shrink=0.9, aspect=25).ax.tick_params(labelsize="small")
    return figure


def to_svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG text, the same text for the same figure and name."""
    text = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def width_px(figure: Figure) -> int:
    """Return the width at which a figure's letters have the size that they were set in."""
    return round(figure.get_figwidth() * PX_PER_INCH)


def _grid(
    count: int,
    panel_inches: tuple[float, float],
    margins: tuple[float, float],
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Return a figure and so many panels, in rows of `COLUMNS`; inches are across and down."""
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    size = (panel_inches[0] * columns + margins[0], panel_inches[1] * rows + margins[1])
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=sharey).ravel()
    for panel in panels[count:]:
        panel.remove()
    return figure, list(panels[:count])


def _curve(axes: Axes, env_steps_P: NDArray[np.int64], band: Band, name: str, place: int) -> None:
    colour = COLOURS[place % len(COLOURS)]
    dash = DASHES[place // len(COLOURS) % len(DASHES)]
    axes.plot(env_steps_P, band.iqm_P, color=colour, linestyle=dash, linewidth=1.6, label=name)
    axes.fill_between(env_steps_P, band.low_P, band.high_P, color=colour, alpha=0.18, linewidth=0)


def _tidy(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e8e8e8", linewidth=0.8)
    axes.set_axisbelow(True)
