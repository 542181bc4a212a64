"""What is said of errors of Ray in one line."""

from cluster.ray.causes import first_line, last_line


def test_an_error_is_said_in_one_line():
    """The first or the last one of its text; an error without a text is called by its class."""
    assert first_line(ValueError("one\ntwo")) == "one"
    assert last_line(ValueError("one\ntwo\n")) == "two"
    assert first_line(MemoryError()) == last_line(MemoryError()) == "MemoryError"
