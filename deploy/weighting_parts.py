"""From a configuration to its task weighting: the one place that knows which there are."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec

from deploy.config.schema import RunConfig
from learner.weighting.aggregated import AggregatedGradients, GramianWeights
from learner.weighting.aggregators import torchjd_weights
from learner.weighting.conflict_averse import conflict_averse_weights
from learner.weighting.famo import FamoWeighting
from learner.weighting.fixed import FixedWeighting
from learner.weighting.interface import TaskWeighting
from learner.weighting.loss_ratio import DynamicWeightAverage
from learner.weighting.surgery import Surgery
from learner.weighting.uncertainty import UncertaintyWeighting

_OF_LOSSES: Mapping[str, Callable[[int], TaskWeighting]] = {
    "equal": lambda tasks: FixedWeighting([1.0] * tasks),
    "uncertainty": UncertaintyWeighting,
    "dwa": DynamicWeightAverage,
    "famo": FamoWeighting,
}
"""Weightings that look at losses alone, by number of tasks."""

_OF_GRADIENTS: Mapping[str, Callable[[int, int], GramianWeights]] = {
    "pcgrad": lambda _, seed: Surgery(seed),
    "cagrad": lambda _, __: conflict_averse_weights,
    "aligned_mtl": lambda tasks, _: torchjd_weights("aligned_mtl", tasks),
    "imtl_g": lambda tasks, _: torchjd_weights("imtl_g", tasks),
    "upgrad": lambda tasks, _: torchjd_weights("upgrad", tasks),
}
"""Weightings that treat the gradients of each task, by number of tasks and seed."""

_PACKAGES = {
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
    if name in _OF_LOSSES:
        return _OF_LOSSES[name](tasks)
    return AggregatedGradients(_OF_GRADIENTS[name](tasks, seed), tasks)


def weighting_mistakes(config: RunConfig) -> list[str]:
    """Return one sentence for everything that the configured weighting cannot be used with."""
    name, sharing = config.learner.weighting, config.network.sharing
    mistakes = []
    if name != "fixed":
        mistakes += [
            f"tasks.{task}.loss_weight: {settings.loss_weight:g} is not allowed with learner.weighting "
            f"{name!r}, which does not read it: learner.weighting should be 'fixed', or the loss_weight 1"
            for task, settings in config.tasks.items()
            if settings.loss_weight != 1.0
        ]
    if name in _OF_GRADIENTS and sharing in ("separate", "l2"):
        mistakes.append(
            f"learner.weighting: {name!r} is not allowed with network.sharing {sharing!r}: it combines "
            "gradients of what tasks share, and they share no parameter"
        )
    missing = [package for package in _PACKAGES.get(name, ()) if find_spec(package) is None]
    if missing:
        mistakes.append(
            f"learner.weighting: {name!r} is not allowed: it needs {missing[0]}, which is not installed; "
            "the extra 'torchjd' brings it (pip install --editable '.[torchjd]')"
        )
    return mistakes
