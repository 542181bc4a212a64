"""What is not installed, each with the command that installs it; and ids that are called otherwise."""

import sys
from itertools import pairwise
from typing import Any

import gymnasium
import pytest

from tasks.errors import MakingError
from tasks.making import make_environment
from tasks.missing import missing
from tasks.recipe import Recipe
from tasks.suites import SUITES, Suite


def absent(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module be one that is not installed. What it has loaded of C stays: twice would be too often."""
    users = (f"{module}.", "gymnasium.envs.box2d")
    for loaded in [name for name in sys.modules if name.startswith(users)]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)


def error_of(env: str) -> str:
    with pytest.raises(MakingError) as raised:
        make_environment(Recipe(env))
    return str(raised.value)


@pytest.mark.parametrize(
    ("env", "module", "extra"),
    [
        ("ALE/Pong-v5", "ale_py", "atari"),
        ("MiniGrid-Empty-5x5-v0", "minigrid", "minigrid"),
        ("BabyAI-GoToObj-v0", "minigrid", "minigrid"),
        ("LunarLander-v3", "Box2D", "box2d"),
        ("MinAtar/Breakout-v1", "minatar", "minatar"),
    ],
)
def test_a_missing_extra_is_named(env: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch):
    """Before Gymnasium says that it knows no such environment."""
    absent(module, monkeypatch)
    assert error_of(env).startswith(
        f"environment {env!r} needs an extra that is not installed: pip install --editable '.[{extra}]'"
    )


def test_a_package_that_no_extra_has_is_named(monkeypatch: pytest.MonkeyPatch):
    """With what pip installs."""
    absent("mujoco", monkeypatch)
    for name in [name for name in sys.modules if name.startswith("gymnasium.envs.mujoco")]:
        monkeypatch.delitem(sys.modules, name)
    said = "needs the module 'mujoco', which is not installed: pip install 'gymnasium[mujoco]'"
    assert said in error_of("HalfCheetah-v5")


def chain(*errors: BaseException) -> BaseException:
    """Return the last of errors that each came from the one before."""
    for cause, error in pairwise(errors):
        error.__cause__ = cause
    return errors[-1]


def test_what_gymnasium_says_of_a_missing_module_is_followed_to_its_cause():
    """It names commands of its own, which install what trunkline does not ask for."""
    error = chain(
        ModuleNotFoundError("No module named 'cv2'", name="cv2"),
        gymnasium.error.DependencyNotInstalled("opencv-python package not installed"),
    )
    assert missing("a:B", error) == "needs an extra that is not installed: pip install --editable '.[atari]'"


@pytest.mark.parametrize(
    ("library", "install"),
    [
        ("libGL.so.1", "apt-get install libgl1"),
        ("libEGL.so.1", "apt-get install libegl1"),
        ("libQt5Gui.so.5", "apt-get install libqt5gui5"),
        ("libunheard-of.so.2", "a package of the system's own has it"),
    ],
)
@pytest.mark.parametrize("kind", [ImportError, OSError])
def test_a_missing_library_of_the_system_is_named(library: str, install: str, kind: Any):
    """With the package that has it, where that is known."""
    error = kind(f"{library}: cannot open shared object file: No such file or directory")
    assert missing("a:B", error) == f"needs the system library {library}, which this machine lacks: {install}"


@pytest.mark.parametrize("error", [ValueError("libGL.so.1"), OSError("no level file"), ImportError("a loop")])
def test_what_is_another_mistake_is_left_alone(error: Exception):
    """It is told in its own words."""
    assert missing("a:B", error) is None


@pytest.mark.filterwarnings("ignore:.*out of date")
@pytest.mark.parametrize(
    ("env", "near"),
    [
        ("CartPole-v9", "CartPole-v1"),
        ("Catch-v0", "trunkline/Catch-v0"),
        ("Breakout-v1", "MinAtar/Breakout-v1"),
        ("MiniGrid-Empty-55-v0", "MiniGrid-Empty-5x5-v0"),
        ("Pong-v5", "ALE/Pong-v5"),
    ],
)
def test_an_id_that_is_called_otherwise_is_named(env: str, near: str):
    """Also where another suite has it."""
    if near.startswith(("ALE/", "MiniGrid")):
        pytest.importorskip("ale_py")
        pytest.importorskip("minigrid")
    assert error_of(env).startswith(f"unknown environment {env!r}; did you mean {near!r}? ")


@pytest.mark.filterwarnings("ignore:.*out of date")
def test_a_version_that_is_out_of_date_is_told_with_the_newest():
    """Gymnasium knows it, and makes it no more."""
    assert "did you mean 'LunarLander-v3'?" in error_of("LunarLander-v2")


def test_every_module_of_a_suite_has_an_extra():
    """And a suite is installed if its module is found."""
    assert [suite.name for suite in SUITES if (suite.module is None) != (suite.extra is None)] == []
    assert Suite("a", ("A-*",), "", "numpy", "a").installed
    assert not Suite("a", ("A-*",), "", "no_such_module", "a").installed


@pytest.mark.parametrize(
    ("env", "name"), [("MiniGrid-Empty-5x5-v0", "MiniGrid"), ("ALE/Pong-v5", "Atari"), ("Pong-v5", None)]
)
def test_a_suite_knows_its_ids(env: str, name: str | None):
    """At most one has each."""
    assert [suite.name for suite in SUITES if suite.has(env)] == ([] if name is None else [name])
