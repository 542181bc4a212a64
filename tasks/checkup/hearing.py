"""Listens to what an environment prints, be it from Python or from C."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

OUT, ERR = 1, 2


@contextmanager
def heard() -> Iterator[list[str]]:
    """Keep what is printed within to itself; its lines are in the list afterwards, without empty ones.

    with heard() as lines:
        make_environment(recipe)
    lines                                # ["A.L.E: Arcade Learning Environment", ...]
    """
    lines: list[str] = []
    kept = [os.dup(descriptor) for descriptor in (OUT, ERR)]
    with tempfile.TemporaryFile() as file:
        try:
            with open(os.dup(file.fileno()), "w", encoding="utf-8", errors="replace", buffering=1) as text:
                sys.stdout.flush()
                sys.stderr.flush()
                for descriptor in (OUT, ERR):
                    os.dup2(file.fileno(), descriptor)
                with redirect_stdout(text), redirect_stderr(text):
                    yield lines
        finally:
            for number, descriptor in zip(kept, (OUT, ERR), strict=True):
                os.dup2(number, descriptor)
                os.close(number)
            file.seek(0)
            printed = file.read().decode("utf-8", "replace").splitlines()
            lines += [line.strip() for line in printed if line.strip()]
