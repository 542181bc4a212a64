"""Has a learner diverged? Asked before its numbers go anywhere: a checkpoint, a publication, a summary."""

from collections.abc import Iterator

import torch
from torch import Tensor

from learner.learner import Learner


class DivergedError(RuntimeError):
    """A learner holds numbers that are not finite.

    Attributes:
        what: which of them, as the subject of a sentence.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not finite")
        self.what = what


def refuse_divergence(learner: Learner) -> None:
    """Look at every number that a checkpoint of the learner would hold.

    Raises:
        DivergedError: one is NaN or infinite; the error names the tensor.
    """
    names, tensors = zip(*_floating(learner), strict=True)
    # One answer for all of them, so that a GPU is waited for once.
    finite = torch.stack([torch.isfinite(tensor).all() for tensor in tensors]).tolist()
    for name, is_finite in zip(names, finite, strict=True):
        if not is_finite:
            raise DivergedError(name)


def _floating(learner: Learner) -> Iterator[tuple[str, Tensor]]:
    for name, parameter in learner.network.named_parameters():
        yield f"weight {name}", parameter
    for name, parameter in learner.target.named_parameters():
        yield f"target weight {name}", parameter
    for index, slots in learner.optimizer.state_dict()["state"].items():
        for name, value in slots.items():
            yield f"optimizer state {index}.{name}", value
    for part, module in (("weighting", learner.weighting), ("value scale", learner.value_scale)):
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                yield f"{part} {name}", value
