"""One matrix as coloured cells with their values written in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from numpy.typing import NDArray

NOTHING = "#e3e3e3"
"""The colour of a cell without a value."""


@dataclass(frozen=True)
class Matrix:
    """Values by row and column, (rows, columns), and what is written in the cells; a nan is an empty cell."""

    rows: Sequence[str]
    columns: Sequence[str]
    values: NDArray[np.float64]
    texts: Sequence[Sequence[str]]


def draw_matrix(axes: Axes, matrix: Matrix, colours: str, limits: tuple[float, float]) -> AxesImage:
    """Draw the cells; return the image for a colour bar."""
    image = axes.imshow(matrix.values, cmap=colours, norm=Normalize(*limits), aspect="auto")
    axes.set_facecolor(NOTHING)
    axes.set_xticks(
        range(len(matrix.columns)), matrix.columns, rotation=30, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(len(matrix.rows)), matrix.rows)
    axes.tick_params(length=0, labelsize="small")
    axes.spines[:].set_visible(False)
    _separate(axes, matrix)
    for row, cells in enumerate(matrix.texts):
        for column, text in enumerate(cells):
            ink = _ink(image, float(matrix.values[row, column]))
            axes.text(column, row, text, ha="center", va="center", fontsize="small", color=ink)
    return image


def _separate(axes: Axes, matrix: Matrix) -> None:
    """Draw white lines between the cells."""
    axes.set_xticks(np.arange(1, len(matrix.columns)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(matrix.rows)) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)


def _ink(image: AxesImage, value: float) -> str:
    """Return the text colour that is legible on a value's cell."""
    if not np.isfinite(value):
        return "black"
    red, green, blue, _ = image.to_rgba(np.array([value]))[0]
    return "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 else "black"
