"""Reads source files without running them: which files a room has, what each imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    "tasks",
    "network",
    "replay",
    "actors",
    "learner",
    "config",
    "training",
    "cluster",
    "deploy",
    "study",
    "benchmarks",
    "benchmarks/peers",
    "cli",
)


@dataclass(frozen=True)
class SourceFile:
    """One Python file of a room."""

    room: str
    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)


def source_files(root: Path = ROOT) -> list[SourceFile]:
    """Return every Python file of every room that is there."""
    return [
        SourceFile(room, path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for room in ROOMS
        for path in sorted((root / room).rglob("*.py"))
        if not any(path.is_relative_to(root / inner) for inner in ROOMS if inner.startswith(f"{room}/"))
    ]


def imports_of(file: SourceFile) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every import, wherever it stands; `from a import b` is `a.b`."""
    package = file.path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _is_dynamic_import(node.func):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield node.lineno, name.value


def _is_dynamic_import(function: ast.expr) -> bool:
    return ast.unparse(function) in {"__import__", "import_module", "importlib.import_module"}
