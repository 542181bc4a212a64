"""A learner that holds a number that is none is recognised, wherever that number is."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from learner.divergence import DivergedError, refuse_divergence
from learner.learner import Learner
from learner.value_scale.pop_art import PopArt
from learner.weighting.uncertainty import UncertaintyWeighting
from learner.weights_publisher import WeightsPublisher
from network.weights import WeightsSnapshot
from tests.support.learning_builders import make_batches, make_learner, make_rule


def trained() -> Learner:
    learner = make_learner(make_rule(value_scale=PopArt(2), weighting=UncertaintyWeighting(2)))
    learner.step(make_batches(np.random.default_rng(1)))
    return learner


def in_a_weight(learner: Learner) -> None:
    next(iter(learner.network.parameters())).data.flatten()[0] = torch.nan


def in_a_target_weight(learner: Learner) -> None:
    next(iter(learner.target.parameters())).data.flatten()[0] = torch.inf


def in_the_optimizer(learner: Learner) -> None:
    next(iter(learner.optimizer.state.values()))["exp_avg_sq"].flatten()[0] = torch.nan


def in_the_weighting(learner: Learner) -> None:
    next(value for value in learner.weighting.state_dict().values() if value.dim()).fill_(torch.nan)


def in_the_value_scale(learner: Learner) -> None:
    next(iter(learner.value_scale.state_dict().values())).fill_(-torch.inf)


def test_a_learner_that_is_well_is_let_through():
    refuse_divergence(trained())


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (in_a_weight, "^weight "),
        (in_a_target_weight, "^target weight "),
        (in_the_optimizer, "^optimizer state 0.exp_avg_sq"),
        (in_the_weighting, "^weighting "),
        (in_the_value_scale, "^value scale "),
    ],
)
def test_a_number_that_is_none_is_named(spoil: Callable[[Learner], None], named: str):
    """One element is enough; the error says in which tensor it is."""
    learner = trained()
    spoil(learner)
    with pytest.raises(DivergedError, match=named):
        refuse_divergence(learner)


def test_diverged_weights_are_not_published():
    """Neither for actors nor for an evaluation: nothing reaches the sink, and no version is used up."""
    published: list[WeightsSnapshot] = []

    class Sink:
        def publish(self, snapshot: WeightsSnapshot) -> None:
            published.append(snapshot)

    learner = trained()
    publisher = WeightsPublisher(learner, Sink())
    in_a_weight(learner)
    with pytest.raises(DivergedError):
        publisher.publish()
    assert (published, publisher.version) == ([], -1)
