"""From a configuration to the learner's loss and value scale: the one place that knows which there are."""

from config.schema import LearnerConfig
from learner.hl_gauss import HLGauss
from learner.objective import ErrorLoss
from learner.td import huber_loss, squared_loss
from learner.value_scale.interface import NoScale, ValueScale
from learner.value_scale.pop_art import PopArt
from learner.value_scale.return_range import ReturnRange
from network.multi_task import MultiTaskNetwork

LARGEST_VALUE = 10.0
"""Of a network's values under `return_range`, where heads say values."""


def loss(settings: LearnerConfig, network: MultiTaskNetwork) -> ErrorLoss | HLGauss:
    """Return the loss."""
    if network.support is not None:
        return HLGauss(network.support)
    return huber_loss if settings.loss == "huber" else squared_loss


def value_scale(settings: LearnerConfig, network: MultiTaskNetwork) -> ValueScale:
    """Return the value scale, as if nothing had been seen yet."""
    tasks = len(network.groups.order)
    if settings.value_scale == "none":
        return NoScale()
    if settings.value_scale == "popart":
        return PopArt(tasks)
    if network.support is not None:
        return ReturnRange(tasks, HLGauss(network.support).reach, preserve=False)
    return ReturnRange(tasks, LARGEST_VALUE, preserve=True)
