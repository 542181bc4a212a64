"""Imports follow the arrows of `docs/architecture.md`: see `tests/architecture/arrows.py`."""

from pathlib import Path

import pytest

from tests.architecture.arrows import BELOW, ROOMS_OF_PACKAGE, violations
from tests.support.source_tree import ROOMS, SourceFile, imports_of, source_files


def written(room: str, line: str) -> SourceFile:
    return SourceFile(room, f"{room}/sub/file.py", f'"""A file."""\n\n{line}\n')


def test_every_import_follows_the_arrows():
    """No file of any room knows a room, or a package, that it may not know."""
    found = violations(source_files())
    assert found == [], "\n".join(found)


def test_the_search_sees_the_source():
    """The rooms that exist are read, so that the test above cannot pass on nothing."""
    rooms = {file.room for file in source_files()}
    imported = {name for file in source_files() for _, name in imports_of(file)}
    assert {"tasks", "network", "replay"} <= rooms <= set(ROOMS)
    assert {"tasks.spec.TaskSpec", "torch", "numba", "replay.fragment.FragmentBlock"} <= imported


def test_the_arrows_have_no_cycle():
    """What a room may import may not import it back, and no room but those of the design is named."""
    assert set(BELOW) == set(ROOMS)
    assert [(room, low) for room, below in BELOW.items() for low in below if room in BELOW[low]] == []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("tasks", "from network.build import build_network"),
        ("network", "import replay"),
        ("replay", "from network import weights"),
        ("actors", "from learner.update import update"),
        ("learner", "import actors.rollout"),
        ("deploy", "from study import arms"),
        ("deploy", "from cli.main import main"),
        ("config", "from training.fleet import Node"),
        ("training", "from cluster.roster import Roster"),
        ("cluster", "from deploy.launch import start_run"),
        ("deploy", "import ray"),
        ("training", "import ray"),
        ("cluster", "import prometheus_client"),
        ("study", "import cli"),
        ("learner", "from tasks.environment import CheckedVector"),
        ("network", "from tasks import registry"),
        ("replay", "import tasks"),
        ("actors", "import ray"),
        ("benchmarks", "import ray"),
        ("benchmarks", "from cli.main import main"),
        ("deploy", "from benchmarks.harness import Bench"),
        ("benchmarks/peers", "from benchmarks.harness import Bench"),
        ("benchmarks/peers", "from replay.table import Table"),
        ("cli", "from matplotlib.figure import Figure"),
        ("learner", "from prometheus_client import Counter"),
        ("cli", "import ray"),
        ("tasks", "import torch"),
        ("tasks", "import importlib\nimportlib.import_module('envpool')"),
        ("replay", "from torch import Tensor"),
        ("learner", "from pydantic import BaseModel"),
        ("deploy", "import typer"),
        ("study", "from rich.table import Table"),
        ("replay", "import gymnasium"),
        ("network", "import msgpack"),
        ("actors", "if True:\n    def late():\n        import learner"),
        ("actors", "import importlib\nimportlib.import_module('learner.update')"),
        ("tasks", "from ...network import build"),
    ],
)
def test_an_import_against_the_arrows_is_noticed(room: str, line: str):
    """Each kind of forbidden import yields one sentence that names file and import, wherever it stands."""
    found = violations([written(room, line)])
    assert len(found) == 1
    assert found[0].startswith(f"{room}/sub/file.py:")


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("learner", "from tasks.spec import TaskSpec"),
        ("replay", "from tasks import errors"),
        ("actors", "from tasks.environment import CheckedVector"),
        ("actors", "import torch"),
        ("deploy", "import prometheus_client"),
        ("config", "import pydantic"),
        ("cluster", "import ray"),
        ("deploy", "from learner import update\nfrom actors import rollout"),
        ("cli", "import typer, rich\nfrom study import arms"),
        ("cli", "from benchmarks.replay import measure_replay"),
        ("benchmarks", "import matplotlib, torch\nfrom cluster.ray.shard_process import ShardHost"),
        ("benchmarks/peers", "import ray, reverb, cpprb, torch"),
        ("tasks", "from .other import thing"),
        ("replay", "import os\nfrom collections.abc import Mapping"),
    ],
)
def test_an_import_along_the_arrows_passes(room: str, line: str):
    """The test forbids nothing that the design allows."""
    assert violations([written(room, line)]) == []


def test_files_of_any_depth_are_read(tmp_path: Path):
    """A forbidden import does not hide in a sub-package."""
    hidden = tmp_path / "replay" / "a" / "b" / "c.py"
    hidden.parent.mkdir(parents=True)
    hidden.write_text("import ray\n")
    expected = [f"replay/a/b/c.py:1 imports ray: ray belongs in {sorted(ROOMS_OF_PACKAGE['ray'])} only"]
    assert expected == violations(source_files(tmp_path))
