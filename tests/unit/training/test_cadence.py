"""What is done by the clock, by a clock that is set by hand."""

from training.cadence import Changes, Every


def test_something_is_due_once_a_period():
    """By the time since it was last, however late that was."""
    every = Every(1.0, now=100.0)
    assert [every.is_due(now) for now in (100.5, 101.0, 101.5, 102.9, 103.0, 103.9)] == [
        False,
        True,
        False,
        True,
        False,
        True,
    ]


def test_what_is_hastened_is_due_at_once_and_only_once():
    """From then on a period begins anew."""
    every = Every(1.0, now=100.0)
    every.hasten()
    assert [every.is_due(now) for now in (100.1, 100.2, 101.0, 101.1)] == [True, False, False, True]


def test_without_a_period_it_is_always_due():
    """Tests report in every round."""
    every = Every(0.0, now=100.0)
    assert all(every.is_due(100.0) for _ in range(3))


def test_a_change_is_found_once():
    """Also one that is taken back."""
    seen = iter([1, 1, 2, 2, 1])
    changes = Changes(lambda: next(seen), before=0)
    assert [changes.found() for _ in range(5)] == [True, False, True, False, True]
