"""Environments by name: ids, ids of modules, classes and functions of modules, and what is said if none."""

import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from tasks.errors import MakingError
from tasks.making import make_environment
from tasks.recipe import Recipe
from tests.support.broken_environments import env_id
from tests.support.odd_environments import MODULE, Steady, odd


def error_of(env: str, **env_kwargs: Any) -> str:
    with pytest.raises(MakingError) as raised:
        make_environment(Recipe(env, env_kwargs, None))
    return str(raised.value)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes a module of a new name and returns the name."""
    monkeypatch.syspath_prepend(tmp_path)
    written: list[str] = []

    def write(text: str) -> str:
        name = f"made_up_{tmp_path.name.replace('-', '_')}_{len(written)}"
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["Steady", "made", "Outer.Inner"])
def test_what_nobody_registered_is_made_by_module_and_name(name: str):
    """A class, a function, a class within another; the time limit is the one that is given."""
    made = make_environment(Recipe(odd(name), {}, 7))
    assert isinstance(made.unwrapped, Steady)
    made.reset(seed=1)
    ends = [made.step(0)[2:4] for _ in range(7)]
    assert ends == [(False, False)] * 6 + [(False, True)]


def test_arguments_reach_what_makes_an_environment():
    """As they are given."""
    made = make_environment(Recipe(odd("Given"), {"shape": [3], "dtype": "uint8"}, None))
    assert (made.observation_space.shape, made.observation_space.dtype) == ((3,), np.dtype("uint8"))


def test_an_id_that_a_module_registers_comes_before_a_class_of_that_name(module: Any):
    """The registration says more: limits, arguments, wrappers."""
    name = module(
        "import gymnasium\n"
        "from tests.support.odd_environments import Steady, Given as TwoNames\n"
        "gymnasium.register('TwoNames', entry_point=Steady, max_episode_steps=5)\n"
    )
    try:
        assert type(make_environment(Recipe(f"{name}:TwoNames", {}, None)).unwrapped) is Steady
    finally:
        gymnasium.registry.pop("TwoNames", None)
    made = make_environment(Recipe(env_id("WellBehaved"), {}, None))
    assert made.spec is not None
    assert made.spec.max_episode_steps == 50


def test_a_name_that_a_module_lacks_is_named_with_the_nearest():
    """And with what is allowed."""
    said = error_of(odd("Stedy"))
    assert said.startswith(
        f"unknown environment '{odd('Stedy')}'; did you mean '{odd('Steady')}'? allowed are "
    )
    assert "module:Class" in said
    assert "unknown environment" in error_of(f"{MODULE}:number")
    assert "unknown environment" in error_of(f"{MODULE}:Steady.nothing")


def test_a_class_that_is_no_environment_is_refused():
    """Gymnasium says what it should be."""
    assert "TypeError: The environment must inherit from the gymnasium.Env class" in error_of(
        "collections:Counter"
    )


@pytest.mark.parametrize("env", ["no_such_thing:Pole-v0", "no_such.thing.at.all:Pole"])
def test_a_module_that_is_not_found_is_told_where_it_is_looked_for(env: str):
    """PYTHONPATH is named, with a command to type."""
    said = error_of(env)
    assert "no module 'no_such" in said
    assert "PYTHONPATH=/where/it/lies trunkline" in said
    assert "the directory that it lies in" in said


def test_a_module_that_lacks_another_says_which(module: Any):
    """It is found itself: PYTHONPATH would be no help."""
    said = error_of(f"{module('import no_such_package')}:Pole")
    assert said.endswith(
        "it needs the module 'no_such_package', which is not installed where this process runs"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import sys\nsys.exit('no display')", "SystemExit (it called sys.exit): no display"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise OSError('one\\n   two')", "OSError: one two"),
        ("def f(:", "SyntaxError: "),
        ("raise RuntimeError('x' * 1000)", "xxx..."),
    ],
)
def test_what_a_module_raises_when_it_is_imported_is_one_sentence(module: Any, text: str, said: str):
    """Also sys.exit, which would end the process without a word."""
    found = error_of(f"{module(text)}:Pole")
    assert "cannot be built: " in found
    assert said in found
    assert len(found) < 700
    assert "\n" not in found
