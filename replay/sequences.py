"""Which blocks of which actor life have arrived: repeats and the blocks of earlier lives are told apart."""


class SequenceBook:
    """Blocks seen, by actor; they may arrive in any order.

    book = SequenceBook()
    book.verdict("cartpole-0", incarnation=1, sequence=0)     # None: new
    book.record("cartpole-0", 1, 0)
    book.verdict("cartpole-0", 1, 0)                          # "duplicate"
    """

    def __init__(self) -> None:
        self._lives: dict[str, _Life] = {}

    def verdict(self, actor: str, incarnation: int, sequence: int) -> str | None:
        """Return `superseded`, `duplicate`, or None for a block that is new."""
        life = self._lives.get(actor)
        if life is None or incarnation > life.incarnation:
            return None
        if incarnation < life.incarnation:
            return "superseded"
        return "duplicate" if sequence < life.next_sequence or sequence in life.ahead else None

    def record(self, actor: str, incarnation: int, sequence: int) -> None:
        """Remember a new block."""
        life = self._lives.get(actor)
        if life is None or incarnation > life.incarnation:
            life = self._lives[actor] = _Life(incarnation)
        life.ahead.add(sequence)
        while life.next_sequence in life.ahead:
            life.ahead.remove(life.next_sequence)
            life.next_sequence += 1


class _Life:
    def __init__(self, incarnation: int) -> None:
        self.incarnation = incarnation
        self.next_sequence = 0
        self.ahead: set[int] = set()
