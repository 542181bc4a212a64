"""Wrappers by name: Gymnasium's, those of users, and what is said of those that cannot be put around."""

from typing import Any

import gymnasium
import numpy as np
import pytest

from tasks.environment import CheckedVector
from tasks.errors import EnvironmentFailureError, MakingError, TaskError
from tasks.inspection import examine_environment
from tasks.making import make_environment
from tasks.reading import Reading
from tasks.recipe import Recipe, Wrapping
from tests.support.builders import make_spec
from tests.support.odd_environments import odd
from tests.support.wrapped_environments import Tenfold, wrapper

STEADY = odd("Steady")


def recipe(*wrappers: str, env: str = STEADY, limit: int | None = 50, **arguments: Any) -> Recipe:
    """Return how an environment is made within wrappers; arguments are those of the last."""
    *inner, last = wrappers
    return Recipe(env, {}, limit, (*map(Wrapping, inner), Wrapping(last, arguments)))


def error_of(name: str, **arguments: Any) -> str:
    with pytest.raises(MakingError) as raised:
        make_environment(recipe(wrapper("Tenfold"), name, **arguments))
    assert raised.value.field == "wrappers.1"
    return str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        "gymnasium.wrappers.FlattenObservation",
        "gymnasium.wrappers:FlattenObservation",
        wrapper("Tenfold"),
        wrapper("Tenfold").replace(":", "."),
        wrapper("tenfold"),
    ],
)
def test_a_wrapper_is_found_by_a_dotted_name_or_a_module_and_a_name(name: str):
    """Classes, and functions that return an environment."""
    made = make_environment(recipe(name))
    assert isinstance(made, gymnasium.wrappers.FlattenObservation | Tenfold)


def test_the_first_wrapper_is_the_innermost_and_arguments_are_its_own():
    """Clipping to 3 and then times 10 pays 30; the other way round it pays 3."""
    clip = Wrapping("gymnasium.wrappers.ClipReward", {"max_reward": 0.5})
    tenfold = Wrapping(wrapper("Tenfold"), {"factor": 4})
    paid = []
    for wrappers in ((clip, tenfold), (tenfold, clip)):
        made = make_environment(Recipe(STEADY, {}, 9, wrappers))
        made.reset(seed=1)
        paid.append(made.step(0)[1])
    assert paid == [2.0, 0.5]


def test_a_time_limit_counts_the_environments_own_steps():
    """A wrapper that makes two steps of one reaches it in half as many: its reset takes a step too."""
    made = make_environment(recipe(wrapper("Twice"), limit=5))
    made.reset(seed=1)
    assert [made.step(0)[3] for _ in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gymnasium.wrappers.FlatenObservation", "did you mean 'gymnasium.wrappers.FlattenObservation'?"),
        ("FlattenObservation", "did you mean 'gymnasium.wrappers.FlattenObservation'?"),
        (wrapper("Tenfolds"), "did you mean 'tests.support.wrapped_environments.Tenfold'?"),
        ("nowhere.at_all.Wrapper", "is not found; allowed are subclasses of gymnasium.Wrapper"),
        ("two words", "is not found; allowed are"),
    ],
)
def test_a_name_that_is_not_found_is_told_with_the_nearest(name: str, said: str):
    """And with what is allowed."""
    found = error_of(name)
    assert found.startswith(f"{name!r} is not found; ")
    assert said in found
    assert "?;" not in found


@pytest.mark.parametrize("name", ["collections.OrderedDict", wrapper("MODULE"), "gymnasium.wrappers"])
def test_what_is_no_wrapper_is_refused(name: str):
    """Other classes, texts and modules."""
    assert error_of(name).startswith(f"{name!r} is no wrapper; ")


def test_a_function_that_returns_no_environment_is_no_wrapper():
    """The sentence says what it returned."""
    assert error_of(wrapper("nothing")).startswith(
        f"{wrapper('nothing')!r} is no wrapper: it returns 7; allowed are"
    )


def test_an_argument_that_is_lacking_is_named_with_the_form_to_give_it_in():
    """Before the wrapper is built."""
    assert error_of("gymnasium.wrappers.TimeLimit") == (
        "'gymnasium.wrappers.TimeLimit' needs 'max_episode_steps', which is not given; it should be "
        "{wrapper: gymnasium.wrappers.TimeLimit, max_episode_steps: ...}"
    )


def test_an_argument_that_it_does_not_take_is_named_with_the_nearest():
    """And with those that it takes."""
    assert error_of(wrapper("Tenfold"), facter=2) == (
        f"{wrapper('Tenfold')!r} takes no argument 'facter'; did you mean 'factor'? it takes factor"
    )
    assert error_of("gymnasium.wrappers.FlattenObservation", a=1).endswith(
        "takes no argument 'a'; it takes none"
    )


def test_an_argument_of_the_wrong_kind_is_told_in_the_wrappers_words():
    """One line, with the arguments."""
    said = error_of(wrapper("Tenfold"), factor="much")
    assert "cannot be put around the environment with {'factor': 'much'}: TypeError: " in said


def test_a_package_that_a_wrapper_needs_is_named():
    """As for an environment."""
    assert "needs the module 'no_such_package', which is not installed" in error_of(wrapper("Needy"))


def mistakes_of(name: str, instances: int = 1) -> str:
    try:
        return "\n".join(examine_environment("maze", recipe(name), Reading(), instances, seed=1).mistakes)
    except TaskError as error:
        return str(error)


def test_a_mistake_in_a_wrapper_names_its_place_in_the_configuration():
    """Counted from 0, as lists of other fields are."""
    assert mistakes_of("gymnasium.Nothing").startswith(
        "tasks.maze.wrappers.0: 'gymnasium.Nothing' is not found"
    )


def test_a_wrapper_that_shows_another_shape_than_it_declares_is_found_in_the_trial():
    """The sentence names the wrapper with the environment."""
    assert mistakes_of(wrapper("Reshaped")) == (
        f"tasks.maze.env: environment {STEADY!r} (wrapped in Reshaped) returned an observation of shape "
        "(1,), but declares (2,)"
    )


def test_a_wrapper_whose_space_differs_between_instances_is_refused():
    """In the trial, and once more where streams are opened."""
    assert "another instance of it declared" in mistakes_of(wrapper("Widening"), instances=2)
    widening = (Wrapping(wrapper("Widening")),)
    spec = make_spec(observation_shape=(2,), env=STEADY, wrappers=widening, num_actions=3)
    with pytest.raises(EnvironmentFailureError, match=r"\(wrapped in Widening\) declares .* but another"):
        CheckedVector(spec, 1, seed=1)


def test_wrappers_hide_dynamics_that_are_known():
    """A pole in a wrapper is stepped as what it is then."""
    spec = make_spec("pole", (4,), env="CartPole-v1", wrappers=(Wrapping(wrapper("Tenfold")),))
    vector = CheckedVector(spec, 2, seed=1)
    vector.reset()
    assert vector.step(np.array([0, 1]))[1].tolist() == [10.0, 10.0]


@pytest.mark.parametrize("env", ["vector:CartPole-v1", "envpool:CartPole-v1"])
def test_wrappers_around_sources_that_step_many_at_once_are_refused(env: str):
    """Before any of them is looked for."""
    with pytest.raises(TaskError) as raised:
        examine_environment("maze", recipe(wrapper("Tenfold"), env=env), Reading(), 1, seed=1)
    assert str(raised.value) == (
        f"tasks.maze.wrappers: not allowed around {env!r}, which steps many environments at once; it should "
        "be [], or tasks.maze.env one of Gymnasium's"
    )
