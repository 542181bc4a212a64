"""How a task explores: by its own settings, or by those of all actors."""

from collections import defaultdict

import pytest

from learner.weights_publisher import WeightsPublisher
from tests.support.gathering import Gathering
from tests.support.learning_builders import tiny_parts


def deviates(*overrides: str) -> bool:
    """Return whether actors of the task chain do different things in one state: greedy ones do not."""
    parts = tiny_parts("actors.epsilon_exponent=0", *overrides)
    gathering = Gathering(parts)
    WeightsPublisher(parts.learner(), gathering).publish()
    gathering.advance(20)
    columns = gathering.sample("chain", 400).columns
    taken: dict[bytes, set[int]] = defaultdict(set)
    for window, action in zip(columns["windows"], columns["actions"], strict=True):
        taken[window[0].tobytes()].add(int(action))
    return any(len(actions) > 1 for actions in taken.values())


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["actors.epsilon_base=0"], False),
        (["actors.epsilon_base=0", "tasks.chain.epsilon_base=1"], True),
        (["actors.epsilon_base=1", "tasks.chain.epsilon_base=0"], False),
        (["actors.epsilon_base=1", "tasks.identity.epsilon_base=0"], True),
    ],
)
def test_a_task_explores_as_it_says_or_else_as_all_do(overrides: list[str], expected: bool):
    """An epsilon of 0 counts too: only null leaves it to all actors."""
    assert deviates(*overrides) is expected
