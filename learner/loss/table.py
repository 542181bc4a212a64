"""The losses that there are, by name, and the heads that they need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from learner.loss.hl_gauss import HLGauss
from learner.loss.interface import Loss
from learner.loss.of_errors import ErrorLoss
from learner.td import huber_loss, squared_loss
from network.output import Output, Values
from network.support import Support

Said = TypeVar("Said", bound=Output)


@dataclass(frozen=True)
class NeededScale:
    """The name of a value scale, and what it does for the loss: `maps returns into the bins`."""

    name: str
    reason: str


@dataclass(frozen=True)
class LossEntry(Generic[Said]):
    """A loss and what it asks of the rest.

    Attributes:
        output: makes what the heads have to say of an action.
        loss: from the network's output, on its device, to the loss.
        value_scale: the only one that it works with; None for any.
    """

    output: Callable[[], Said]
    loss: Callable[[Said], Loss]
    value_scale: NeededScale | None = None


LOSSES: Mapping[str, LossEntry[Any]] = {
    "huber": LossEntry(Values, lambda _: ErrorLoss(huber_loss)),
    "squared": LossEntry(Values, lambda _: ErrorLoss(squared_loss)),
    "hl_gauss": LossEntry(Support, HLGauss, NeededScale("return_range", "maps returns into the bins")),
}
