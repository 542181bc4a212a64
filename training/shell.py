"""Commands that work as they are printed: whatever a file is called, in any shell, from any directory."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 /._-+=:,@~")


def command_line(words: Sequence[str]) -> str:
    """Return a command as one line to be typed."""
    return " ".join(_quoted(word) for word in words)


def program(name: str) -> str:
    """Return how to call a program of this installation: by name where that finds it, else by path."""
    folders = (Path(sys.argv[0]).absolute().parent, Path(sys.executable).parent)
    own = next((folder / name for folder in folders if (folder / name).is_file()), None)
    found = shutil.which(name)
    if own is None or (found is not None and Path(found).samefile(own)):
        return name
    return str(own)


def as_operand(path: Path) -> str:
    """Return a path so that no program takes it for an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def _quoted(word: str) -> str:
    """Return a word for a shell; letters that the terminal cannot show go through printf."""
    if _is_shown(word) or word.endswith("\n"):  # a substitution would drop the end of the last line
        return shlex.quote(word)
    escaped = "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in os.fsencode(word))
    return f"\"$(printf '{escaped}')\""


def _is_shown(word: str) -> bool:
    try:
        word.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return word.isprintable()
