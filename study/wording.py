"""Numbers as a reader wants them: as many digits as are known, a sign where it matters, units.

estimate(Estimate(12.345, 8.2, 16.9), signed=True)      # "+12.3 [+8.2, +16.9]"
"""

import math
from collections.abc import Sequence

from study.comparison import Estimate, StepsToThreshold

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def number(value: float, spread: float = math.nan, signed: bool = False) -> str:
    """Return a value in three digits, or, beside a spread, to the second digit of half of that."""
    if not math.isfinite(value):
        return UNKNOWN
    if math.isfinite(spread) and spread > 0:
        decimals = min(max(1 - math.floor(math.log10(spread / 2)), 0), 6)
        text = f"{value:+,.{decimals}f}"
    else:
        text = f"{value:+#,.3g}".rstrip(".") if abs(value) < 999.5 else f"{value:+,.0f}"
    if float(text.replace(",", "")) == 0:
        return text[1:]
    return text.replace("-", MINUS) if signed or text[0] == "-" else text[1:]


def estimate(figure: Estimate, signed: bool = False) -> str:
    """Return a value with its interval, all to one number of decimals; the value alone if it has none."""
    if not math.isfinite(figure.high - figure.low):
        return number(figure.value, signed=signed)
    spread = figure.high - figure.low
    low, high = (number(bound, spread, signed) for bound in (figure.low, figure.high))
    return f"{number(figure.value, spread, signed)} [{low}, {high}]"


def p_value(p: float) -> str:
    """Return a p-value in three decimals."""
    if not math.isfinite(p):
        return UNKNOWN
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def steps(reached: StepsToThreshold | None) -> str:
    """Return the median of env steps, and how many runs got there at all."""
    if reached is None:
        return UNKNOWN
    median = f"{reached.median:,.0f}" if math.isfinite(reached.median) else "not reached"
    return f"{median} ({reached.reached} of {len(reached.steps)})"


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence lists them."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def counted(count: int, noun: str) -> str:
    """Return a number of things, in the plural unless it is one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
