"""Settings of the network that would do nothing, or that the tasks do not allow; checkpoints of each way."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from config.errors import ConfigError
from config.network_mistakes import network_mistakes
from config.resolution import resolve
from learner.checkpoint import Checkpoint, load_newest_checkpoint, save_checkpoint
from learner.learner_state import learner_tensors, restore_learner
from network.build import Architecture
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, tiny_config, tiny_parts
from tests.support.networks import WAYS

VECTOR = make_spec("pole", (4,))
SMALL = make_spec("small", (10, 10, 4), observation_dtype="uint8")
LARGE = make_spec("large", (4, 84, 84), observation_dtype="uint8", frame_stack=4)
BOARD = make_spec("board", (10, 5), observation_dtype="uint8")

MISTAKES = [
    (["conditioning=film", "sharing=moe"], ["network.conditioning: 'film'", "'moe'", "should be 'hard'"]),
    (["pull=0.5"], ["network.pull: 0.5 is not allowed", "'hard', which does not read it", "'l2'", "0.001"]),
    (["experts=2", "sharing=l2"], ["network.experts: 2", "network.sharing should be 'moe'"]),
    (["orthogonal_experts=true"], ["network.orthogonal_experts: True", "should be 'moe'"]),
    (["trunk_frozen_for=5"], ["network.trunk_frozen_for: 5 is not allowed without network.trunk_from"]),
    (["trunk_frozen_for=null"], ["network.trunk_frozen_for: null is not allowed", "directory of a run"]),
    (
        ["trunk_convolutions=[8]"],
        ["network.trunk_convolutions: [8] is not allowed: observations of task 'pole' are no images"],
    ),
    (["trunk_convolutions=[8]", "encoder=mlp"], ["network.trunk_convolutions: [8]", "'auto' or 'conv'"]),
    (["encoder=conv"], ["network.encoder: 'conv' is not allowed: task 'pole'", "[4]", "'auto' or 'mlp'"]),
]
ALLOWED = [
    ["conditioning=film"],
    ["sharing=l2", "pull=0.5"],
    ["sharing=moe", "experts=2", "orthogonal_experts=true"],
    ["trunk_from=somewhere", "trunk_frozen_for=null"],
    ["sharing=separate", "pull=0.001"],
]


def found(overrides: list[str], *specs: TaskSpec) -> list[str]:
    return network_mistakes(tiny_config(*(f"network.{override}" for override in overrides)), specs)


@pytest.mark.parametrize(("overrides", "parts"), MISTAKES, ids=lambda value: " ".join(value)[:40])
def test_a_setting_that_does_not_apply_is_one_sentence(overrides: list[str], parts: list[str]):
    """It names the field, its value and what is allowed."""
    (sentence,) = found(overrides, VECTOR)
    for part in parts:
        assert part in sentence


@pytest.mark.parametrize("overrides", ALLOWED, ids=" ".join)
def test_settings_that_apply_are_allowed(overrides: list[str]):
    """And so is a setting that does not, at its default."""
    assert found(overrides, VECTOR) == []


def test_images_decide_which_convolutions_are_allowed():
    """Of one height and width for a trunk that begins with them; boards may be convolved too."""
    assert found(["encoder=conv"], SMALL, LARGE, BOARD) == []
    assert found(["trunk_convolutions=[8, 8]"], SMALL) == []
    (sizes,) = found(["trunk_convolutions=[8]"], SMALL, LARGE)
    assert "images of task 'large' are 84 x 84, those of 'small' 10 x 10" in sizes
    (too_many,) = found(["trunk_convolutions=[8, 8, 8, 8]"], SMALL)
    assert "filters of 3 x 3 do not fit into maps of 2 x 2" in too_many


def settings_of(architecture: Architecture) -> list[str]:
    values = asdict(architecture)
    names = ("sharing", "conditioning", "experts", "pull", "orthogonal_experts")
    given = [f"network.{name}={values[name]}" for name in names if values[name] is not False]
    return [override for override in given if override != "network.pull=0.0"]


@pytest.mark.parametrize("way", WAYS)
def test_a_checkpoint_of_every_way_of_sharing_restores(way: str, tmp_path: Path):
    """Another learner goes on with the same next update, bit for bit."""
    rng = np.random.default_rng(0)
    parts, others = (tiny_parts(*settings_of(WAYS[way]), f"seed={seed}") for seed in (3, 4))
    learner, restored = parts.learner(), others.learner()
    batches = [make_batch(spec, 6, rng) for spec in parts.specs]
    learner.step(batches)
    save_checkpoint(tmp_path, 1, Checkpoint(learner_tensors(learner), {"learner_step": 1}, {}), keep=1)
    restore_learner(restored, load_newest_checkpoint(tmp_path)[0])
    for one in (learner, restored):
        one.step(batches)
    ours, theirs = learner.network.named_parameters(), restored.network.named_parameters()
    assert all(name == other and a.equal(b) for (name, a), (other, b) in zip(ours, theirs, strict=True))


def test_ends_are_tied_of_tasks_that_look_and_act_alike_alone():
    """The chain and the symbols differ in both."""
    with pytest.raises(ConfigError) as caught:
        resolve(tiny_config("network.tied_ends=true"))
    assert "network.tied_ends: true is not allowed, since task 'identity'" in str(caught.value)
    twins = {name: {"env": "trunkline/Chain-v0"} for name in ("left", "right")}
    assert resolve(tiny_config("network.tied_ends=true", tasks=twins)).config.network.tied_ends
    with pytest.raises(ConfigError, match=r"value_scale: 'popart' is not allowed with network\.tied_ends"):
        resolve(tiny_config("network.tied_ends=true", "learner.value_scale=popart", tasks=twins))
