"""The checkup of an environment: exact numbers of plain ones, and a sentence for each that is unwise."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tasks.checkup.checkup import STREAMS, check, unwise_about
from tasks.checkup.hearing import heard
from tasks.checkup.playing import MOST_STEPS, Played, play
from tasks.checkup.repeating import difference
from tasks.errors import EnvironmentFailureError
from tasks.recipe import Wrapping
from tasks.spec import TaskSpec
from tests.support.broken_environments import env_id
from tests.support.builders import make_spec
from tests.support.odd_environments import odd
from tests.support.unwise_environments import unwise
from tests.support.wrapped_environments import wrapper


def spec_of(env: str, **settings: Any) -> TaskSpec:
    given: dict[str, Any] = {"observation_shape": (2,), "num_actions": 3, "max_episode_steps": 50, "env": env}
    return make_spec(**given | settings)


def ticking(seconds: float) -> Callable[[], float]:
    """Return a clock that is so much later each time it is read."""
    ticks = count()
    return lambda: seconds * next(ticks)


def test_plain_numbers_of_a_plain_environment():
    """Two streams, 34 steps of a second: three episodes of ten with a reset after each, and one step more."""
    played = play(spec_of(odd("Steady")), 2, 1, 34.0, ticking(1.0))
    assert (played.streams, played.steps, played.seconds) == (2, 2 * 31, 34.0)
    assert played.steps_per_second == 62 / 34
    assert played.reset_seconds == 0.5
    assert (played.lengths, played.returns) == ([10] * 6, [10.0] * 6)
    assert (played.terminated, played.oldest) == (6, 10)
    assert (played.lowest, played.highest) == (1.0, 1.0)


def test_a_limit_ends_what_does_not_end_by_itself():
    """Then nothing was terminated."""
    played = play(spec_of(odd("Steady"), max_episode_steps=5), 1, 1, 20.0, ticking(1.0))
    assert (played.terminated, set(played.lengths)) == (0, {5})


def test_returns_are_the_environments_own():
    """Whatever a wrapper pays."""
    played = play(spec_of(odd("Steady"), wrappers=(Wrapping(wrapper("Tenfold")),)), 1, 1, 11.0, ticking(1.0))
    assert (played.returns, played.highest) == ([10.0], 1.0)


def test_a_fast_environment_is_left_alone_after_many_steps(monkeypatch: pytest.MonkeyPatch):
    """Its clock hardly moves."""
    monkeypatch.setattr("tasks.checkup.playing.MOST_STEPS", 40)
    assert MOST_STEPS > 40
    assert play(spec_of(odd("Steady")), 4, 1, 1e9, ticking(1e-9)).steps == 40


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ("Erratic", "part in step 1, by its reward"),
        ("Shuffled", "begin with different observations"),
        ("Restless", "by its end"),
    ],
)
def test_what_a_seed_does_not_repeat_is_told_where_it_parts(env: str, said: str):
    """By what is different first."""
    assert said in str(difference(spec_of(unwise(env)), 1))


@pytest.mark.parametrize("env", [odd("Steady"), "CartPole-v1", "trunkline/InvertedPendulum-v0"])
def test_what_a_seed_repeats_does_not_part(env: str):
    """Noise that follows the seed included."""
    spec = {
        "CartPole-v1": spec_of(env, observation_shape=(4,), num_actions=2),
        "trunkline/InvertedPendulum-v0": spec_of(env),
    }.get(env, spec_of(env))
    assert difference(spec, 1) is None


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (
            "Erratic",
            f"env: environment {unwise('Erratic')!r} does not repeat: two instances with the same seed",
        ),
        ("Lavish", "reward_scale: rewards are as large as 1e+06; 1e-06 would bring them to 1"),
        ("Stingy", "steps: random actions find no reward in it"),
        ("Endless", "max_episode_steps: no episode has ended within "),
    ],
)
def test_each_unwise_environment_is_told_in_a_sentence_that_names_a_field(env: str, said: str):
    """And nothing of it is wrong."""
    found = check(spec_of(unwise(env), max_episode_steps=10**6), 1, 0.5)
    assert found.wrong == []
    assert any(sentence.startswith("tasks.toy.") and said in sentence for sentence in found.unwise)


def test_nothing_is_said_of_what_is_as_it_should_be():
    """Speeds and numbers alone."""
    found = check(spec_of(odd("Steady")), 1, 0.05)
    assert (found.wrong, found.unwise) == ([], [])
    assert found.alone is not None
    assert found.together is not None
    assert (found.alone.streams, found.together.streams) == (1, STREAMS)


@pytest.mark.parametrize(("seconds", "told"), [(2.0, True), (0.05, False)])
def test_a_slow_reset_is_told_in_steps(seconds: float, told: bool):
    """Beside steps of a millisecond; a twentieth of a second is not slow."""
    played = Played(8, steps=1000, seconds=1.0, reset_seconds=seconds, lengths=[9], lowest=1.0, highest=1.0)
    sentences = list(unwise_about(spec_of(odd("Steady")), played, None))
    assert any("takes 2 s for a reset, as long as 2,000 steps" in sentence for sentence in sentences) == told


def test_a_reset_among_slow_steps_is_not_slow():
    """A second of both."""
    played = Played(8, steps=10, seconds=10.0, reset_seconds=1.0, lengths=[9], lowest=1.0, highest=1.0)
    assert list(unwise_about(spec_of(odd("Steady")), played, None)) == []


def test_what_breaks_its_contract_late_is_wrong():
    """A sentence, and no numbers."""
    found = check(spec_of(env_id("NanObservation"), observation_shape=(3,), num_actions=2), 1, 0.5)
    assert found.alone is None
    assert found.wrong == [
        f"task 'toy': environment {env_id('NanObservation')!r} returned an observation that is not finite "
        "(nan)"
    ]


def test_streams_are_closed_whatever_happens():
    """Another one can be built afterwards: also where the second of two could not be."""
    spec = spec_of(odd("Alone"))
    for _ in range(2):
        play(spec, 1, 1, 0.01)
        with pytest.raises(EnvironmentFailureError, match="port 4567 is in use"):
            difference(spec, 1)
    assert check(spec, 1, 0.01, streams=1).wrong == []


def test_everything_that_is_printed_is_heard():
    """From Python, from C, from other processes; line by line, without empty ones."""
    with heard() as lines:
        sys.stdout.write("out\n\n")
        sys.stderr.write("err")
        sys.stderr.write("or\n")
        os.write(1, b"descriptor\n")
        subprocess.run(["echo", "child"], check=True)
        os.write(2, "\xe9\n".encode("latin-1"))
    assert lines == ["out", "error", "descriptor", "child", "\ufffd"]


def test_streams_are_as_before_after_something_was_raised(capfd: pytest.CaptureFixture[str]):
    """What is printed from then on is printed."""
    out, descriptors = sys.stdout, [os.fstat(number).st_ino for number in (1, 2)]
    with pytest.raises(ZeroDivisionError), heard() as lines:
        raise ZeroDivisionError(sys.stdout.write("within"))
    assert lines == ["within"]
    assert sys.stdout is out
    assert [os.fstat(number).st_ino for number in (1, 2)] == descriptors
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"
