"""Numbers as readers see them."""

import math

import pytest

from study.comparison import Estimate, StepsToThreshold
from study.wording import MINUS, UNKNOWN, counted, estimate, listed, number, p_value, steps


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (34.999, "35.0"),
        (-0.12345, f"{MINUS}0.123"),
        (999.4, "999"),
        (999.6, "1,000"),
        (15_855.0, "15,855"),
        (math.nan, UNKNOWN),
        (math.inf, UNKNOWN),
    ],
)
def test_a_number_has_three_digits(value, text):
    """Thousands keep all of theirs; what is no number is a dash."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Estimate(12.345, 8.2, 16.9), "+12.3 [+8.2, +16.9]"),
        (Estimate(-0.09712, -0.12345, -0.07), f"{MINUS}0.097 [{MINUS}0.123, {MINUS}0.070]"),
        (Estimate(0.0001, -0.0234, 0.0222), f"0.000 [{MINUS}0.023, +0.022]"),
        (Estimate(1234.5, 1000.0, 1500.0), "+1,234 [+1,000, +1,500]"),
        (Estimate(3.0, 3.0, 3.0), "+3.00 [+3.00, +3.00]"),
        (Estimate(3.0, math.nan, math.nan), "+3.00"),
    ],
)
def test_an_estimate_is_as_exact_as_its_interval(figure, text):
    """All three have the decimals that the width of the interval is worth."""
    assert estimate(figure, signed=True) == text


def test_steps_say_how_many_got_there():
    """The median, or that it was not reached, and a dash for a task without a threshold."""
    assert steps(StepsToThreshold(60.0, (1000.0, 3000.0, math.inf), 3000.0, 2)) == "3,000 (2 of 3)"
    assert steps(StepsToThreshold(60.0, (1000.0, math.inf, math.inf), math.inf, 1)) == "not reached (1 of 3)"
    assert steps(None) == UNKNOWN


def test_small_words():
    """Lists, plurals and p-values."""
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")
    assert (counted(1, "run"), counted(2, "run")) == ("1 run", "2 runs")
    assert (p_value(0.0004), p_value(0.031), p_value(math.nan)) == ("<0.001", "0.031", UNKNOWN)
