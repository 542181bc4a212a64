"""Statistics for tests of chance; the standard library has no chi-square distribution."""

import math

import numpy as np
from numpy.typing import NDArray

Z_P_0_001 = 3.0902
"""A standard normal variable lies above it with probability 0.001."""


def chi_square(observed: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Return Pearson's statistic of counts against probabilities."""
    expected = observed.sum() * probabilities
    return float(((observed - expected) ** 2 / expected).sum())


def chi_square_limit(degrees_of_freedom: int) -> float:
    """Return what the statistic exceeds with probability 0.001.

    Wilson and Hilferty 1931: the cube root of a chi-square variable over its degrees of freedom is nearly
    normal. Off by less than 0.5 % from 5 degrees on.
    """
    spread = 2.0 / (9.0 * degrees_of_freedom)
    return degrees_of_freedom * (1.0 - spread + Z_P_0_001 * math.sqrt(spread)) ** 3
