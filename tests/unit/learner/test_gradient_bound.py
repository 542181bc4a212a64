"""The bound on gradients: of all tasks together, or of each where they share nothing."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.gradient_bound import GradientBound
from learner.learner import Learner
from learner.loss.of_errors import ErrorLoss
from learner.td import squared_loss
from network.build import Architecture, build_network
from network.choices import Sharing
from network.groups import task_views
from network.multi_task import MultiTaskNetwork
from tests.support.builders import make_spec
from tests.support.learning_builders import make_batch, make_rule

SPECS = [make_spec("a"), make_spec("b", (5,), num_actions=3), make_spec("c"), make_spec("d", num_actions=4)]
"""The first and the third go through as one, so that rows are not in the order of the tasks."""
BOUND = 0.5


def network_of(sharing: Sharing) -> MultiTaskNetwork:
    return build_network(SPECS, Architecture((8, 8), sharing=sharing), seed=1)


def stepped(sharing: Sharing, batches: Sequence[TaskBatch]) -> dict[str, Tensor]:
    """Return all parameters after one bounded update."""
    network = network_of(sharing)
    rule = make_rule([1.0] * len(SPECS), loss=ErrorLoss(squared_loss), max_gradient_norm=BOUND)
    Learner(network, torch.optim.SGD(network.parameters(), lr=1.0), rule).step(batches)
    return {name: own.clone() for name, own in task_views(network.named_parameters())}


def batches_of(huge: str | None = None) -> list[TaskBatch]:
    """Return a batch a task, the rewards of one of them beyond all bounds."""
    rng = np.random.default_rng(3)
    batches = [make_batch(spec, 4, rng) for spec in SPECS]
    for batch in batches:
        if batch.task == huge:
            batch.reward_n_B.mul_(1e4)
    return batches


@pytest.mark.parametrize("huge", [spec.name for spec in SPECS])
def test_one_tasks_outlier_changes_no_other_task_that_shares_nothing(huge):
    """Every parameter of the others after the update is the same bit for bit; its own are not."""
    calm, shaken = stepped("separate", batches_of()), stepped("separate", batches_of(huge))
    same = {name: torch.equal(calm[name], shaken[name]) for name in calm}
    assert {name for name, equal in same.items() if not equal} <= {n for n in calm if f"task:{huge}" in n}
    assert not all(same.values())


def test_an_outlier_slows_down_everyone_who_shares():
    """One bound over all: that is what the test above would see otherwise."""
    calm, shaken = stepped("hard", batches_of()), stepped("hard", batches_of("a"))
    assert not torch.equal(calm["heads.task:b.values.weight"], shaken["heads.task:b.values.weight"])


def test_each_task_is_bounded_by_itself_where_nothing_is_shared():
    """Norms of each task's gradients, one within the bound and one beyond; the returned norm is of all."""
    network = network_of("separate")
    for name, parameter in network.named_parameters():
        parts = parameter.numel() // name.count("task:")
        rows = [torch.full((parts,), 1e-3 if "task:b" in key else 1.0) for key in keys_of(name)]
        parameter.grad = torch.cat(rows).view_as(parameter)
    before = norms_of(network)
    whole = GradientBound(network, BOUND).apply()
    after = norms_of(network)
    assert float(whole) == pytest.approx(sum(norm**2 for norm in before.values()) ** 0.5, rel=1e-4)
    assert after["b"] == before["b"] < BOUND
    assert [after[name] for name in "acd"] == pytest.approx([BOUND] * 3, rel=1e-4)


def keys_of(name: str) -> list[str]:
    return next(part for part in name.split(".") if part.startswith("task:")).split("|")


def norms_of(network: MultiTaskNetwork) -> dict[str, float]:
    gradients = [(name, parameter.grad) for name, parameter in network.named_parameters()]
    square: dict[str, float] = dict.fromkeys("abcd", 0.0)
    for name, gradient in task_views((name, g) for name, g in gradients if g is not None):
        square[keys_of(name)[0].removeprefix("task:")] += float(gradient.square().sum())
    return {name: value**0.5 for name, value in square.items()}
