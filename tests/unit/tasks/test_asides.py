"""What streams say besides their steps: the environment's own rewards, and lives that are lost."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.environment import CheckedVector
from tasks.episodes import CheckedEpisodes
from tasks.errors import EnvironmentFailureError
from tasks.inspection import examine_environment
from tasks.reading import Reading
from tasks.recipe import Recipe, Wrapping
from tests.support.builders import make_spec
from tests.support.odd_environments import odd
from tests.support.wrapped_environments import wrapper

STEADY = odd("Steady")
NONE = np.zeros(2, int)


def vector_of(*wrappers: str, env: str = STEADY, life_loss: bool = False, limit: int = 50) -> CheckedVector:
    spec = make_spec(
        observation_shape=(2,),
        num_actions=3 if env == STEADY else 2,
        env=env,
        wrappers=tuple(map(Wrapping, wrappers)),
        reading=Reading(life_loss=life_loss),
        max_episode_steps=limit,
    )
    vector = CheckedVector(spec, 2, seed=1)
    vector.reset()
    return vector


def listed(values_E: NDArray[Any] | None) -> list[Any]:
    assert values_E is not None
    return list(values_E.tolist())


def test_without_wrappers_there_is_nothing_to_say():
    """Rewards are the environment's own: nothing counts them a second time."""
    vector = vector_of()
    vector.step(NONE)
    assert (vector.aside.own_reward_E, vector.aside.life_lost_E) == (None, None)


def test_own_rewards_are_those_within_the_wrappers():
    """The learner gets what the outermost wrapper makes of them."""
    vector = vector_of(wrapper("Tenfold"))
    reward_E = vector.step(NONE)[1]
    assert reward_E.tolist() == [10.0, 10.0]
    assert listed(vector.aside.own_reward_E) == [1.0, 1.0]


def test_all_steps_that_a_wrapper_makes_of_one_are_counted_and_those_of_its_reset_are_not():
    """Episodes of ten steps, one of them in the reset: 2, 2, 2, 2, 1, a reset, and so on."""
    vector = vector_of(wrapper("Twice"), wrapper("Tenfold"))
    own = []
    for _ in range(8):
        vector.step(NONE)
        own.append(listed(vector.aside.own_reward_E)[0])
    assert own == [2.0, 2.0, 2.0, 2.0, 1.0, 0.0, 2.0, 2.0]


def test_an_evaluation_plays_for_own_rewards():
    """Whatever wrappers pay."""
    spec = make_spec(
        observation_shape=(2,), num_actions=3, env=STEADY, wrappers=(Wrapping(wrapper("Tenfold")),)
    )
    streams = CheckedEpisodes(spec, 2)
    streams.open(2)
    for stream in range(2):
        streams.begin(stream, 1)
    assert streams.step(NONE, np.array([True, False]))[1].tolist() == [1.0, 0.0]
    streams.close()


def test_a_reward_that_is_none_is_told_within_wrappers_as_without():
    """One sentence about the environment."""
    recipe = Recipe(odd("VectorReward"), {}, 50, (Wrapping(wrapper("Tenfold")),))
    (mistake,) = examine_environment("maze", recipe, Reading(), 1, seed=1).mistakes
    assert mistake.endswith("(wrapped in Tenfold) returned a reward of shape (2,); it should be one number")


def test_lives_are_lost_where_the_info_says_so():
    """In steps 4 and 8; the twelfth step ends the game, and a reset gives lives back without losing any."""
    vector = vector_of(env=wrapper("ThreeLives"), life_loss=True)
    lost = []
    for _ in range(14):
        vector.step(NONE)
        lost.append(listed(vector.aside.life_lost_E))
    assert [step + 1 for step, row in enumerate(lost) if row == [True, True]] == [4, 8, 12]
    assert [row for row in lost if row[0] != row[1]] == []


def test_lives_that_nobody_counts_are_a_mistake_of_the_configuration():
    """Found in the trial, also where the dynamics are known, and by a run that plays all the same."""
    for env in (STEADY, "CartPole-v1"):
        report = examine_environment("maze", Recipe(env), Reading(life_loss=True), 1, seed=1)
        assert any(
            'returned no info["lives"], which tasks.maze.life_loss asks for' in m for m in report.mistakes
        )
    with pytest.raises(EnvironmentFailureError, match='returned no info\\["lives"\\]'):
        vector_of(life_loss=True)


def test_a_vector_tells_lost_lives_of_all_its_streams():
    """In its steps 4, 8 and 12 by the first, a step earlier by the second; beginning anew loses none."""
    vector = vector_of(env=f"vector:{wrapper('LivesTogether')}", life_loss=True)
    lost = []
    for _ in range(18):
        vector.step(NONE)
        lost.append(listed(vector.aside.life_lost_E))
    of_streams = [[step + 1 for step, row in enumerate(lost) if row[stream]] for stream in range(2)]
    assert of_streams == [[4, 8, 12, 17], [3, 7, 11, 16]]


def test_a_vector_that_says_nothing_of_lives_is_refused():
    """In the trial, and where streams are opened."""
    env = f"vector:{wrapper('LivesTogether')}"
    report = examine_environment("maze", Recipe(env, {"silent": True}), Reading(life_loss=True), 1, seed=1)
    assert any('returned no info["lives"], which tasks.maze.life_loss asks for' in m for m in report.mistakes)
    assert examine_environment("maze", Recipe(env), Reading(life_loss=True), 1, seed=1).mistakes == []
