"""Errors of Ray as far as one line can say them; some come without a text."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or the name of its class."""
    return _lines(error)[0]


def last_line(error: BaseException) -> str:
    """Return the last line of an error's text, which in Ray's is the innermost cause, or the class's name."""
    return _lines(error)[-1]


def _lines(error: BaseException) -> list[str]:
    return str(error).strip().splitlines() or [type(error).__name__]
