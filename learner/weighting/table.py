"""The task weightings that there are, by name."""

from collections.abc import Callable, Mapping, Sequence

from learner.weighting.aggregated import AggregatedGradients, GramianWeights
from learner.weighting.aggregators import torchjd_weights
from learner.weighting.conflict_averse import conflict_averse_weights
from learner.weighting.famo import FamoWeighting
from learner.weighting.fixed import FixedWeighting
from learner.weighting.interface import TaskWeighting
from learner.weighting.loss_ratio import DynamicWeightAverage
from learner.weighting.surgery import Surgery
from learner.weighting.uncertainty import UncertaintyWeighting

OF_LOSSES: Mapping[str, Callable[[int], TaskWeighting]] = {
    "equal": lambda tasks: FixedWeighting([1.0] * tasks),
    "uncertainty": UncertaintyWeighting,
    "dwa": DynamicWeightAverage,
    "famo": FamoWeighting,
}
"""Weightings that look at losses alone, by number of tasks."""

OF_GRADIENTS: Mapping[str, Callable[[int, int], GramianWeights]] = {
    "pcgrad": lambda _, seed: Surgery(seed),
    "cagrad": lambda _, __: conflict_averse_weights,
    "aligned_mtl": lambda tasks, _: torchjd_weights("aligned_mtl", tasks),
    "imtl_g": lambda tasks, _: torchjd_weights("imtl_g", tasks),
    "upgrad": lambda tasks, _: torchjd_weights("upgrad", tasks),
}
"""Weightings that treat the gradients of each task, by number of tasks and seed."""

PACKAGES = {
    "cagrad": ("quadprog",),
    "aligned_mtl": ("torchjd",),
    "imtl_g": ("torchjd",),
    "upgrad": ("torchjd", "quadprog", "qpsolvers"),
}
"""What the `torchjd` extra brings that a weighting needs."""


def task_weighting(name: str, loss_weights: Sequence[float], seed: int) -> TaskWeighting:
    """Return a weighting by its name in `learner.weighting`, on the CPU.

    Args:
        name: which.
        loss_weights: of each task, for `fixed`.
        seed: of the random numbers that some draw.
    """
    tasks = len(loss_weights)
    if name == "fixed":
        return FixedWeighting(loss_weights)
    if name in OF_LOSSES:
        return OF_LOSSES[name](tasks)
    return AggregatedGradients(OF_GRADIENTS[name](tasks, seed), tasks)
