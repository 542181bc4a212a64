"""Reads the documents as data: the programs that stand in them."""

import re
from pathlib import Path
from types import ModuleType

DOCUMENTS = Path(__file__).parents[2] / "docs"


def program_of(page: str, heading: str) -> ModuleType:
    """Return the first Python program after a heading of a page of `docs/`, executed as a module."""
    path = DOCUMENTS / page
    text = path.read_text(encoding="utf-8")
    program = re.compile(r"^```python\n(.*?)^```", re.M | re.S).search(text, text.index(f"\n## {heading}\n"))
    assert program is not None, f"there is no program in docs/{page} under {heading!r}"
    module = ModuleType(page.removesuffix(".md"))
    line = text[: program.start(1)].count("\n")
    exec(compile("\n" * line + program[1], str(path), "exec"), module.__dict__)
    return module
