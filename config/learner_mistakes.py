"""What the learner cannot be configured to do: batches, devices, weightings and value scales."""

from importlib.util import find_spec

import torch

from config.schema import RunConfig
from learner.loss.table import LOSSES
from learner.weighting.table import OF_GRADIENTS, PACKAGES


def learner_mistakes(config: RunConfig) -> list[str]:
    """Return one sentence for everything that the learner's fields contradict."""
    return [
        *_batch_mistakes(config),
        *_device_mistakes(config),
        *_weighting_mistakes(config),
        *_value_mistakes(config),
    ]


def _batch_mistakes(config: RunConfig) -> list[str]:
    if config.learner.batch_size >= len(config.tasks):
        return []
    return [
        f"learner.batch_size: {config.learner.batch_size} is not allowed: "
        f"it should be at least the number of tasks, {len(config.tasks)}"
    ]


def _device_mistakes(config: RunConfig) -> list[str]:
    if config.learner.device == "cuda" and not torch.cuda.is_available():
        return [
            "learner.device: 'cuda' is not allowed: this machine has no CUDA device, or torch is a build "
            "without CUDA; it should be 'cpu' or 'auto'"
        ]
    return []


def _weighting_mistakes(config: RunConfig) -> list[str]:
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
    if name in OF_GRADIENTS and sharing in ("separate", "l2"):
        mistakes.append(
            f"learner.weighting: {name!r} is not allowed with network.sharing {sharing!r}: it combines "
            "gradients of what tasks share, and they share no parameter"
        )
    missing = [package for package in PACKAGES.get(name, ()) if find_spec(package) is None]
    if missing:
        mistakes.append(
            f"learner.weighting: {name!r} is not allowed: it needs {missing[0]}, which is not installed; "
            "the extra 'torchjd' brings it (pip install --editable '.[torchjd]')"
        )
    return mistakes


def _value_mistakes(config: RunConfig) -> list[str]:
    """Return a sentence if loss and value scale do not fit."""
    settings, needs = config.learner, LOSSES[config.learner.loss].value_scale
    if needs is None or settings.value_scale == needs.name:
        return []
    return [
        f"learner.value_scale: {settings.value_scale!r} is not allowed with learner.loss {settings.loss!r}: "
        f"it should be {needs.name!r}, which {needs.reason}"
    ]
