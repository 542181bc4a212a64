"""The rules of the house: small files, short bodies, no pickle, nothing left to do."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator

import pytest

from tests.support.source_tree import SourceFile, imports_of, source_files

MAX_FILE_LINES = 300
MAX_BODY_LINES = 50
PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
TORCH_PICKLES = {"torch.load", "torch.save"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def long_files(file: SourceFile) -> Iterator[str]:
    """Yield the file if it is too long."""
    lines = len(file.text.splitlines())
    if lines > MAX_FILE_LINES:
        yield f"{file.path} has {lines} lines"


def long_bodies(file: SourceFile) -> Iterator[str]:
    """Yield every function whose body, without its docstring, is too long."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > MAX_BODY_LINES:
                yield f"{file.path}:{node.lineno} {node.name} has a body of {lines} lines"


def pickles(file: SourceFile) -> Iterator[str]:
    """Yield every import or call of something that unpickles."""
    names = [(line, name) for line, name in imports_of(file)]
    names += [(n.lineno, ast.unparse(n)) for n in ast.walk(file.tree) if isinstance(n, ast.Attribute)]
    for line, name in names:
        if name.split(".")[0] in PICKLES or name in TORCH_PICKLES:
            yield f"{file.path}:{line} uses {name}"


def unfinished(file: SourceFile) -> Iterator[str]:
    """Yield every comment or text that puts something off."""
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        if token.type in {tokenize.COMMENT, tokenize.STRING} and UNFINISHED.search(token.string):
            yield f"{file.path}:{token.start[0]} {token.string.strip()[:60]}"


def texts_of_the_locale(file: SourceFile) -> Iterator[str]:
    """Yield every opening of a text file that leaves its encoding to the locale: all texts are UTF-8."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and not any(word.arg == "encoding" for word in node.keywords):
            called = ast.unparse(node.func).rpartition(".")[2]
            words = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            modes = [word for word in words if isinstance(word, str) and re.fullmatch("[rwaxbt+]{1,3}", word)]
            binary = any("b" in mode for mode in modes)
            if called in ("read_text", "write_text") or (called == "open" and modes and not binary):
                yield f"{file.path}:{node.lineno} {called} without encoding"


def json_elsewhere(file: SourceFile) -> Iterator[str]:
    """Yield every call that writes JSON past the one place that keeps NaN out of it."""
    if (
        file.room not in {"config", "training", "cluster", "deploy", "cli"}
        or file.path == "training/json_text.py"
    ):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"json.dumps", "json.dump"}:
            yield f"{file.path}:{node.lineno} uses {ast.unparse(node)}: training.json_text writes JSON"


RULES = [texts_of_the_locale, long_files, long_bodies, pickles, unfinished, json_elsewhere]


@pytest.mark.parametrize("rule", RULES)
def test_every_file_keeps_the_rule(rule: Callable[[SourceFile], Iterator[str]]):
    """No file of any room breaks it."""
    files = source_files()
    assert len(files) > 20
    problems = [problem for file in files for problem in rule(file)]
    assert problems == [], "\n".join(problems)


def function(lines: int, docstring: int = 0) -> str:
    text = '    """A\n' + "    b\n" * docstring + '    """\n' if docstring else ""
    return "def f():\n" + text + "    x = 1\n" * lines


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (long_files, "x = 1\n" * 301),
        (long_bodies, function(51)),
        (long_bodies, function(51, docstring=30)),
        (long_bodies, "class C:\n    async def f(self):\n" + "        x = 1\n" * 51),
        (pickles, "import pickle\n"),
        (pickles, "def f():\n    from cloudpickle import loads\n"),
        (pickles, "import torch\nw = torch.load('w.pt')\n"),
        (pickles, "from torch import load\n"),
        (unfinished, "x = 1  # TODO: later\n"),
        (unfinished, '"""FIXME"""\n'),
        (texts_of_the_locale, "text = path.read_text()\n"),
        (texts_of_the_locale, "(folder / 'x').write_text(text)\n"),
        (texts_of_the_locale, "file = path.open('a')\n"),
        (texts_of_the_locale, "file = open(path, 'w')\n"),
        (json_elsewhere, "import json\nx = json.dumps(1)\n"),
        (json_elsewhere, "import json\njson.dump(1, f)\n"),
    ],
)
def test_a_broken_rule_is_noticed(rule: Callable[[SourceFile], Iterator[str]], text: str):
    """Each rule finds exactly the one thing that breaks it."""
    assert len(list(rule(SourceFile("deploy", "deploy/x.py", text)))) == 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (long_files, "x = 1\n" * 300),
        (long_bodies, function(50)),
        (long_bodies, function(50, docstring=30)),
        (pickles, "import json, torch\nx = json.load\n"),
        (unfinished, "todo = 1  # every method\n"),
        (texts_of_the_locale, "text = path.read_text(encoding='utf-8')\n"),
        (texts_of_the_locale, "file = open(path, 'rb')\n"),
        (json_elsewhere, "import json\nx = json.loads(y)\n"),
    ],
)
def test_what_just_keeps_a_rule_passes(rule: Callable[[SourceFile], Iterator[str]], text: str):
    """The limits themselves are allowed, docstrings are free."""
    assert list(rule(SourceFile("tasks", "tasks/x.py", text))) == []
