"""Numbers on a terminal: digits, and a word where there is no number."""

import pytest

from cli.numbers import fixed, score, three_digits


@pytest.mark.parametrize(
    ("value", "decimals", "shown"), [(1.25, 1, "1.2"), (-3.0, 2, "-3.00"), (24.5, 0, "24"), (None, 2, "-")]
)
def test_so_many_decimals(value: float | None, decimals: int, shown: str):
    """Rounded, not cut; a dash stands for a value that is not known yet."""
    assert fixed(value, decimals) == shown
    assert fixed(None, decimals, "none") == "none"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.012345, "0.0123"), (99.96, "100"), (123456.7, "123,457"), (None, "none")]
)
def test_three_digits(value: float | None, shown: str):
    """Large numbers have all of their digits, in groups."""
    assert three_digits(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0189, "0.019"),
        (-0.5, "-0.500"),
        (8.54, "8.54"),
        (-200.0, "-200.0"),
        (1234.56, "1234.6"),
        (None, "-"),
    ],
)
def test_a_score_that_is_small_has_more_decimals(value: float | None, shown: str):
    """A maze pays 1 at most: 0.0 would hide that it is learned."""
    assert score(value) == shown
