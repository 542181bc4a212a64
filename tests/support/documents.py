"""Reads the documents as data: the programs that stand in them."""

import re
from pathlib import Path
from types import ModuleType

DOCUMENTS = Path(__file__).parents[2] / "docs"


def program_of(page: str) -> ModuleType:
    """Return the first Python program of a page of `docs/`, executed as a module."""
    path = DOCUMENTS / page
    text = path.read_text(encoding="utf-8")
    program = re.search(r"^```python\n(.*?)^```", text, re.M | re.S)
    assert program is not None, f"there is no program in docs/{page}"
    module = ModuleType(page.removesuffix(".md"))
    line = text[: program.start(1)].count("\n")
    exec(compile("\n" * line + program[1], str(path), "exec"), module.__dict__)
    return module
