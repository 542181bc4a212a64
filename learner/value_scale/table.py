"""The value scales that there are, by name."""

from collections.abc import Callable, Mapping

from learner.loss.interface import Loss
from learner.value_scale.interface import NoScale, ValueScale
from learner.value_scale.pop_art import PopArt
from learner.value_scale.return_range import ReturnRange
from network.multi_task import MultiTaskNetwork

VALUE_SCALES: Mapping[str, Callable[[MultiTaskNetwork, Loss], ValueScale]] = {
    "none": lambda _, __: NoScale(),
    "return_range": lambda network, loss: ReturnRange(
        len(network.groups.order), loss.reach, preserve=network.output.adjustable
    ),
    "popart": lambda network, _: PopArt(len(network.groups.order)),
}
"""By the network and its loss, as if nothing had been seen yet, on the CPU."""
