"""Publishes the learner's weights: one flat array with a version, once for all actors."""

from typing import Protocol

from learner.divergence import refuse_divergence
from learner.learner import Learner
from network.weights import WeightsLayout, WeightsSnapshot


class WeightsSink(Protocol):
    """Where weights go; `deploy` joins it to the actors' `WeightsSource`."""

    def publish(self, snapshot: WeightsSnapshot) -> None:
        """Make a snapshot the newest."""


class WeightsPublisher:
    """Counts versions and hands snapshots to a sink.

    Attributes:
        version: newest published; versions of a run never go back, whatever learner it has.
    """

    def __init__(self, learner: Learner, sink: WeightsSink, newest: int = -1) -> None:
        self._learner = learner
        self._layout = WeightsLayout(learner.network)
        self._sink = sink
        self.version = newest

    def go_on_from(self, version: int) -> None:
        """Count on from a version that somebody has heard of."""
        self.version = max(self.version, version)

    def publish(self) -> WeightsSnapshot:
        """Publish the weights as they are now under the next version, and return them.

        Raises:
            DivergedError: the learner holds numbers that are not finite; nothing was published.
        """
        refuse_divergence(self._learner)
        self.version += 1
        network, maps = self._learner.network, self._learner.value_scale.maps()
        value_maps = dict(zip(network.tasks, maps, strict=True)) if maps else {}
        snapshot = self._layout.snapshot(network, self.version, self._learner.learner_step, value_maps)
        self._sink.publish(snapshot)
        return snapshot
