"""What `reset` and `step` of an environment give back, besides observations: taken as it is, or refused."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ContractError, EnvironmentFailureError, of_task, shown, text_of, told
from tasks.readers.arrays import as_array
from tasks.readers.numbers import LARGEST_FLOAT32
from tasks.spec import TaskSpec


def kept_reward(reward: object) -> float:
    """Return a reward as a number.

    Raises:
        ContractError: it is none, or several.
    """
    if type(reward) is float:
        return reward
    array = as_array("a reward that is no number", reward)
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


def kept_rewards(rewards: object, count: int) -> NDArray[np.float64]:
    """Return the rewards of several streams, as a fresh array.

    Raises:
        ContractError: they are no numbers, or more or fewer than streams.
    """
    array = as_array("rewards that are no numbers", rewards)
    if array.shape != (count,) or array.dtype.kind not in "fiub":
        raise ContractError(
            f"returned rewards of shape {array.shape} and dtype {array.dtype}; they should be {count} "
            "numbers, one a stream"
        )
    return array.astype(np.float64)


def kept_ends(name: str, values: object, count: int) -> NDArray[np.bool_]:
    """Return which of several streams are `terminated`, or `truncated`; the array must not be changed.

    Raises:
        ContractError: they say neither true nor false, or are more or fewer than streams.
    """
    if isinstance(values, np.ndarray) and values.dtype == np.bool_ and values.shape == (count,):
        return values
    array = as_array(f"{name} that are no booleans", values)
    if array.shape != (count,) or array.dtype.kind not in "iub" or not ((array == 0) | (array == 1)).all():
        raise ContractError(
            f"returned {name} of shape {array.shape} and dtype {array.dtype}; it should be {count} booleans, "
            "one a stream"
        )
    return array.astype(np.bool_)


def kept_reset(answer: object) -> tuple[Any, Any]:
    """Return observation and info of what `reset` returned.

    Raises:
        ContractError: it is not a pair.
    """
    if isinstance(answer, tuple) and len(answer) == 2:
        return answer
    raise ContractError(
        f"returned {_counted(answer)} from reset; it should be two values, observation and info "
        "(as Gymnasium asks for; older environments can be wrapped)"
    )


def kept_step(answer: object) -> tuple[Any, Any, Any, Any, Any]:
    """Return observation, reward, terminated, truncated and info of what `step` returned.

    Raises:
        ContractError: it is not five values.
    """
    if isinstance(answer, tuple) and len(answer) == 5:
        return answer
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
    finite = np.isfinite(values) if values.dtype == np.float32 else np.abs(values) <= LARGEST_FLOAT32
    if finite.all():
        return
    bad = values[~finite].flat[0]
    if np.isfinite(bad):
        raise ContractError(
            f"returned {what} of {bad:g}: it is kept as float32, which holds at most {LARGEST_FLOAT32:g}"
        )
    raise ContractError(f"returned {what} that is not finite ({bad})")


def refuse_infinite_step(
    spec: TaskSpec, frame_EO: NDArray[Any], reward_E: NDArray[np.float64] | None = None
) -> None:
    """Refuse rewards, and numbers in frames, that are not finite in float32.

    Raises:
        EnvironmentFailureError: there is one.
    """
    try:
        if reward_E is not None:
            refuse_infinite("a reward", reward_E)
        if spec.layout.has_floats:
            for part, view in zip(spec.layout.parts, spec.layout.parts_of(frame_EO), strict=True):
                refuse_infinite(part.what, view)
    except ContractError as error:
        raise failure(spec, str(error)) from error


def failure(spec: TaskSpec, what: str) -> EnvironmentFailureError:
    """Return the error of a task whose environment did something wrong, as one sentence."""
    words = of_task(spec.name, what)
    return EnvironmentFailureError(f"task {spec.name!r}: environment {spec.recipe.named} {words}")


def raised(where: str, error: BaseException) -> str:
    """Return the words for what an environment raised, with advice where it looks like the old interface.

    Raises:
        KeyboardInterrupt: it is Ctrl-C.
    """
    if isinstance(error, ContractError):
        return str(error)
    hint = ""
    if isinstance(error, ValueError) and "values to unpack" in text_of(error):
        hint = "; a step should return five values, and a reset two (as Gymnasium asks for)"
    elif (
        isinstance(error, TypeError) and "unexpected keyword argument" in text_of(error) and where == "reset"
    ):
        hint = "; reset should take the keyword arguments seed and options"
    return f"raised in {where}: {told(error)}{hint}"


def _counted(answer: object) -> str:
    kind = type(answer).__name__
    return f"a {kind} of {len(answer)} values" if isinstance(answer, tuple | list) else f"one value ({kind})"
