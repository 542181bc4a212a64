"""Environments that break their contract: one sentence that names the task and the environment."""

import logging
import sys
import threading
from typing import Any

import numpy as np
import pytest

from tasks.environment import CheckedVector
from tasks.errors import EnvironmentFailureError
from tests.support.broken_environments import env_id
from tests.support.builders import make_spec
from tests.support.odd_environments import odd


def make_vector(name: str, after: int) -> CheckedVector:
    spec = make_spec("maze", env=env_id(name), env_kwargs={"after": after})
    return CheckedVector(spec, num_envs=2, seed=1)


def sentence(name: str, what: str) -> str:
    return f"task 'maze': environment '{env_id(name)}' {what}"


IN_STEP = {
    "RaisesInStep": "raised in step: RuntimeError: the arm is stuck",
    "NanObservation": "returned an observation that is not finite (nan)",
    "NanReward": "returned a reward that is not finite (nan)",
    "WrongShape": "returned an observation of shape (5,), but declares (3,)",
    "HugeObservation": "returned an observation with a value of ",
    "TextObservation": "",
    "TextReward": "",
}


@pytest.mark.parametrize(("name", "what"), IN_STEP.items())
def test_a_failure_in_a_step_is_one_sentence(name: str, what: str):
    """Two steps pass, the third fails, and the sentence says where and how."""
    vector = make_vector(name, after=3)
    vector.reset()
    for _ in range(2):
        vector.step(np.array([0, 1]))
    with pytest.raises(EnvironmentFailureError) as raised:
        vector.step(np.array([0, 1]))
    assert str(raised.value).startswith(sentence(name, what))


IN_RESET = {
    "RaisesInReset": (1, "raised in reset: OSError: no level file"),
    "NanObservation": (0, "returned an observation that is not finite (nan)"),
    "WrongShape": (0, "returned an observation of shape (5,), but declares (3,)"),
}


@pytest.mark.parametrize(("name", "after", "what"), [(name, *case) for name, case in IN_RESET.items()])
def test_a_failure_in_the_first_reset_is_one_sentence(name: str, after: int, what: str):
    """It does not get as far as a step."""
    with pytest.raises(EnvironmentFailureError) as raised:
        make_vector(name, after).reset()
    assert sentence(name, what) == str(raised.value)


def test_a_failure_in_a_later_reset_is_one_sentence():
    """The second episode cannot start: the step after the first one's end says so."""
    vector = make_vector("RaisesInReset", after=2)
    vector.reset()
    for _ in range(4):
        vector.step(np.array([0, 1]))
    with pytest.raises(EnvironmentFailureError) as raised:
        vector.step(np.array([0, 1]))
    assert sentence("RaisesInReset", "raised in reset: OSError: no level file") == str(raised.value)


@pytest.mark.parametrize("name", ["RaisesInStep", "RaisesInReset"])
def test_the_environments_own_error_is_the_cause(name: str):
    """Its traceback is not lost."""
    vector = make_vector(name, after=1)
    with pytest.raises(EnvironmentFailureError) as raised:
        _reset_and_step(vector)
    assert isinstance(raised.value.__cause__, RuntimeError | OSError)


def _reset_and_step(vector: CheckedVector) -> None:
    vector.reset()
    vector.step(np.array([0, 0]))


def test_one_broken_stream_of_many_is_noticed():
    """Finite neighbours do not hide a reward that is not."""
    vector = make_vector("NanReward", after=3)
    vector.reset()
    vector._streams._envs[0].unwrapped._after = 100  # type: ignore[attr-defined]
    for _ in range(2):
        vector.step(np.array([0, 1]))
    with pytest.raises(EnvironmentFailureError, match="returned a reward that is not finite"):
        vector.step(np.array([0, 1]))


def test_an_observation_that_is_a_list_of_the_right_numbers_is_played():
    """It has the declared shape, whatever its type."""
    vector = make_vector("ListObservation", after=3)
    vector.reset()
    for _ in range(3):
        frame_EO, *_ = vector.step(np.array([0, 1]))
    assert frame_EO[:, 0].tolist() == [3.0, 3.0]


def odd_vector(name: str, num_envs: int = 2, **env_kwargs: Any) -> CheckedVector:
    spec = make_spec("maze", (2,), env=odd(name), env_kwargs=env_kwargs, num_actions=3)
    return CheckedVector(spec, num_envs=num_envs, seed=1)


def test_an_environment_that_cannot_be_built_a_second_time_says_which():
    """The first one is closed again, so that there can be one later."""
    with pytest.raises(EnvironmentFailureError) as raised:
        odd_vector("Alone", num_envs=3)
    assert str(raised.value).startswith(f"task 'maze': environment '{odd('Alone')}' cannot be built")
    assert str(raised.value).endswith("OSError: port 4567 is in use (number 2 of 3)")
    odd_vector("Alone", num_envs=1).close()


@pytest.mark.parametrize("where", ["made", "reset", "step"])
def test_sys_exit_is_a_failure_with_a_cause(where: str):
    """Over Ray it would end a process, or its thread, without a word."""
    with pytest.raises(
        EnvironmentFailureError, match=r"SystemExit \(it called sys.exit\): the window was closed"
    ):
        _reset_and_step(odd_vector("Leaves", where=where))


def test_what_looks_like_ctrl_c_is_a_failure_where_it_cannot_be_one():
    """Python raises it in the main thread alone; actors play in another."""
    raised: list[BaseException] = []

    def play() -> None:
        try:
            _reset_and_step(odd_vector("Interrupts"))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=play)
    thread.start()
    thread.join()
    (error,) = raised
    assert isinstance(error, EnvironmentFailureError)
    assert "raised in step: KeyboardInterrupt" in str(error)
    with pytest.raises(KeyboardInterrupt):
        _reset_and_step(odd_vector("Interrupts"))


@pytest.mark.parametrize(("name", "settings"), [("Sulky", {}), ("Leaves", {"where": "close"})])
def test_an_environment_that_raises_when_it_is_closed_is_a_warning(
    name: str, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    """Each of them is closed all the same."""
    vector = odd_vector(name, **settings)
    vector.reset()
    with caplog.at_level(logging.WARNING):
        vector.close()
    assert len(caplog.messages) == 2
    assert all(
        message.startswith(f"task 'maze': environment '{odd(name)}' raised in close: ")
        for message in caplog.messages
    )
    assert [record.exc_info for record in caplog.records] == [None, None]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("VectorReward", "returned a reward of shape (2,); it should be one number"),
        ("OldStep", "raised in step: ValueError: not enough values to unpack (expected 5, got 4); a step"),
        ("OldReset", "returned one value (ndarray) from reset"),
    ],
)
def test_what_is_returned_wrong_blames_what_it_is(name: str, words: str):
    """The reward, the step, the reset."""
    with pytest.raises(EnvironmentFailureError) as raised:
        _reset_and_step(odd_vector(name))
    assert str(raised.value).startswith(f"task 'maze': environment '{odd(name)}' {words}")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dtype": "uint8", "seen_dtype": "float64", "value": 0.5}, "of dtype float64, but declares uint8"),
        ({"dtype": "uint8", "seen_dtype": "int64", "value": 300}, "with values from 300 to 300, but uint8"),
        (
            {"dtype": "float32", "seen_dtype": "float64", "value": 1e39},
            "a value of 1e+39: observations are kept",
        ),
    ],
)
def test_an_observation_of_another_dtype_is_refused_by_name(settings: dict[str, Any], words: str):
    """It used to become other numbers without a word."""
    spec = make_spec(
        "maze",
        (2,),
        env=odd("Given"),
        env_kwargs={"shape": [2], **settings},
        observation_dtype=settings["dtype"],
        num_actions=3,
    )
    vector = CheckedVector(spec, num_envs=1, seed=1)
    with pytest.raises(EnvironmentFailureError) as raised:
        vector.reset()
    assert words in str(raised.value)


def test_a_single_number_is_played_as_an_array_of_one():
    """Frames have the shape of the task's observations."""
    spec = make_spec(
        "maze", (1,), env=odd("Given"), env_kwargs={"shape": []}, max_episode_steps=4, num_actions=3
    )
    vector = CheckedVector(spec, num_envs=3, seed=1)
    assert vector.reset().tolist() == [[0.0]] * 3
    assert vector.step(np.zeros(3, np.int64))[0].tolist() == [[1.0]] * 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"num_actions": 2},
            "declares actions of 3 choices, but another instance of it declared actions of 2 choices: all",
        ),
        (
            {"observation_shape": (3,)},
            "declares observations of numbers of shape (2,) and dtype float32, but another instance of it "
            "declared observations of numbers of shape (3,) and dtype float32: all",
        ),
        (
            {"observation_dtype": "uint8"},
            "declares observations of numbers of shape (2,) and dtype float32, but another instance of it "
            "declared observations of numbers of shape (2,) and dtype uint8: all",
        ),
    ],
)
def test_an_environment_that_is_not_as_its_task_is_refused(changes: dict[str, Any], words: str):
    """Networks and tables are built for what an earlier instance declared."""
    settings = {"observation_shape": (2,), "num_actions": 3, **changes}
    with pytest.raises(EnvironmentFailureError) as raised:
        CheckedVector(make_spec("maze", env=odd("Steady"), **settings), num_envs=1, seed=1)
    assert str(raised.value).startswith(f"task 'maze': environment '{odd('Steady')}' {words}")


def test_the_depth_of_recursion_stays_as_it_is():
    """What comes after a step needs some."""
    limit = sys.getrecursionlimit()
    try:
        _reset_and_step(odd_vector("Shallow"))
        assert sys.getrecursionlimit() == limit
    finally:
        sys.setrecursionlimit(limit)
