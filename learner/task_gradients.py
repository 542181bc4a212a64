"""The gradients of each task alone in what the tasks share, from one backward pass.

Shape letters: T tasks, in the order of the configuration; P shared parameters, one after another.
"""

import torch
from torch import Tensor

from network.multi_task import MultiTaskNetwork


class SharedCopies:
    """The parameters that tasks share, one copy a task; the copies take no memory, their gradients do.

    They follow the parameters, so that one set of copies serves every update.

    Each task has a batch of its own, so each row meets one copy: all T gradients cost one pass over the rows,
    where T backward passes through a joint graph would cost T.

        copies = SharedCopies(network)
        losses = objective.losses(batches, targets_N, copies)
        losses.loss_T.sum().backward()
        gradient_TP = copies.gradients()
        copies.assign(gradient_TP.mean(0))

    Attributes:
        by_name: (T, *shape) for each shared parameter, tasks in the order of the network's rows.
    """

    def __init__(self, network: MultiTaskNetwork) -> None:
        self._groups = network.groups
        self._shared = network.shared()
        tasks = len(network.groups.order)
        self.by_name = {
            name: parameter.detach().unsqueeze(0).expand(tasks, *parameter.shape).requires_grad_()
            for name, parameter in self._shared.items()
        }

    def gradients(self) -> Tensor:
        """Return the gradients of each task, (T, P), and forget them; there must be shared parameters."""
        columns = []
        for copy in self.by_name.values():
            assert copy.grad is not None
            columns.append(copy.grad.flatten(1))
            copy.grad = None
        gradient_TP = torch.cat(columns, dim=1)
        return gradient_TP if self._groups.in_order else gradient_TP[self._groups.ranks]

    def assign(self, gradient_P: Tensor) -> None:
        """Make a gradient that of the shared parameters themselves."""
        parameters = list(self._shared.values())
        parts = gradient_P.split_with_sizes([parameter.numel() for parameter in parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view(parameter.shape)
