"""What `docs/tasks.md` shows works, and its tables name what there is."""

import re
import shlex
import tomllib
from typing import Any

import pytest

from config.loading import parse_config
from config.resolution import rehearse
from config.yaml_text import parse_yaml
from tasks.presets import PRESETS
from tasks.sources.table import sources
from tasks.suites import SUITES
from tests.support.documents import DOCUMENTS
from tests.support.runs import run_command

PAGE = (DOCUMENTS / "tasks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS = [line for line in PAGE.splitlines() if line.startswith("trunkline tasks check ")]
EXTRAS = tomllib.loads((DOCUMENTS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def need(text: str) -> None:
    """Skip where a suite that a text names is not installed."""
    if "ALE/" in text:
        pytest.importorskip("ale_py")
        pytest.importorskip("cv2")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split()[1])
def test_every_task_can_be_trained_on(block: str):
    """Each as it stands; none of them is warned of."""
    need(block)
    raw: Any = parse_yaml(block, "tasks.md")
    for task in raw["tasks"].values():
        task["envs_per_actor"] = 1
    assert rehearse(parse_config(raw)).warnings == []


@pytest.mark.parametrize("line", [line for line in COMMANDS if "my_module" not in line])
def test_every_command_answers(line: str, monkeypatch: pytest.MonkeyPatch):
    """With a table, and nothing wrong."""
    need(line)
    code, out, err = run_command(monkeypatch, *shlex.split(line)[1:], "--seconds", "0.1")
    assert (code, err) == (0, "")
    assert out.startswith("environment ")


def rows(heading: str, number: int = 0) -> list[list[str]]:
    """Return the rows of a table after a heading, without their code marks."""
    section = PAGE[PAGE.index(f"\n## {heading}\n") :]
    table = re.findall(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", section, re.M)[number]
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in table.splitlines()
    ]


def test_the_table_of_presets_is_that_of_the_code():
    """All of them, each for what it is for."""
    of_page = {name: names for name, names, _ in rows("Presets")}
    assert list(of_page) == list(PRESETS)
    for name, names in of_page.items():
        if names != "the same":
            assert names.replace("...", "").split(", ")[:2] == list(PRESETS[name].by_env)[:2]


def test_the_table_of_sources_is_that_of_the_code():
    """By what stands before the names."""
    of_page = [prefix for prefix, _ in rows("Sources and suites")]
    assert sorted(of_page) == sorted(prefix or "nothing" for prefix in sources())


def test_the_table_of_suites_is_that_of_the_code_and_its_extras_exist():
    """With ids of theirs."""
    of_page = {name: (ids, extra) for name, ids, extra in rows("Sources and suites", 1)}
    assert list(of_page) == [suite.name for suite in SUITES]
    for suite in SUITES:
        ids, extra = of_page[suite.name]
        assert extra == (suite.extra or "")
        assert suite.extra is None or suite.extra in EXTRAS
        assert all(suite.has(env) for env in ids.split(", ") if env != "...")


def test_the_page_has_what_the_tests_read():
    """So that none of them passes on nothing."""
    assert len(BLOCKS) >= 4
    assert len(COMMANDS) >= 4
