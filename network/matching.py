"""Networks of equal size: what comparisons between ways of sharing have to hold still.

McLean et al. 2025, "Multi-Task Reinforcement Learning Enables Parameter Scaling", find that much of what is
credited to architectures is their number of parameters.
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

STEPS = 20
"""Halvings of the interval of scales."""


def parameters(network: nn.Module, observations: Sequence[Tensor]) -> int:  # noqa: ARG001 - as `multiply_adds`
    """Return the number of a network's parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: nn.Module, observations: Sequence[Tensor]) -> int:
    """Return the multiplications with an addition of one forward pass of these observations."""
    with FlopCounterMode(display=False) as counter:
        network(observations)
    return int(counter.get_total_flops()) // 2


def closest_scale(size_at: Callable[[float], int], wanted: int) -> float:
    """Return a scale of the widths at which the size comes closest to what is wanted.

    Args:
        size_at: size of a network as a function of the scale; it must not fall as the scale grows.
        wanted: the size to come close to.
    """
    low, high = 0.0, 1.0
    while size_at(high) < wanted:
        low, high = high, 2 * high
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if size_at(middle) < wanted else (low, middle)
    return min(low, high, key=lambda scale: abs(size_at(scale) - wanted))
