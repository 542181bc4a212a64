"""What the update knows of a value scale.

Shape letters: T tasks, in the order of the network's rows; N transitions of all tasks, in that order.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from learner.td import td_targets
from network.weights import ValueMap


@dataclass(frozen=True)
class Returns:
    """What taken actions returned as far as was seen, and the network's value of what follows that.

    Attributes:
        reward_N: n-step returns, in the rewards' unit.
        discount_N: factor of what follows them; 0 after a terminated step.
        bootstrap_N: the value there, in the rewards' unit.
        sizes: how many of the rows are each task's.
    """

    reward_N: Tensor
    discount_N: Tensor
    bootstrap_N: Tensor
    sizes: Sequence[int]

    def total(self) -> Tensor:
        """Return (N,), the targets in the rewards' unit."""
        return td_targets(self.reward_N, self.discount_N, self.bootstrap_N)


@dataclass(frozen=True)
class Change:
    """What becomes of each output y of a network when the unit changes: factor y + offset, (T,) each."""

    factor_T: Tensor
    offset_T: Tensor


class ValueScale(nn.Module, ABC):
    """One affine map a task: a value v of the network stands for the return scale v + shift.

    The best action is the same in either unit. TD errors, and the priorities they become, are in the
    network's unit; actors get the maps with the weights, since first priorities are TD errors too.

        returns = Returns(reward_N, discount_N, scale.returns(bootstrap_N, sizes), sizes)
        change = scale.observe(returns)
        if change is not None:
            network.adjust_outputs(change.factor_T, change.offset_T)
        targets_N = scale.values(returns.total(), sizes)

    What it remembers are its buffers: a checkpoint holds its `state_dict`.
    """

    def upgraded(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return the state of a checkpoint under today's names, if an earlier version wrote it."""
        return state

    def maps(self) -> list[ValueMap]:
        """Return each task's map, for those who have no more than its values; none if values are returns."""
        return []

    @abstractmethod
    def returns(self, values_N: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return the returns that values of the network stand for: (N,), float32 or float64."""

    @abstractmethod
    def values(self, returns_N: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return the values of the network that stand for returns: (N,), float32."""

    @abstractmethod
    def observe(self, returns: Returns) -> Change | None:
        """Learn from the returns of one update; return what the networks' outputs have to follow, if any."""


class NoScale(ValueScale):
    """Values are returns."""

    def returns(self, values_N: Tensor, sizes: Sequence[int]) -> Tensor:  # noqa: ARG002 - one unit
        """Return the values themselves."""
        return values_N

    def values(self, returns_N: Tensor, sizes: Sequence[int]) -> Tensor:  # noqa: ARG002 - one unit
        """Return the returns themselves."""
        return returns_N

    def observe(self, returns: Returns) -> None:
        """Learn nothing."""
