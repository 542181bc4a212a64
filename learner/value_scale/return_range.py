"""Values are returns over the largest return of the task.

Shape letters: T tasks, in the order of the network's rows; N transitions of all tasks; k tasks with B rows
each.
"""

from dataclasses import replace

import torch
from torch import Tensor

from learner.value_scale.affine import AffineScale
from learner.value_scale.interface import Change, Returns
from network.grouped import on_tasks
from network.weights import ValueMap

SMALLEST = 1e-8
"""Scale of a task that was never paid."""


class ReturnRange(AffineScale):
    """scale = largest |return| / largest value; no shift.

    Kurin et al. 2022, "In Defense of the Unitary Scalarization", and Nauman et al. 2025, "Bigger,
    Regularized, Categorical", divide rewards by the largest return at sampling time. Here an update sees n
    steps of it, and the rest is the network's word, which is believed up to the range R itself:

        R <- max(R, |r_n| + discount_n min(|bootstrap|, R))

    So R grows by one n-step reward an update at most, and never past the largest |r_n| / (1 - discount_n),
    whatever the network says. A task that was never paid keeps R = 0, and its outputs stay what they are once
    it is paid: they stood for nothing.

    Args:
        tasks: how many there are.
        largest_value: of the network's values.
        preserve: whether outputs are to stand for the same returns when R grows. Logits over fixed bins
            cannot follow: what they stand for grows with R, until it has settled.
    """

    range_T: Tensor

    def __init__(self, tasks: int, largest_value: float, preserve: bool) -> None:
        super().__init__(tasks, SMALLEST)
        self._largest_value = largest_value
        self._preserve = preserve
        self.register_buffer("range_T", torch.zeros_like(self.scale_T))

    def maps(self) -> list[ValueMap]:
        """Return each task's scale; a task that was never paid has no unit yet."""
        paid = (self.range_T > 0).tolist()
        return [known if is_paid else ValueMap() for known, is_paid in zip(super().maps(), paid, strict=True)]

    @torch.no_grad()
    def observe(self, returns: Returns) -> Change | None:
        """Take in the returns of one update."""
        columns_N3 = torch.stack([returns.reward_N.abs(), returns.discount_N, returns.bootstrap_N.abs()], 1)
        range_T = on_tasks(_largest, returns.sizes, columns_N3, self.range_T)
        change = self._become((range_T / self._largest_value).clamp(min=SMALLEST), self.shift_T)
        paid_before_T = self.range_T > 0
        self.range_T.copy_(range_T)
        if not self._preserve:
            return None
        return replace(change, factor_T=torch.where(paid_before_T, change.factor_T, 1.0))


def _largest(columns_kB3: Tensor, range_k: Tensor) -> Tensor:
    reward_kB, discount_kB, bootstrap_kB = columns_kB3.unbind(-1)
    believed_kB = torch.minimum(bootstrap_kB, range_k.unsqueeze(1))
    return torch.maximum(range_k, torch.addcmul(reward_kB, discount_kB, believed_kB).amax(1))
