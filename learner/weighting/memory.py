"""What weightings that learn are made of: a count of updates and an optimizer, both kept in checkpoints."""

import torch
from torch import Tensor, nn

MEAN_RATE, SQUARE_RATE, EPSILON = 0.9, 0.999, 1e-8
"""Adam's usual settings."""
LARGEST = 1e18
"""Of a gradient: the square of a larger one would be infinite in float32, and stay so in the moment."""


class Count(nn.Module):
    """A number of updates that is part of the module's state but never on a device: reading it is free.

    Attributes:
        value: the number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.value = 0

    def get_extra_state(self) -> Tensor:
        """Return the number as a checkpoint keeps it."""
        return torch.tensor(self.value)

    def set_extra_state(self, state: Tensor) -> None:
        """Take over a checkpoint's number."""
        self.value = int(state)


class OwnAdam(nn.Module):
    """Adam (Kingma and Ba 2015, algorithm 1) of one vector, with its moments as buffers."""

    mean_T: Tensor
    square_T: Tensor

    def __init__(self, size: int, learning_rate: float) -> None:
        super().__init__()
        self._learning_rate = learning_rate
        self._updates = Count()
        self.register_buffer("mean_T", torch.zeros(size))
        self.register_buffer("square_T", torch.zeros(size))

    def step(self, value_T: Tensor, gradient_T: Tensor) -> None:
        """Move `value_T` in place."""
        self._updates.value += 1
        updates = self._updates.value
        gradient_T = gradient_T.clamp(-LARGEST, LARGEST)
        self.mean_T.lerp_(gradient_T, 1 - MEAN_RATE)
        self.square_T.lerp_(gradient_T.square(), 1 - SQUARE_RATE)
        root_T = (self.square_T / (1 - SQUARE_RATE**updates)).sqrt_().add_(EPSILON)
        value_T.addcdiv_(self.mean_T, root_T, value=-self._learning_rate / (1 - MEAN_RATE**updates))
