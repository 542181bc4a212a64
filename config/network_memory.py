"""Whether the network that is asked for fits into memory: found out before anything of it is allocated."""

from collections.abc import Sequence

from config.architecture import architecture
from config.memory import in_units
from config.schema import RunConfig
from network.least_size import LeastSize, least_size
from tasks.spec import TaskSpec

BYTES_PER_PARAMETER = 5 * 4
"""Weights, target network, gradient and the two moments of Adam, in float32."""


def network_memory_mistakes(config: RunConfig, specs: Sequence[TaskSpec], machine_bytes: int) -> list[str]:
    """Return a sentence for a network that takes more than `machine_bytes` to train."""
    try:
        size = least_size(specs, architecture(config))
    except ValueError:  # a mistake of its own: `network_mistakes` has its sentence
        return []
    needed = size.total * BYTES_PER_PARAMETER
    if needed <= machine_bytes:
        return []
    return [
        f"{_largest(config, specs, size)}: the network has at least {size.total:,} parameters, and training "
        f"it takes {in_units(needed)} (each has a weight, a target, a gradient and two moments of Adam), "
        f"more than this machine has, {in_units(machine_bytes)}; it should be smaller"
    ]


def _largest(config: RunConfig, specs: Sequence[TaskSpec], size: LeastSize) -> str:
    """Return the field, and its value, that the largest part of a network comes from."""
    network = config.network
    encoders, heads = sum(size.encoders.values()), sum(size.heads.values())
    if size.trunk >= max(encoders, heads) and network.trunk_convolutions:
        return f"network.trunk_convolutions and network.trunk: {network.trunk} are not allowed"
    if size.trunk >= max(encoders, heads) and network.encoder_width <= max(network.trunk):
        return f"network.trunk: {network.trunk} is not allowed"
    if max(size.trunk, encoders) >= heads:
        return f"network.encoder_width: {network.encoder_width} is not allowed"
    task = max(specs, key=lambda spec: spec.choices.total)
    return (
        f"tasks.{task.name}.env: {task.env!r} with {task.choices.total:,} choices of actions is not allowed"
    )
