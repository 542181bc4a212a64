"""The book of sequences: what has arrived, in any order, from which life."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.sequences import WINDOW, SequenceBook


def record_all(book: SequenceBook, sequences: tuple[int, ...], life: int = 1, items: int = 1) -> None:
    for sequence in sequences:
        book.record("actor", life, sequence, items)


def test_the_first_block_of_an_actor_is_new():
    """Nothing is known of it, whatever number it starts with."""
    assert SequenceBook().verdict("actor", 3, 17) is None


@pytest.mark.parametrize("first", [0, 17, 2**61])
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_blocks_are_told_apart_in_any_order_of_arrival(order: tuple[int, ...], first: int):
    """At every moment exactly the recorded ones are duplicates, whatever number the first one has."""
    book = SequenceBook()
    for arrived, sequence in enumerate(order):
        assert book.verdict("actor", 1, first + sequence) is None
        record_all(book, (first + sequence,))
        seen = set(order[: arrived + 1])
        expected = {n: "duplicate" if n in seen else None for n in range(5)}
        assert expected == {n: book.verdict("actor", 1, first + n) for n in range(5)}


@given(
    first=st.integers(0, 1000),
    jumps=st.lists(st.integers(-WINDOW + 1, 2 * WINDOW), min_size=1, max_size=60),
)
def test_a_set_of_numbers_says_the_same_within_the_window(first: int, jumps: list[int]):
    """Numbers that jump to and fro: those seen are duplicates, all others new."""
    book = SequenceBook()
    seen: set[int] = set()
    for jump in jumps:
        sequence = max(seen, default=first) + jump
        if book.verdict("actor", 1, sequence) is None:
            record_all(book, (sequence,))
            seen.add(sequence)
        highest = max(seen)
        for number in range(highest - WINDOW + 1, highest + 3):
            assert book.verdict("actor", 1, number) == ("duplicate" if number in seen else None)


def test_what_lies_further_behind_than_the_window_counts_as_seen():
    """A block so late is a repeat, whether or not it is known to be; the last one within is not."""
    book = SequenceBook()
    record_all(book, (1000,))
    assert book.verdict("actor", 1, 1000 - WINDOW) == "duplicate"
    assert book.verdict("actor", 1, 1000 - WINDOW + 1) is None


def test_a_jump_beyond_the_window_forgets_what_was_and_takes_nothing_new_for_old():
    """Right after the jump everything within the window is new, but for the block that jumped."""
    book = SequenceBook()
    record_all(book, tuple(range(10)))
    record_all(book, (10_000,))
    verdicts = [book.verdict("actor", 1, number) for number in range(10_001 - WINDOW, 10_001)]
    assert verdicts == [None] * (WINDOW - 1) + ["duplicate"]


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
    record_all(book, (0,), life=2)
    assert book.verdict("actor", 2, 0) == "duplicate"
    assert book.verdict("actor", 2, 1) is None


def test_an_earlier_life_is_superseded_once_a_later_one_is_recorded():
    """Late blocks of the dead are told from repeats, new numbers or not."""
    book = SequenceBook()
    record_all(book, (0, 1))
    record_all(book, (0,), life=2)
    assert [book.verdict("actor", 1, n) for n in (0, 1, 2, 50)] == ["superseded"] * 4


def test_actors_do_not_know_of_each_other():
    """One actor's numbers and lives say nothing about another's."""
    book = SequenceBook()
    book.record("a", 5, 0, 1)
    assert book.verdict("b", 1, 0) is None


def test_items_are_added_up_by_life():
    """What each life brought, the earlier ones kept; the answer is a copy."""
    book = SequenceBook()
    record_all(book, (0, 1), life=1, items=8)
    record_all(book, (0,), life=2, items=5)
    book.record("other", 1, 0, 3)
    expected = {("actor", 1): 16, ("actor", 2): 5, ("other", 1): 3}
    assert book.items_by_life() == expected
    book.items_by_life().clear()
    assert book.items_by_life() == expected


def test_what_the_book_remembers_of_a_life_does_not_grow():
    """Ten thousand blocks, every third of them missing, leave numbers of one machine word."""
    book = SequenceBook()
    record_all(book, tuple(number for number in range(10_000) if number % 3))
    newest = book._newest["actor"]
    assert 0 < newest._seen < 2**WINDOW
    assert [book.verdict("actor", 1, number) for number in (9_998, 9_997, 9_996)] == [
        "duplicate",
        "duplicate",
        None,
    ]
