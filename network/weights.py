"""Weights as one flat float32 array with a version, and the layout that says what lies where in it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from network.groups import task_views


class ValueMap(NamedTuple):
    """What a task's values stand for: a value v for the return scale v + shift."""

    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class WeightsSnapshot:
    """Published weights.

    Attributes:
        version: counts publications from 1; 0 stands for the weights that a run starts from.
        learner_step: optimizer updates that made these weights.
        layout: digest of the layout that `flat` follows.
        flat: float32, every parameter of the network one after another.
        value_maps: of the tasks whose values are not returns, by name.
    """

    version: int
    learner_step: int
    layout: str
    flat: NDArray[np.float32]
    value_maps: Mapping[str, ValueMap] = field(default_factory=dict)

    def digest(self) -> str:
        """Return the SHA-256 of the values, in hexadecimal."""
        return hashlib.sha256(np.ascontiguousarray(self.flat).tobytes()).hexdigest()


class WeightsLayout:
    """Where each named parameter of a network, and each task's slice of it, lies in a flat array.

    layout = WeightsLayout(network)
    flat = layout.flatten(network)
    layout.load(network.for_task("cartpole"), snapshot)     # copies only that task's slice

    A parameter of several tasks, `heads.task:a|task:b.values.bias`, lies there whole, one task's slice after
    another, so that each slice is a stretch of its own: `heads.task:a.values.bias`.
    """

    def __init__(self, network: nn.Module) -> None:
        self._stretches: dict[str, slice] = {}
        shapes: list[str] = []
        offset = 0
        for name, parameter in network.named_parameters():
            self._stretches[name] = slice(offset, offset + parameter.numel())
            shapes.append(f"{name}{tuple(parameter.shape)}")
            for own_name, own in task_views([(name, parameter)]):
                self._stretches[own_name] = slice(offset, offset + own.numel())
                offset += own.numel()
        self.size = offset
        self.digest = hashlib.sha256(";".join(shapes).encode()).hexdigest()[:16]

    def flatten(self, network: nn.Module) -> NDArray[np.float32]:
        """Return a copy of the network's parameters as one array of shape (size,)."""
        with torch.no_grad():
            flat = torch.cat([parameter.reshape(-1) for parameter in network.parameters()])
        return np.asarray(flat.cpu().numpy(), dtype=np.float32)

    def snapshot(
        self,
        network: nn.Module,
        version: int = 0,
        learner_step: int = 0,
        value_maps: Mapping[str, ValueMap] | None = None,
    ) -> WeightsSnapshot:
        """Return a snapshot of the network's parameters."""
        return WeightsSnapshot(version, learner_step, self.digest, self.flatten(network), value_maps or {})

    def load(self, module: nn.Module, snapshot: WeightsSnapshot) -> None:
        """Copy the values of the module's parameters, found by name, out of a snapshot.

        Raises:
            ValueError: the snapshot follows another layout.
        """
        if snapshot.layout != self.digest or snapshot.flat.shape != (self.size,):
            raise ValueError(
                f"weights of layout {snapshot.layout} with {snapshot.flat.size} values do not fit "
                f"this network's layout {self.digest} with {self.size}"
            )
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                own = torch.from_numpy(snapshot.flat[self._stretches[name]].copy())
                parameter.copy_(own.view(parameter.shape))
