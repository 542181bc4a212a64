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
PANEL_INCHES = (3.3, 2.5)
CELL_INCHES = (1.05, 0.48)
SQUARE_INCHES = 0.58
COLOURS = ("#3b3b3b", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito 2008, to be told apart by the colour-blind; the grey is the reference's."""
DASHES = ("-", "--", "-.", ":")
HUNDREDTHS = 0.1
"""The spread beside which a number is written in hundredths."""
DIVERGING, SEQUENTIAL = "PuOr", "Blues"


def learning_curves(record: StudyRecord, summaries: Mapping[str, Mapping[str, TaskSummary]]) -> Figure:
    """Draw a panel a task and a line an arm: IQM of the discounted return over seeds, in its 95 % band."""
    columns = min(3, len(record.tasks))
    rows = -(-len(record.tasks) // columns)
    size = (max(PANEL_INCHES[0] * columns, 4.5), PANEL_INCHES[1] * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, task in zip(panels, record.tasks, strict=False):
        for place, arm in enumerate(record.arms):
            _curve(panel, arm.env_steps_P, summaries[arm.name][task].curve, arm.name, place)
        if task in record.thresholds:
            panel.axhline(record.thresholds[task], color="black", linestyle=":", linewidth=1)
        panel.set_title(task, fontsize="medium")
        _tidy(panel)
    for panel in panels[len(record.tasks) :]:
        panel.remove()
    figure.supxlabel("env steps of the task", fontsize="medium")
    figure.supylabel("discounted return", fontsize="medium")
    handles = panels[0].get_lines()[: len(record.arms)]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=min(columns + 1, len(handles)), frameon=False
    )
    return figure


def transfer_matrix(matrices: Mapping[str, Matrix]) -> Figure:
    """Draw one panel a metric, arms against tasks; the colour is as far from white as the value from zero."""
    sizes = [(len(matrix.columns), len(matrix.rows)) for matrix in matrices.values()]
    width = 2.8 + CELL_INCHES[0] * max(columns for columns, _ in sizes)
    height = 1.0 + sum(0.35 + CELL_INCHES[1] * rows for _, rows in sizes)
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(len(matrices), 1, squeeze=False, sharex=True)[:, 0]
    highest = max(
        float(np.max(np.abs(m.values), initial=0, where=np.isfinite(m.values))) for m in matrices.values()
    )
    limit = max(highest, 0.05)
    for panel, (title, matrix) in zip(panels, matrices.items(), strict=True):
        image = draw_matrix(panel, matrix, DIVERGING, (-limit, limit))
        panel.set_title(title, fontsize="medium", loc="left")
    bar = figure.colorbar(image, ax=panels, shrink=0.9, format="{x:+.2g}")
    bar.set_label("hurt                helped", fontsize="small")
    bar.ax.tick_params(labelsize="small")
    return figure


def task_matrices(
    matrices_TT: Mapping[str, NDArray[np.float64]], tasks: Sequence[str], limits: tuple[float, float]
) -> Figure:
    """Draw one panel an arm: tasks against tasks; the scale is diverging if its lower limit is negative."""
    side = SQUARE_INCHES * len(tasks)
    figure = Figure(figsize=(side * len(matrices_TT) + 2.2, side + 1.0), layout="constrained")
    panels = figure.subplots(1, len(matrices_TT), squeeze=False, sharey=True)[0]
    for panel, (arm, values_TT) in zip(panels, matrices_TT.items(), strict=True):
        texts = [
            [number(value, HUNDREDTHS) if np.isfinite(value) else "" for value in row] for row in values_TT
        ]
        matrix = Matrix(tasks, tasks, values_TT, texts)
        image = draw_matrix(panel, matrix, DIVERGING if limits[0] < 0 else SEQUENTIAL, limits)
        panel.set_title(arm, fontsize="medium")
    figure.colorbar(image, ax=panels, shrink=0.9).ax.tick_params(labelsize="small")
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
