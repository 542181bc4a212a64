"""Gradients of each task from one pass through copies, beside a pass a task through the joint graph."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from learner.learner import Learner
from learner.loss.of_errors import ErrorLoss
from learner.task_gradients import SharedCopies
from learner.td import squared_loss
from network.build import Architecture, build_network
from network.multi_task import MultiTaskNetwork
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, make_rule

PLAIN = Architecture((6, 5, 4))
WAYS = {
    "hard": PLAIN,
    "hard, embedding": replace(PLAIN, conditioning="embedding"),
    "hard, film": replace(PLAIN, conditioning="film"),
    "cross_stitch": replace(PLAIN, sharing="cross_stitch"),
    "moe": replace(PLAIN, sharing="moe", experts=3),
    "moe, orthogonal": replace(PLAIN, sharing="moe", experts=3, orthogonal_experts=True),
}
KINDS = [((3,), 2), ((5,), 3), ((3,), 4)]
"""Observations and actions, of which tasks alike go through as one: rows leave the order of the tasks."""


def random_network(architecture: Architecture, kinds: list[int], seed: int) -> MultiTaskNetwork:
    """Return a network whose parameters are all random, norms and conditions included."""
    specs = [make_spec(f"t{i}", KINDS[kind][0], num_actions=KINDS[kind][1]) for i, kind in enumerate(kinds)]
    network = build_network(specs, architecture, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return network


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=12, deadline=None)
@given(
    kinds=st.lists(st.integers(0, 2), min_size=2, max_size=5),
    sizes=st.lists(st.integers(1, 4), min_size=5, max_size=5),
    equal_sizes=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_one_pass_gives_every_tasks_gradient(way, kinds, sizes, equal_sizes, seed):
    """In what is shared, by row; elsewhere what the sum of losses gives. A second use finds nothing left."""
    network = random_network(WAYS[way], kinds, seed)
    rng = np.random.default_rng(seed)
    specs = [make_spec(f"t{i}", KINDS[kind][0], num_actions=KINDS[kind][1]) for i, kind in enumerate(kinds)]
    batches = [
        make_batch(spec, sizes[0] if equal_sizes else size, rng)
        for spec, size in zip(specs, sizes, strict=False)
    ]
    rule = make_rule([1.0] * len(specs), loss=ErrorLoss(squared_loss))
    objective = Learner(network, torch.optim.SGD(network.parameters(), lr=1.0), rule).objective
    targets_N = objective.targets(batches)
    copies = SharedCopies(network)
    for _ in range(2):
        network.zero_grad()
        plain = objective.losses(batches, targets_N)
        apart = objective.losses(batches, targets_N, copies)
        torch.testing.assert_close(apart.loss_T, plain.loss_T)
        apart.loss_T.sum().backward()
        shared = network.shared()
        found_TP = copies.gradients()
        for row, loss in zip(found_TP, plain.loss_T, strict=True):
            gradients = torch.autograd.grad(loss, list(shared.values()), retain_graph=True)
            expected = torch.cat([gradient.flatten() for gradient in gradients])
            torch.testing.assert_close(row, expected, rtol=1e-3, atol=1e-4)
        own = [p for p in network.parameters() if all(p is not other for other in shared.values())]
        wanted = torch.autograd.grad(plain.loss_T.sum(), own)
        for parameter, gradient in zip(own, wanted, strict=True):
            assert parameter.grad is not None
            torch.testing.assert_close(parameter.grad, gradient, rtol=1e-3, atol=1e-4)
        copies.assign(found_TP.sum(0))
        assigned = [parameter.grad for parameter in shared.values()]
        whole = torch.cat([gradient.flatten() for gradient in assigned if gradient is not None])
        torch.testing.assert_close(whole, found_TP.sum(0))
        with torch.no_grad():  # what an optimizer does in place, the copies see
            for parameter in network.parameters():
                parameter.mul_(0.9)
