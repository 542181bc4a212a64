"""The policy of one task: a share of the network with memory of its own."""

import numpy as np
import torch

from actors.policy import TaskPolicy
from network.weights import WeightsLayout
from tests.support.builders import make_spec
from tests.support.learning_builders import make_network

SPECS = [make_spec("a"), make_spec("b"), make_spec("c", (5,), num_actions=3)]
OBS, FIRST = np.ones((2, 3), np.float32), np.ones(2, np.bool_)


def test_a_policy_computes_what_the_published_network_computes_for_its_task():
    """Each task of a group has its own values."""
    source = make_network(SPECS, seed=1)
    snapshot = WeightsLayout(source).snapshot(source, version=4)
    expected = source([torch.from_numpy(OBS), torch.from_numpy(OBS), torch.ones(1, 5)])
    for position, task in enumerate("ab"):
        policy = TaskPolicy(make_network(SPECS, seed=2), task)
        policy.load(snapshot)
        np.testing.assert_allclose(policy.action_values(OBS, FIRST), expected[position].detach(), rtol=1e-5)
        assert policy.version == 4


def test_a_policy_keeps_no_other_tasks_parameters_alive():
    """Its memory is its own and of its task's size; the network that it came from stays as it was."""
    network = make_network(SPECS, seed=1)
    before = WeightsLayout(network).snapshot(network).digest()
    policy = TaskPolicy(network, "b")
    for parameter in policy._module.parameters():
        assert parameter.untyped_storage().nbytes() == 4 * parameter.numel()
    other = make_network(SPECS, seed=2)
    policy.load(WeightsLayout(other).snapshot(other))
    assert WeightsLayout(network).snapshot(network).digest() == before
