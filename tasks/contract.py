"""What an environment gives back, held against what it declares: taken as it is, or refused by name.

Values are never changed in silence: where the dtype is another one than declared, they are taken only if each
of them stays the number that it is.
"""

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from tasks.errors import ContractError, shown, text_of, told

EXACT_IN_FLOAT32 = 2**24
"""Whole numbers up to here are themselves in float32; beyond it some become their neighbours."""
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


class ObservationContract:
    """What observations of one space have to be, and what they are kept as.

    uint8 stays uint8, booleans become 0 and 1 in uint8, and all else is kept as float32. A single number, of
    shape (), is kept in the shape (1,).

        contract = ObservationContract(env.observation_space)
        frame_O = contract.kept(observation)

    Attributes:
        frame_shape: of what is kept.
        dtype: of what is kept.
    """

    def __init__(self, space: Box) -> None:
        self.frame_shape: tuple[int, ...] = space.shape or (1,)
        self._shape = space.shape
        self._declared = np.dtype(space.dtype)
        self.dtype = np.dtype(np.uint8 if self._declared in (np.uint8, np.bool_) else np.float32)
        self._as_it_is = self._declared != np.bool_

    def kept(self, observation: object) -> NDArray[Any]:
        """Return an observation as it is kept, possibly the array itself.

        Raises:
            ContractError: it has another shape, or values that would not stay the same.
        """
        if self._as_it_is and type(observation) is np.ndarray and observation.dtype == self.dtype:
            array = observation
        else:
            array = self._converted(observation)
        if array.shape != self._shape:
            raise ContractError(f"returned an observation of shape {array.shape}, but declares {self._shape}")
        return array if self._shape else array.reshape(self.frame_shape)

    def _converted(self, observation: object) -> NDArray[Any]:
        array = _as_array("an observation that is no array of numbers", observation)
        if array.dtype.kind == "O":
            raise ContractError(
                f"returned an observation that is no array of numbers ({type(observation).__name__}), "
                f"but declares {self._declared}"
            )
        if array.dtype.kind not in ("fiub" if self.dtype == np.float32 else "iu") and not (
            array.dtype == self._declared == np.bool_
        ):
            raise ContractError(
                f"returned an observation of dtype {array.dtype}, but declares {self._declared}: values are "
                "never rounded or cast; the Box should be declared with the dtype that is returned"
            )
        if array.dtype.kind in "iu":
            self._refuse_changes(array)
        try:
            with np.errstate(over="raise"):
                return array.astype(self.dtype)
        except FloatingPointError as error:
            raise ContractError(
                f"returned an observation with a value of {_largest(array):g}: observations are kept as "
                f"float32, which holds at most {LARGEST_FLOAT32:g}"
            ) from error

    def _refuse_changes(self, array: NDArray[Any]) -> None:
        """Refuse whole numbers that are others once they are kept."""
        high = {"bool": 1, "uint8": 255}.get(self._declared.name, EXACT_IN_FLOAT32)
        low = 0 if self.dtype == np.uint8 else -high
        if array.size and not low <= array.min() <= array.max() <= high:
            kept = f"float32 keeps {self._declared.name} exactly" if low else f"{self._declared.name} holds"
            raise ContractError(
                f"returned an observation of dtype {array.dtype} with values from {array.min()} to "
                f"{array.max()}, but {kept} from {low} to {high} only"
            )


def kept_reward(reward: object) -> float:
    """Return a reward as a number.

    Raises:
        ContractError: it is none, or several.
    """
    if type(reward) is float:
        return reward
    array = _as_array("a reward that is no number", reward)
    if array.shape != ():
        raise ContractError(
            f"returned a reward of shape {array.shape}; it should be one number, such as float(reward[0])"
            if array.size == 1
            else f"returned a reward of shape {array.shape}; it should be one number"
        )
    if array.dtype.kind not in "fiub":
        raise ContractError(f"returned a reward that is no number ({shown(reward)})")
    return float(array)


def kept_end(name: str, value: object) -> bool:
    """Return whether an episode is `terminated`, or `truncated`, as an environment says.

    Raises:
        ContractError: it says neither true nor false; 0 and 1 do.
    """
    if type(value) is bool:
        return value
    if isinstance(value, np.bool_ | int | np.integer) and value in (0, 1):
        return bool(value)
    if type(value) is np.ndarray and value.shape == () and value.dtype == np.bool_:
        return bool(value)
    raise ContractError(f"returned {name} as {shown(value)}; it should be True or False")


def kept_reset(answer: object) -> object:
    """Return the observation of what `reset` returned.

    Raises:
        ContractError: it is not a pair.
    """
    if isinstance(answer, tuple) and len(answer) == 2:
        return answer[0]
    raise ContractError(
        f"returned {_counted(answer)} from reset; it should be two values, observation and info "
        "(as Gymnasium asks for; older environments can be wrapped)"
    )


def kept_step(answer: object) -> tuple[Any, Any, Any, Any]:
    """Return observation, reward, terminated and truncated of what `step` returned.

    Raises:
        ContractError: it is not five values.
    """
    if isinstance(answer, tuple) and len(answer) == 5:
        return answer[:4]
    raise ContractError(
        f"returned {_counted(answer)} from step; it should be five values: observation, reward, terminated, "
        "truncated and info (as Gymnasium asks for; older environments can be wrapped)"
    )


def refuse_infinite(what: str, values: NDArray[Any]) -> None:
    """Refuse numbers that are not finite in float32, which rewards and observations are kept in.

    Raises:
        ContractError: there is one; the message says which.
    """
    if values.dtype.kind != "f":
        return
    kept = values
    if values.dtype != np.float32:
        with np.errstate(over="ignore"):
            kept = values.astype(np.float32)
    finite = np.isfinite(kept)
    if finite.all():
        return
    bad = values[~finite].flat[0]
    if np.isfinite(bad):
        raise ContractError(
            f"returned {what} of {bad:g}: it is kept as float32, which holds at most {LARGEST_FLOAT32:g}"
        )
    raise ContractError(f"returned {what} that is not finite ({bad})")


def raised(where: str, error: BaseException) -> str:
    """Return the words for what an environment raised, with advice where it looks like the old interface.

    Raises:
        KeyboardInterrupt: it is Ctrl-C.
    """
    hint = ""
    if isinstance(error, ValueError) and "values to unpack" in text_of(error):
        hint = "; a step should return five values, and a reset two (as Gymnasium asks for)"
    elif (
        isinstance(error, TypeError) and "unexpected keyword argument" in text_of(error) and where == "reset"
    ):
        hint = "; reset should take the keyword arguments seed and options"
    return f"raised in {where}: {told(error)}{hint}"


def _as_array(otherwise: str, value: object) -> NDArray[Any]:
    """Return a value as an array; `otherwise` is what it was if it cannot be one.

    Masked arrays are refused: the numbers under a mask count for nothing, and numpy would take them all.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise ContractError(
            f"returned {otherwise.partition(' that ')[0]} that is a masked array (numpy.ma): masks are not "
            "kept; it should be returned as numbers, such as array.filled(0)"
        )
    try:
        return np.asarray(value)
    except BaseException as error:
        raise ContractError(f"returned {otherwise} ({type(value).__name__}): {told(error)}") from error


def _counted(answer: object) -> str:
    kind = type(answer).__name__
    return f"a {kind} of {len(answer)} values" if isinstance(answer, tuple | list) else f"one value ({kind})"


def _largest(array: NDArray[Any]) -> float:
    finite = array[np.isfinite(array)]
    return float(finite.flat[np.abs(finite).argmax()])
