"""The registry of known environments."""

import pytest

from tasks.inspection import inspect_environment
from tasks.recipe import Recipe
from tasks.registry import EnvironmentRegistry, KnownEnvironment, shipped_registry

CARTPOLE = KnownEnvironment("cartpole", "CartPole-v1", "balance a pole", solved_at=475.0)


def test_a_registered_environment_is_found_by_its_id():
    """The settings come back as they were added."""
    registry = EnvironmentRegistry()
    registry.add(CARTPOLE)
    assert registry.find("CartPole-v1") == CARTPOLE


def test_an_unknown_id_is_none():
    """A name is no id, and an environment that nobody added is no error."""
    registry = EnvironmentRegistry()
    registry.add(CARTPOLE)
    assert [registry.find("cartpole"), registry.find("Pong-v5")] == [None, None]


@pytest.mark.parametrize(
    "repeated",
    [
        KnownEnvironment("other", "CartPole-v1", "same id"),
        KnownEnvironment("cartpole", "Other-v0", "same name"),
    ],
    ids=["same id", "same name"],
)
def test_a_repeated_id_or_name_is_refused(repeated: KnownEnvironment):
    """The sentence names both, and the first registration stays."""
    registry = EnvironmentRegistry()
    registry.add(CARTPOLE)
    with pytest.raises(ValueError, match=rf"'{repeated.name}' \({repeated.env}\) is registered already"):
        registry.add(repeated)
    assert registry.all() == [CARTPOLE]


def test_all_returns_the_order_of_registration():
    """The list is a copy: changing it changes no registry."""
    registry = EnvironmentRegistry()
    other = KnownEnvironment("a", "A-v0", "first by name, second by time")
    registry.add(CARTPOLE)
    registry.add(other)
    registry.all().clear()
    assert registry.all() == [CARTPOLE, other]


def test_shipped_registries_are_independent():
    """Adding to one leaves the next as it is shipped."""
    shipped_registry().add(KnownEnvironment("mine", "Mine-v0", "added by a user"))
    assert shipped_registry().find("Mine-v0") is None


@pytest.mark.parametrize("known", shipped_registry().all(), ids=lambda known: known.name)
def test_every_shipped_environment_can_be_trained_on_with_its_settings(known: KnownEnvironment):
    """It can be built, has a time limit, and its scale fits its observations."""
    if known.env.startswith("MinAtar/"):
        pytest.importorskip("minatar")
    report = inspect_environment(known.name, Recipe(known.env, {}, None))
    assert known.observation_scale is None or (len(known.observation_scale),) == report.layout.frame_shape
    assert report.choices.total >= 2
    assert report.max_episode_steps > 0
    assert 0 < known.discount <= 1
