"""The reader of observations that consist of others: Dict and Tuple spaces, nested as they come."""

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from tasks.errors import ContractError
from tasks.observation import Part
from tasks.readers.interface import Bounds, Reader


class CompositeReader:
    """Reads each member by a reader of its own.

    Args:
        members: their readers, by key: names of a Dict, positions of a Tuple.
        what: that is read, for sentences: `an observation`.
        named: whether members have names, as those of a Dict do.
    """

    def __init__(self, members: Mapping[Any, Reader], what: str, named: bool) -> None:
        self._members, self._what = members, what
        self._kind: Any = Mapping if named else Sequence
        self.bounds: tuple[Bounds, ...] = tuple(
            bounds for reader in members.values() for bounds in reader.bounds
        )
        self.parts: tuple[Part, ...] = tuple(part for reader in members.values() for part in reader.parts)

    def read(self, value: object, views: Sequence[NDArray[Any]], row: int) -> None:
        """Write every member."""
        if not isinstance(value, self._kind) or len(value) != len(self._members):
            raise ContractError(
                f"returned {self._what} that is {_described(value)}, but declares {self._asked}"
            )
        begin = 0
        for key, reader in self._members.items():
            end = begin + len(reader.parts)
            try:
                member = value[key]
            except (KeyError, IndexError) as error:
                raise ContractError(f"returned {self._what} without {key!r}, which it declares") from error
            reader.read(member, views[begin:end], row)
            begin = end

    @property
    def _asked(self) -> str:
        if self._kind is Sequence:
            return f"a Tuple of {len(self._members)}"
        return f"a Dict of {', '.join(map(repr, self._members))}"


def _described(value: object) -> str:
    if isinstance(value, Mapping):
        return f"a {type(value).__name__} of {', '.join(map(repr, value)) or 'nothing'}"
    size = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    return f"a {type(value).__name__}{size}"
