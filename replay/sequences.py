"""Which blocks of which actor life have arrived: repeats and the blocks of earlier lives are told apart."""

WINDOW = 64
"""Sequence numbers that a life may be out of order by; senders have two blocks on their way at most."""


class SequenceBook:
    """Blocks seen, by actor; they may arrive in any order within `WINDOW`, and begin at any number.

    book = SequenceBook()
    book.verdict("cartpole-0", incarnation=1, sequence=0)     # None: new
    book.record("cartpole-0", 1, 0, items=64)
    book.verdict("cartpole-0", 1, 0)                          # "duplicate"

    What it remembers does not grow with the number of blocks.
    """

    def __init__(self) -> None:
        self._lives: dict[str, _Life] = {}
        self._items: dict[tuple[str, int], int] = {}

    def verdict(self, actor: str, incarnation: int, sequence: int) -> str | None:
        """Return `superseded`, `duplicate`, or None for a block that is new."""
        life = self._lives.get(actor)
        if life is None or incarnation > life.incarnation:
            return None
        if incarnation < life.incarnation:
            return "superseded"
        return "duplicate" if life.has(sequence) else None

    def record(self, actor: str, incarnation: int, sequence: int, items: int) -> None:
        """Remember a new block, and how many transitions it brought."""
        life = self._lives.get(actor)
        if life is None or incarnation > life.incarnation:
            life = self._lives[actor] = _Life(incarnation, sequence)
        life.add(sequence)
        key = (actor, incarnation)
        self._items[key] = self._items.get(key, 0) + items

    def items_by_life(self) -> dict[tuple[str, int], int]:
        """Return how many transitions each life (actor, incarnation) has brought."""
        return dict(self._items)


class _Life:
    """The blocks of one life: bit i of `_seen` stands for the sequence number `_highest - i`."""

    def __init__(self, incarnation: int, sequence: int) -> None:
        self.incarnation = incarnation
        self._highest = sequence
        self._seen = 0

    def has(self, sequence: int) -> bool:
        behind = self._highest - sequence
        return behind >= 0 and (behind >= WINDOW or bool(self._seen >> behind & 1))

    def add(self, sequence: int) -> None:
        if sequence > self._highest:
            self._seen <<= sequence - self._highest if sequence - self._highest < WINDOW else WINDOW
            self._highest = sequence
        self._seen = (self._seen | 1 << (self._highest - sequence)) & (1 << WINDOW) - 1
