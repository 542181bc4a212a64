"""Weights as flat arrays: round trip, one task's slice, layouts that do not fit."""

import copy
import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from network.build import Architecture, build_network
from network.groups import task_views
from network.multi_task import MultiTaskNetwork
from network.weights import WeightsLayout, WeightsSnapshot
from tests.support.builders import make_spec

SPECS = [make_spec("a", (4,)), make_spec("b", (2, 3), num_actions=5), make_spec("twin", (4,))]


def make_network(seed: int, widths: tuple[int, ...] = (4, 6), dueling: bool = False) -> MultiTaskNetwork:
    return build_network(SPECS, Architecture(widths, dueling=dueling), seed)


def make_snapshot(network: MultiTaskNetwork) -> WeightsSnapshot:
    layout = WeightsLayout(network)
    return WeightsSnapshot(1, 10, layout.digest, layout.flatten(network))


def parameters_of(network: MultiTaskNetwork) -> dict[str, list[float]]:
    return {name: own.reshape(-1).tolist() for name, own in task_views(network.named_parameters())}


@settings(max_examples=25)
@given(widths=st.lists(st.integers(1, 9), min_size=1, max_size=4), dueling=st.booleans())
def test_loading_what_was_flattened_gives_the_same_network(widths: list[int], dueling: bool):
    """Whatever the widths, another network of that layout becomes equal bit for bit."""
    source = make_network(1, tuple(widths), dueling)
    target = make_network(2, tuple(widths), dueling)
    layout = WeightsLayout(target)
    layout.load(target, make_snapshot(source))
    assert parameters_of(source) == parameters_of(target)
    assert layout.flatten(source).tolist() == layout.flatten(target).tolist()


def test_flat_holds_every_parameter_in_order():
    """One float32 array, the parameters one after another."""
    network = make_network(1)
    flat = WeightsLayout(network).flatten(network)
    expected = [value for values in parameters_of(network).values() for value in values]
    assert (flat.dtype, flat.shape) == (np.dtype(np.float32), (WeightsLayout(network).size,))
    assert expected == flat.tolist()


def test_flatten_returns_a_copy():
    """Later updates of the network do not reach a published array."""
    network = make_network(1)
    flat = WeightsLayout(network).flatten(network)
    before = flat.tolist()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert before == flat.tolist()


def test_loading_copies_out_of_the_snapshot():
    """Training on after a load does not write into the snapshot, which may be read-only."""
    snapshot = make_snapshot(make_network(1))
    snapshot.flat.flags.writeable = False
    before = snapshot.flat.tolist()
    target = make_network(2)
    WeightsLayout(target).load(target, snapshot)
    with torch.no_grad():
        for parameter in target.parameters():
            parameter.add_(1.0)
    assert before == snapshot.flat.tolist()


@pytest.mark.parametrize("dueling", [False, True], ids=["linear", "dueling"])
@pytest.mark.parametrize("task", ["a", "b", "twin"])
def test_loading_one_tasks_slice_touches_only_that_task_and_the_trunk(task: str, dueling: bool):
    """An actor copies its own share: other tasks keep their parameters, also where all lie in one tensor."""
    source, target = make_network(1, dueling=dueling), make_network(2, dueling=dueling)
    before = parameters_of(target)
    WeightsLayout(target).load(target.for_task(task), make_snapshot(source))
    after, wanted = parameters_of(target), parameters_of(source)
    for name in after:
        untouched = "task:" in name and f"task:{task}." not in name
        assert after[name] == (before[name] if untouched else wanted[name]), name


def test_a_tasks_module_takes_its_slice_wherever_the_module_lives():
    """A copy of the task's module, with memory of its own, computes what the source computes for the task."""
    source = make_network(1)
    obs = torch.ones(3, 4)
    for task in ("a", "twin"):
        module = copy.deepcopy(make_network(2).for_task(task))
        WeightsLayout(make_network(3)).load(module, make_snapshot(source))
        torch.testing.assert_close(module(obs), source.for_task(task)(obs), rtol=0, atol=0)


def test_weights_of_another_layout_are_refused_with_a_sentence():
    """The sentence names both digests and both sizes; nothing is copied."""
    target = make_network(2)
    layout, before = WeightsLayout(target), parameters_of(target)
    other = make_snapshot(make_network(1, widths=(4, 7)))
    with pytest.raises(
        ValueError,
        match=f"layout {other.layout} with {other.flat.size} values do not fit "
        f"this network's layout {layout.digest} with {layout.size}",
    ):
        layout.load(target, other)
    assert before == parameters_of(target)


def test_weights_of_another_layout_with_as_many_values_are_refused():
    """Size alone proves nothing: a network whose task has another name does not fit."""
    target = make_network(2)
    renamed = build_network([make_spec("z", (4,)), *SPECS[1:]], Architecture((4, 6)), 1)
    other = make_snapshot(renamed)
    assert other.flat.size == WeightsLayout(target).size
    with pytest.raises(ValueError, match="do not fit"):
        WeightsLayout(target).load(target, other)


def test_weights_of_the_right_layout_and_the_wrong_length_are_refused():
    """A cut-off array does not half load."""
    target = make_network(2)
    snapshot = make_snapshot(make_network(1))
    with pytest.raises(ValueError, match="do not fit"):
        WeightsLayout(target).load(target, replace(snapshot, flat=snapshot.flat[:-1]))


def test_layouts_agree_exactly_for_the_same_names_and_shapes():
    """The digest knows names and shapes, not values; tasks alike that change places are another layout."""
    digest = WeightsLayout(make_network(1)).digest
    renamed = build_network([make_spec("z", (4,)), *SPECS[1:]], Architecture((4, 6)), 1)
    swapped = build_network(SPECS[::-1], Architecture((4, 6)), 1)
    others = [make_network(1, widths=(6, 4)), make_network(1, dueling=True), renamed, swapped]
    assert digest == WeightsLayout(make_network(2)).digest
    assert len({digest, *(WeightsLayout(other).digest for other in others)}) == 5


def test_a_snapshots_digest_is_the_hash_of_its_values():
    """Equal values, equal digest, whatever the version or the memory layout; one bit changes it."""
    snapshot = make_snapshot(make_network(1))
    expected = hashlib.sha256(snapshot.flat.tobytes()).hexdigest()
    strided = np.repeat(snapshot.flat, 2)[::2]
    changed = np.nextafter(snapshot.flat, np.float32(9))
    assert expected == snapshot.digest()
    assert expected == replace(snapshot, version=7, flat=strided).digest()
    assert expected != replace(snapshot, flat=changed).digest()
