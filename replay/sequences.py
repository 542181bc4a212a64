"""Which blocks of which actor life have arrived: repeats and the blocks of earlier lives are told apart."""

WINDOW = 64
"""Sequence numbers that a life may be out of order by; senders have two blocks on their way at most."""


class SequenceBook:
    """Blocks seen, by actor; they may arrive in any order within `WINDOW`, and begin at any number.

    book = SequenceBook()
    book.verdict("cartpole-0", life=1, sequence=0)     # None: new
    book.record("cartpole-0", 1, 0, items=64)
    book.verdict("cartpole-0", 1, 0)                          # "duplicate"

    What it remembers does not grow with the number of blocks.
    """

    def __init__(self) -> None:
        self._newest: dict[str, _BlocksOfALife] = {}
        self._items: dict[tuple[str, int], int] = {}

    def verdict(self, actor: str, life: int, sequence: int) -> str | None:
        """Return `superseded`, `duplicate`, or None for a block that is new."""
        newest = self._newest.get(actor)
        if newest is None or life > newest.life:
            return None
        if life < newest.life:
            return "superseded"
        return "duplicate" if newest.has(sequence) else None

    def record(self, actor: str, life: int, sequence: int, items: int) -> None:
        """Remember a new block, and how many transitions it brought."""
        newest = self._newest.get(actor)
        if newest is None or life > newest.life:
            newest = self._newest[actor] = _BlocksOfALife(life, sequence)
        newest.add(sequence)
        self._items[actor, life] = self._items.get((actor, life), 0) + items

    def items_by_life(self) -> dict[tuple[str, int], int]:
        """Return how many transitions each life (actor, life) has brought."""
        return dict(self._items)


class _BlocksOfALife:
    """The blocks of one life: bit i of `_seen` stands for the sequence number `_highest - i`."""

    def __init__(self, life: int, sequence: int) -> None:
        self.life = life
        self._highest = sequence
        self._seen = 0

    def has(self, sequence: int) -> bool:
        bit = self._highest - sequence
        return bit >= 0 and (bit >= WINDOW or bool(self._seen >> bit & 1))

    def add(self, sequence: int) -> None:
        if sequence > self._highest:
            self._seen <<= sequence - self._highest if sequence - self._highest < WINDOW else WINDOW
            self._highest = sequence
        self._seen = (self._seen | 1 << (self._highest - sequence)) & (1 << WINDOW) - 1
