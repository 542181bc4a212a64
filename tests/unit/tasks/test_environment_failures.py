"""Environments that break their contract: one sentence that names the task and the environment."""

import numpy as np
import pytest

from tasks.environment import CheckedVector
from tasks.errors import EnvironmentFailureError
from tests.support.broken_environments import env_id
from tests.support.builders import make_spec


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
    """The second episode cannot start: the step behind the first one's end says so."""
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
