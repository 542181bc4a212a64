"""What foreign code raises is told in one line, whatever its text is."""

import pytest

from tasks.contract import raised
from tasks.errors import told


class _MuteError(ValueError):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("the arm\n is\tstuck"), "ValueError: the arm is stuck"),
        (ValueError("\x1b[31mred\x00\x07"), "ValueError: [31mred"),
        (ValueError(), "ValueError"),
        (_MuteError(), "_MuteError"),
        (SystemExit(), "SystemExit (it called sys.exit)"),
    ],
)
def test_an_error_is_told_in_one_line(error: BaseException, line: str):
    """Its class, and its text as far as it has one that can be printed."""
    assert told(error) == line


def test_advice_does_not_need_a_text():
    """The words for what was raised are looked through for advice, if there are any."""
    assert raised("reset", _MuteError()) == "raised in reset: _MuteError"
