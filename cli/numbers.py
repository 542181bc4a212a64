"""Numbers as a command shows them on a terminal. The report of a study has its own: `study.wording`."""


def fixed(value: float | None, decimals: int, unknown: str = "-") -> str:
    """Return a value with so many decimals; `unknown` if there is none."""
    return unknown if value is None else f"{value:.{decimals}f}"


def score(value: float | None, unknown: str = "-") -> str:
    """Return what episodes came to, with more decimals the smaller it is: some tasks pay 1 at most."""
    size = abs(value or 0.0)
    return fixed(value, 1 if size >= 10 else 2 if size >= 1 else 3, unknown)


def three_digits(value: float | None, unknown: str = "none") -> str:
    """Return a value in three digits, from 1000 on in all of them; `unknown` if there is none."""
    if value is None:
        return unknown
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
