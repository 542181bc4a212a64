"""Which tasks go through a network as one, and what each of them is called in it.

A *row* is one observation and what becomes of it. The rows of all tasks lie one task after another, in an
order in which tasks that can go through a layer in one call are neighbours.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from torch import Tensor

from tasks.spec import TaskSpec

Item = TypeVar("Item")

_PREFIX, _JOIN = "task:", "|"


class TaskGroups:
    """Tasks whose observations look alike, and among them those with the same choices of actions.

    The first go through an encoder as one, the second through a head.

    Attributes:
        order: positions of the tasks in the order of the rows.
        encoders: stretches of `order` with equal observations.
        heads: stretches of `order` with equal observations and equal choices; they cut up `encoders`.
        ranks: where in `order` each task stands.
        in_order: the order of the rows is that of the tasks.

    groups = TaskGroups([pong, cartpole, breakout])       # the first and the last are both images
    groups.order                                          # [0, 2, 1]
    groups.encoders                                       # [slice(0, 2), slice(2, 3)]
    """

    def __init__(self, specs: Sequence[TaskSpec]) -> None:
        def observations(position: int) -> Hashable:
            layout = specs[position].layout
            gathered = tuple(part.scale == "auto" for part in layout.parts)
            return layout.looks, gathered, specs[position].frame_stack

        def actions(position: int) -> Hashable:
            return specs[position].choices

        by_encoder = [_split(group, actions) for group in _split(range(len(specs)), observations)]
        by_head = [group for groups in by_encoder for group in groups]
        self.order = [position for group in by_head for position in group]
        self.encoders = _stretches([sum(map(len, groups)) for groups in by_encoder])
        self.heads = _stretches([len(group) for group in by_head])
        self.ranks = sorted(self.order, key=self.order.__getitem__)
        self.in_order = self.order == list(range(len(specs)))

    def arranged(self, items: Sequence[Item]) -> list[Item]:
        """Return one item a task, given in the order of the tasks, in the order of the rows.

        Raises:
            ValueError: there are more or fewer items than tasks.
        """
        if len(items) != len(self.order):
            raise ValueError(f"{len(items)} batches for {len(self.order)} tasks")
        return [items[position] for position in self.order]

    def by_task(self, items: Sequence[Item]) -> list[Item]:
        """Return one item a task, given in the order of the rows, in the order of the tasks."""
        return [items[rank] for rank in self.ranks]


def group_key(names: Iterable[str]) -> str:
    """Return the key of a module that holds the parameters of a group: `task:cartpole|task:acrobot`.

    Task names alone would not do: a ModuleDict's own attributes (`keys`, `train`) are no keys.
    """
    return _JOIN.join(_PREFIX + name for name in names)


def group_names(key: str) -> list[str]:
    """Return the tasks of a group by its key."""
    return [part.removeprefix(_PREFIX) for part in key.split(_JOIN)]


def task_views(named: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """Yield each task's slice of a group's tensors under a name of its own, and other tensors as they are.

    `heads.task:a|task:b.values.bias` of shape (2 A,) becomes `heads.task:a.values.bias` and
    `heads.task:b.values.bias` of shape (A,). All are detached views of the given memory.
    """
    for name, tensor in named:
        key = _key_in(name)
        if key is None:
            yield name, tensor.detach()
            continue
        own_keys = key.split(_JOIN)
        for own_key, own in zip(own_keys, tensor.detach().chunk(len(own_keys)), strict=True):
            yield name.replace(key, own_key, 1), own


def tasks_in(name: str) -> list[str]:
    """Return the tasks whose slices a parameter holds, in their order, by its name; none of a shared one."""
    key = _key_in(name)
    return [] if key is None else group_names(key)


def _key_in(name: str) -> str | None:
    """Return the group's key in the name of a parameter."""
    return next((part for part in name.split(".") if part.startswith(_PREFIX)), None)


def _split(positions: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """Return the positions of each value of the key, values in order of their first position."""
    groups: dict[Hashable, list[int]] = {}
    for position in positions:
        groups.setdefault(key(position), []).append(position)
    return list(groups.values())


def _stretches(lengths: Sequence[int]) -> list[slice]:
    """Return slices of such lengths, one after another."""
    ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
