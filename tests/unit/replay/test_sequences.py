"""The book of sequences: what has arrived, in any order, from which life."""

import itertools

import pytest

from replay.sequences import SequenceBook


def record_all(book: SequenceBook, sequences: tuple[int, ...], incarnation: int = 1) -> None:
    for sequence in sequences:
        book.record("actor", incarnation, sequence)


def test_the_first_block_of_an_actor_is_new():
    """Nothing is known of it, whatever number it starts with."""
    assert SequenceBook().verdict("actor", 3, 17) is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_blocks_are_told_apart_in_any_order_of_arrival(order: tuple[int, ...]):
    """At every moment exactly the recorded ones are duplicates."""
    book = SequenceBook()
    for arrived, sequence in enumerate(order):
        assert book.verdict("actor", 1, sequence) is None
        book.record("actor", 1, sequence)
        seen = set(order[: arrived + 1])
        expected = {n: "duplicate" if n in seen else None for n in range(5)}
        assert expected == {n: book.verdict("actor", 1, n) for n in range(5)}


def test_asking_records_nothing():
    """A verdict may be asked for again before the block is in."""
    book = SequenceBook()
    book.verdict("actor", 1, 0)
    assert book.verdict("actor", 1, 0) is None


def test_a_later_life_starts_anew():
    """Its numbers begin at 0 again and are no duplicates of the earlier life's."""
    book = SequenceBook()
    record_all(book, (0, 1, 2))
    assert book.verdict("actor", 2, 0) is None
    book.record("actor", 2, 0)
    assert book.verdict("actor", 2, 0) == "duplicate"
    assert book.verdict("actor", 2, 1) is None


def test_an_earlier_life_is_superseded_once_a_later_one_is_recorded():
    """Late blocks of the dead are told from repeats, new numbers or not."""
    book = SequenceBook()
    record_all(book, (0, 1))
    book.record("actor", 2, 0)
    assert [book.verdict("actor", 1, n) for n in (0, 1, 2, 50)] == ["superseded"] * 4


def test_actors_do_not_know_of_each_other():
    """One actor's numbers and lives say nothing about another's."""
    book = SequenceBook()
    book.record("a", 5, 0)
    assert book.verdict("b", 1, 0) is None


def test_the_book_stays_small_when_blocks_arrive_in_order():
    """Contiguous numbers are kept as one number, not as a set that grows."""
    book = SequenceBook()
    record_all(book, tuple(range(10_000)))
    assert len(book._lives["actor"].ahead) == 0
    assert book.verdict("actor", 1, 9_999) == "duplicate"
