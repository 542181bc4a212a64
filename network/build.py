"""From settings to a network: the one place that knows which ways of sharing there are."""

from collections.abc import Callable, Sequence

import torch

from network.multi_task import HardSharedNetwork, MultiTaskNetwork
from tasks.spec import TaskSpec

SHARING: dict[str, Callable[[Sequence[TaskSpec], Sequence[int], bool], MultiTaskNetwork]] = {
    "hard": HardSharedNetwork,
}


def build_network(
    sharing: str, specs: Sequence[TaskSpec], trunk_widths: Sequence[int], dueling: bool, seed: int
) -> MultiTaskNetwork:
    """Return a freshly initialised network, the same for the same seed, leaving torch's RNG on the CPU alone.

    Args:
        sharing: a key of `SHARING`.
        specs: the tasks, in the order in which the network takes their observations.
        trunk_widths: input width of the trunk and the width of each of its layers.
        dueling: dueling heads in place of linear ones.
        seed: of the initial parameters.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SHARING[sharing](specs, trunk_widths, dueling)
