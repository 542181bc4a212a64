"""Which tasks go together, in which order their rows lie, and what each task's slice is called."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from network.groups import TaskGroups, group_key, group_names, task_views
from tasks.spec import TaskSpec
from tests.support.builders import make_spec

KINDS = [((4,), "float32", 2), ((4,), "uint8", 2), ((4,), "float32", 3), ((2, 2), "float32", 2)]


def specs_of(kinds: list[int]) -> list[TaskSpec]:
    return [
        make_spec(f"t{i}", KINDS[kind][0], observation_dtype=KINDS[kind][1], num_actions=KINDS[kind][2])
        for i, kind in enumerate(kinds)
    ]


def test_tasks_alike_are_neighbours():
    """Kinds 0 and 2 have one encoder and two heads; groups stand in the order of their first task."""
    groups = TaskGroups(specs_of([0, 1, 2, 0, 3, 2, 1]))
    assert groups.order == [0, 3, 2, 5, 1, 6, 4]
    assert groups.encoders == [slice(0, 4), slice(4, 6), slice(6, 7)]
    assert groups.heads == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 7)]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_every_two_tasks_are_together_exactly_if_they_are_alike(kinds: list[int]):
    """Encoders join equal observations, heads equal observations and actions; nobody is lost or doubled."""
    specs = specs_of(kinds)
    groups = TaskGroups(specs)
    assert sorted(groups.order) == list(range(len(specs)))
    for stretches, sees_actions in [(groups.encoders, False), (groups.heads, True)]:
        members = [groups.order[stretch] for stretch in stretches]
        assert [position for group in members for position in group] == groups.order
        group_of = {position: i for i, group in enumerate(members) for position in group}
        for i, one in enumerate(specs):
            for j, other in enumerate(specs):
                alike = (one.observation_shape, one.frame_dtype) == (
                    other.observation_shape,
                    other.frame_dtype,
                ) and (not sees_actions or one.choices == other.choices)
                assert (group_of[i] == group_of[j]) == alike


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_there_and_back_is_where_one_was(kinds: list[int]):
    """From the order of the tasks to that of the rows and back changes nothing."""
    groups = TaskGroups(specs_of(kinds))
    items = list(range(len(kinds)))
    assert groups.by_task(groups.arranged(items)) == items


def test_a_groups_key_names_its_tasks_in_order():
    """A key is read back as the names it was made of, and even `keys` is a name."""
    assert group_key(["b", "a"]) == "task:b|task:a"
    assert group_names(group_key(["keys", "b", "a"])) == ["keys", "b", "a"]


def test_views_are_named_as_if_every_task_stood_alone():
    """Tensors of a group are cut, those of groups of one and others stay; nothing is copied."""
    grouped, alone, shared = torch.arange(6.0, requires_grad=True), torch.zeros(5), torch.zeros(7)
    views = dict(
        task_views(
            [("heads.task:a|task:b.values.bias", grouped), ("heads.task:c.w", alone), ("trunk.0", shared)]
        )
    )
    assert {name: tuple(view.shape) for name, view in views.items()} == {
        "heads.task:a.values.bias": (3,),
        "heads.task:b.values.bias": (3,),
        "heads.task:c.w": (5,),
        "trunk.0": (7,),
    }
    assert views["heads.task:b.values.bias"].tolist() == [3.0, 4.0, 5.0]
    for view in views.values():
        view.fill_(9.0)
    assert {9.0} == {value for tensor in (grouped, alone, shared) for value in tensor.reshape(-1).tolist()}
