"""The reader of observations that consist of others: Dict and Tuple spaces, nested as they come."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from tasks.errors import ContractError
from tasks.observation import Part
from tasks.readers.interface import Bounds, Reader, Rows


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
        for reader, member, its_views in self._pairs(value, views):
            reader.read(member, its_views, row)

    def read_rows(self, values: Any, views: Sequence[NDArray[Any]], rows: Rows) -> None:  # noqa: ANN401
        """Write every member of several rows."""
        for reader, member, its_views in self._pairs(values, views):
            reader.read_rows(member, its_views, rows)

    def _pairs(
        self, value: object, views: Sequence[NDArray[Any]]
    ) -> Iterator[tuple[Reader, Any, Sequence[NDArray[Any]]]]:
        """Yield each member's reader, what was returned of it, and the views of its parts."""
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
            yield reader, member, views[begin:end]
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
