"""Where compiled functions are kept when the usual places cannot be written to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from replay.spare_folder import spare_folder

MODULE = """
from replay.compiling import compiled, folder_of_compiled
@compiled
def double(x):
    return 2 * x
print(double(21), double.stats.cache_path)
"""


@pytest.mark.parametrize("temporary", ["/dev/null", None])
def test_a_module_that_cannot_be_cached_compiles(tmp_path: Path, temporary: str | None):
    """In a folder of this user's own, or nowhere: it works in either case."""
    module = tmp_path / "installed" / "module.py"
    module.parent.mkdir()
    module.write_text(MODULE)
    (module.parent / "__pycache__").write_text("a file, where numba wants a folder")
    environment = {**os.environ, "XDG_CACHE_HOME": "/dev/null", "TMPDIR": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    if temporary is not None:
        (tmp_path / f"trunkline-compiled-{os.getuid()}").write_text("somebody else's")
    command = [sys.executable, str(module)]
    environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    answer, place = done.stdout.split()
    assert answer == "42"
    assert (place == "None") == (temporary is not None)


def test_a_spare_folder_is_nobody_elses(tmp_path: Path):
    """What others may write to is not used; a link is none of ours."""
    folder = spare_folder("spare", tmp_path)
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert spare_folder("spare", tmp_path) == folder
    folder.chmod(0o777)
    assert spare_folder("spare", tmp_path) is None
    folder.chmod(0o700)
    folder.rename(tmp_path / "other")
    folder.symlink_to(tmp_path / "other")
    assert spare_folder("spare", tmp_path) is None
    assert spare_folder("spare", tmp_path / "gone") is None
