"""The registry of known environments."""

import pytest

from config.loading import parse_config
from config.resolution import rehearse
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


@pytest.mark.parametrize("env", ["envpool:CartPole-v1", "vector:CartPole-v1"])
def test_settings_are_the_same_from_each_source(env: str):
    """A prefix says where an environment comes from, and not what it is."""
    registry = EnvironmentRegistry()
    registry.add(CARTPOLE)
    assert registry.find(env) == CARTPOLE
    assert registry.find(env.replace(":", "_")) is None


def test_masks_in_infos_are_used_where_a_source_has_them():
    """Gymnasium's Taxi says which actions are of use, and EnvPool's does not."""
    registry = shipped_registry()
    found = [registry.find(env) for env in ("Taxi-v4", "Taxi-v3", "envpool:Taxi-v3")]
    assert [known and known.action_mask for known in found] == ["info", "info", None]
    assert {known and known.solved_at for known in found} == {7.0}


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


def test_settings_of_a_form_hold_for_all_ids_of_it_that_have_none_of_their_own():
    """`*` stands for any letters."""
    registry = EnvironmentRegistry()
    rooms, own = (KnownEnvironment(name, env, "") for name, env in (("rooms", "Room-*"), ("own", "Room-v1")))
    registry.add(rooms)
    registry.add(own)
    assert [registry.find(env) for env in ("Room-v0", "Room-v1", "Rooms")] == [rooms, own, None]


def test_settings_are_as_a_configuration_has_them():
    """Lists for tuples, also of parts; those of spaces hold without wrappers alone."""
    known = KnownEnvironment(
        "a", "A-v0", "", solved_at=1.0, observation_scale={"image": (10.0,)}, action_mask="info"
    )
    general = {"solved_at": 1.0, "discount": 0.99, "max_episode_steps": None}
    assert known.settings(wrapped=True) == general
    assert known.settings(wrapped=False) == general | {
        "observation_scale": {"image": [10.0]},
        "action_mask": "info",
    }


EXAMPLES = {
    "Taxi-v*": "Taxi-v4",
    "MiniGrid-*": "MiniGrid-DoorKey-5x5-v0",
    "BabyAI-*": "BabyAI-GoToLocal-v0",
}
NEEDED = {"MinAtar": "minatar", "MiniGrid": "minigrid", "BabyAI": "minigrid", "LunarLander": "Box2D"}


@pytest.mark.parametrize("known", shipped_registry().all(), ids=lambda known: known.name)
def test_every_shipped_environment_can_be_trained_on_with_its_settings(known: KnownEnvironment):
    """It can be built, has a time limit, its scale fits its observations, and nothing is wrong or unwise."""
    for begin, module in NEEDED.items():
        if known.env.startswith(begin):
            pytest.importorskip(module)
    env = EXAMPLES.get(known.env, known.env)
    run = rehearse(parse_config({"tasks": {"known": {"env": env, "envs_per_actor": 1}}}))
    (spec,) = run.specs
    assert spec.choices.total >= 2
    assert spec.solved_at == known.solved_at
    assert (spec.layout.mask is not None) == (known.action_mask is not None)
    assert run.warnings == []
