"""`tasks.*.evaluation_steps`: how long an evaluation looks at a task."""

from network.weights import WeightsLayout
from tests.support.learning_builders import tiny_parts


def test_episodes_of_an_evaluation_are_cut_task_by_task():
    """Identity pays at most 1 a step, for 20 steps; here it is looked at for five."""
    parts = tiny_parts("tasks.identity.evaluation_steps=5")
    network = parts.network()
    snapshot = WeightsLayout(network).snapshot(network)
    returns = {spec.name: parts.evaluate(spec, snapshot, 40, 1).undiscounted for spec in parts.specs}
    assert max(returns["identity"]) <= 5
    whole = tiny_parts()
    spec = next(spec for spec in whole.specs if spec.name == "identity")
    assert max(whole.evaluate(spec, snapshot, 40, 1).undiscounted) > 5
