"""What environments give back is taken as it is, or refused by name: no number becomes another one."""

from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tasks.contract import kept_end, kept_reset, kept_reward, kept_step, refuse_infinite
from tasks.errors import ContractError
from tasks.readers.numbers import NumbersReader


class Contract:
    """What is kept of the observations of a Box."""

    def __init__(self, space: Box) -> None:
        self.reader = NumbersReader(space, "", "an observation")
        (self.part,) = self.reader.parts

    def kept(self, observation: object) -> np.ndarray:
        frames = np.zeros((2, *self.part.shape), self.part.dtype)
        self.reader.read(observation, [frames], row=1)
        assert not frames[0].any(), "another row was written"
        return frames[1]


def contract(dtype: Any, shape: tuple[int, ...] = (2,)) -> Contract:
    low, high = (0, 1) if dtype == np.bool_ else (0, 200)
    return Contract(Box(low, high, shape, dtype))


@pytest.mark.parametrize(
    ("declared", "given", "kept"),
    [
        (np.uint8, np.array([0, 255], np.uint8), np.array([0, 255], np.uint8)),
        (np.uint8, np.array([0, 255], np.int64), np.array([0, 255], np.uint8)),
        (np.uint8, [3, 4], np.array([3, 4], np.uint8)),
        (np.bool_, np.array([True, False]), np.array([1, 0], np.uint8)),
        (np.bool_, np.array([1, 0], np.int8), np.array([1, 0], np.uint8)),
        (np.float32, np.array([0.1, 2], np.float32), np.array([0.1, 2], np.float32)),
        (np.float32, np.array([0.1, 2], np.float64), np.array([0.1, 2], np.float32)),
        (np.float32, [1, 2], np.array([1, 2], np.float32)),
        (np.float32, np.array([True, False]), np.array([1, 0], np.float32)),
        (np.float32, np.array([1, 255], np.uint8), np.array([1, 255], np.float32)),
        (np.float64, np.array([1e-3, 1e30]), np.array([1e-3, 1e30], np.float32)),
        (np.float16, np.array([1, 2], np.float16), np.array([1, 2], np.float32)),
        (np.int64, np.array([-(2**24), 2**24]), np.array([-(2**24), 2**24], np.float32)),
    ],
)
def test_values_that_stay_what_they_are_are_taken(declared: Any, given: Any, kept: np.ndarray):
    """In the dtype that the task keeps."""
    found = contract(declared).kept(given)
    assert found.dtype == kept.dtype
    np.testing.assert_array_equal(found, kept)


REFUSED = {
    "a float in bytes": (np.uint8, np.array([0.5, 0.9], np.float32), "dtype float32, but declares uint8"),
    "a whole float in bytes": (np.uint8, np.array([0.0, 1.0]), "dtype float64, but declares uint8"),
    "a list of floats in bytes": (np.uint8, [0.5, 0.9], "dtype float64, but declares uint8"),
    "a boolean in bytes": (np.uint8, np.array([True, False]), "dtype bool, but declares uint8"),
    "more than a byte": (np.uint8, np.array([300, 1]), "int64 with values from 1 to 300, but uint8 holds"),
    "less than a byte": (np.uint8, np.array([-1, 1], np.int8), "int8 with values from -1 to 1, but uint8"),
    "more than a boolean": (np.bool_, np.array([2, 0], np.uint8), "from 0 to 2, but bool holds from 0 to 1"),
    "a float in booleans": (np.bool_, np.array([1.0, 0.0]), "dtype float64, but declares bool"),
    "more than float32 has": (np.float32, np.array([1e300, 1]), "a value of 1e+300: observations are kept"),
    "less than float32 has": (np.float64, np.array([-1e39, 1]), "a value of -1e+39: observations are kept"),
    "a whole number between": (np.int64, np.array([2**24 + 1, 0]), "but float32 keeps int64 exactly from"),
    "a huge whole number": (np.uint64, np.array([2**63, 0], np.uint64), "float32 keeps uint64 exactly"),
    "complex": (np.float32, np.array([1 + 2j, 0]), "dtype complex128, but declares float32"),
    "words": (np.float32, np.array(["left", "right"]), "but declares float32"),
    "dates": (np.float32, np.array(["2020-01-01", "2020-01-02"], "datetime64[D]"), "dtype datetime64[D]"),
    "objects": (np.float32, np.array([1.0, None]), "no array of numbers (ndarray), but declares float32"),
    "none": (np.float32, None, "no array of numbers (NoneType), but declares float32"),
    "a mapping": (np.float32, {"a": 1}, "no array of numbers (dict), but declares float32"),
    "ragged": (np.float32, [[1, 2], [3]], "no array of numbers (list)"),
    "another shape": (np.float32, np.zeros(3, np.float32), "of shape (3,), but declares (2,)"),
    "a number": (np.float32, 3.0, "of shape (), but declares (2,)"),
}


@pytest.mark.parametrize(("declared", "given", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_values_that_would_change_are_refused(declared: Any, given: Any, said: str):
    """The sentence names what was returned and what is declared."""
    with pytest.raises(ContractError) as raised:
        contract(declared).kept(given)
    assert str(raised.value).startswith("returned an observation ")
    assert said in str(raised.value)


@given(arrays.arrays(arrays.integer_dtypes() | arrays.unsigned_integer_dtypes(), 2), st.booleans())
def test_whole_numbers_are_kept_exactly_or_not_at_all(values: np.ndarray, as_bytes: bool):
    """Whatever they are, and however wide their dtype is."""
    values = values.astype(values.dtype.newbyteorder("="))
    try:
        kept = contract(np.uint8 if as_bytes else np.float32).kept(values)
    except ContractError:
        return
    assert [int(value) for value in kept] == [int(value) for value in values]


def test_an_array_that_is_right_is_written_without_a_conversion(monkeypatch: pytest.MonkeyPatch):
    """The usual case costs a comparison, and the copy into the frames."""
    monkeypatch.setattr("tasks.readers.numbers.as_array", None)
    assert contract(np.float32).kept(np.ones(2, np.float32)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("seen", [3, 3.0, np.int64(3), np.float32(3), np.array(3)])
def test_one_number_without_a_dimension_is_kept_with_one(seen: Any):
    """What declares the shape () is played like what declares (1,)."""
    scalar = contract(np.float32, ())
    assert scalar.part.shape == (1,)
    assert scalar.kept(seen).tolist() == [3.0]
    with pytest.raises(ContractError, match=r"of shape \(1,\), but declares \(\)"):
        scalar.kept(np.array([3.0]))


@pytest.mark.parametrize(
    "reward", [1, 1.0, True, np.float32(1), np.float64(1), np.int8(1), np.bool_(True), np.array(1.0)]
)
def test_a_reward_is_any_one_number(reward: Any):
    """Of Python or of NumPy."""
    assert (kept_reward(reward), type(kept_reward(reward))) == (1.0, float)


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (np.array([1.0]), "a reward of shape (1,); it should be one number, such as float(reward[0])"),
        (np.array([1.0, 2.0]), "a reward of shape (2,); it should be one number"),
        ([1.0, 2.0], "a reward of shape (2,)"),
        (None, "a reward that is no number (None)"),
        ("good", "a reward that is no number ('good')"),
        (1 + 2j, "a reward that is no number ((1+2j))"),
        ({"a": 1.0}, "a reward that is no number ({'a': 1.0})"),
        (10**400, "a reward that is no number (1000"),
        ([[1], [2, 3]], "a reward that is no number (list)"),
    ],
)
def test_a_reward_that_is_none_or_several_is_refused(reward: Any, said: str):
    """The sentence shows it, and blames nothing else."""
    with pytest.raises(ContractError) as raised:
        kept_reward(reward)
    assert str(raised.value).startswith(f"returned {said}")


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        (True, True),
        (np.bool_(False), False),
        (np.array(True), True),
        (0, False),
        (1, True),
        (np.int8(1), True),
    ],
)
def test_ends_are_true_or_false(end: Any, kept: bool):
    """Also as NumPy's, and as 0 and 1."""
    assert kept_end("terminated", end) is kept


@pytest.mark.parametrize("end", [None, "False", 2, -1, 0.5, np.array([True]), [], {}, np.float64(1)])
def test_an_end_that_is_neither_is_refused(end: Any):
    """What Python would call true is not taken for it."""
    with pytest.raises(ContractError, match=r"returned truncated as .*; it should be True or False"):
        kept_end("truncated", end)


def test_what_reset_and_step_return_is_counted():
    """The old interface has fewer values; an array of two numbers is not a pair."""
    assert kept_reset((1, {})) == (1, {})
    assert kept_step((1, 2.0, True, False, {})) == (1, 2.0, True, False, {})
    for answer, counted in [(np.zeros(2), "one value (ndarray)"), ((1, 2, 3), "a tuple of 3 values")]:
        with pytest.raises(ContractError) as raised:
            kept_reset(answer)
        assert f"returned {counted} from reset; it should be two values" in str(raised.value)
    with pytest.raises(ContractError, match="a tuple of 4 values from step; it should be five values"):
        kept_step((1, 2.0, True, {}))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1e39, "returned a reward of 1e+39: it is kept as float32, which holds at most 3.40282e+38"),
        (-1e308, "returned a reward of -1e+308: it is kept as float32"),
        (np.nan, "returned a reward that is not finite (nan)"),
        (-np.inf, "returned a reward that is not finite (-inf)"),
    ],
)
def test_a_number_beyond_float32_is_not_called_infinite(value: float, said: str):
    """It is finite where it comes from; what is not says so."""
    refuse_infinite("a reward", np.array([1.0, 3e38]))
    with pytest.raises(ContractError) as raised:
        refuse_infinite("a reward", np.array([1.0, value]))
    assert str(raised.value).startswith(said)


def test_masked_numbers_are_refused():
    """What lies under a mask is no number of the environment's, though numpy would take it for one."""
    masked = np.ma.masked_array(np.ones(2, np.float32), [True, False])
    with pytest.raises(ContractError, match="an observation that is a masked array"):
        contract(np.float32).kept(masked)
    with pytest.raises(ContractError, match="a reward that is a masked array"):
        kept_reward(np.ma.masked)
    with pytest.raises(ContractError, match="terminated as masked_array"):
        kept_end("terminated", np.ma.masked_array(True, mask=True))


class _Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize("check", [kept_reward, lambda value: kept_end("truncated", value)])
def test_what_cannot_be_written_is_refused_by_its_type(check: Any):
    """A sentence about a value needs the value's own code to write it."""
    with pytest.raises(ContractError, match="_Mute"):
        check(_Mute())
