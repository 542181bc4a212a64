"""What the update knows of a task weighting.

Shape letters: T tasks, in the order of the configuration.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from learner.task_gradients import SharedCopies


class TaskWeighting(nn.Module, ABC):
    """Fills the network's gradients from the losses of all tasks.

    What it learns or remembers are its buffers: a checkpoint holds its `state_dict`. It updates them itself.
    Gradients are on the scale of the plain sum of losses, whatever the scale in a method's paper: equal
    weights are weights of 1. So the bound on the gradient's norm means the same for all methods.

        copies = SharedCopies(network) if weighting.treats_gradients else None
        weighting.backward(objective.losses(batches, targets_N, copies).loss_T, copies)
        optimizer.step()
        weighting.after_update(lambda: objective.losses(batches, targets_N).loss_T)

    Attributes:
        treats_gradients: whether it wants the gradients of each task in what the tasks share.
        weights_T: by what the last update multiplied each task's loss, or gradient in what the tasks share.
    """

    treats_gradients = False
    weights_T: Tensor

    def __init__(self, weights_T: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights_T", weights_T.to(torch.float32), persistent=False)

    @property
    def plain_sums(self) -> int:
        """Updates that took the plain sum of losses since the method found no weights."""
        return 0

    @abstractmethod
    def backward(self, loss_T: Tensor, copies: SharedCopies | None) -> None:
        """Set `.grad` of every parameter of the network.

        Args:
            loss_T: the tasks' losses, with a graph.
            copies: those through which the losses were computed; None unless `treats_gradients`.
        """

    def after_update(self, losses_again: Callable[[], Tensor]) -> None:
        """Learn from the update that was made; `losses_again` computes its batches' losses anew."""
