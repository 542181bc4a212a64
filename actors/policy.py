"""The action values of one task under the newest weights that its actor holds."""

import copy
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from network.flattened import flattened
from network.multi_task import MultiTaskNetwork
from network.weights import ValueMap, WeightsLayout, WeightsSnapshot


class Policy(Protocol):
    """Says what actions are worth in each of E streams that are played in lockstep.

    It may remember of each stream what it was shown since the episode began. One player at a time uses
    it, and says where episodes begin:

        first_E = np.ones(num_envs, np.bool_)
        while playing:
            action_E = choices.best(policy.action_values(obs_EO, first_E))
            obs_EO, first_E = step(action_E)
    """

    def action_values(self, obs_EO: NDArray[Any], first_E: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return q_EA, of all choices; -inf of those that are not allowed.

        Args:
            obs_EO: what each stream shows now.
            first_E: streams whose episode begins with that; what came before in them is forgotten. All of
                them where playing begins, be they as many as before or not.
        """


class ActingPolicy(Policy, Protocol):
    """A policy that experience is gathered with.

    Attributes:
        version: of its weights; -1 before any were loaded.
        value_map: what its values stand for.
    """

    version: int
    value_map: ValueMap


class TaskPolicy:
    """A copy of one task's share of a network, on the CPU. Networks remember nothing yet.

        policy = TaskPolicy(network, "cartpole")
        policy.load(snapshot)
        q_EA = policy.action_values(obs_EO, first_E)

    Attributes:
        version: of its weights; -1 before any were loaded.
        value_map: what its values stand for.
    """

    def __init__(self, network: MultiTaskNetwork, task: str) -> None:
        self._task = task
        self._layout = WeightsLayout(network)
        # views of the network's parameters would keep those of every task alive
        self._module = copy.deepcopy(network.for_task(task))
        self._values = flattened(self._module)
        self.version = -1
        self.value_map = ValueMap()

    def load(self, snapshot: WeightsSnapshot) -> None:
        """Take over the task's slice of a snapshot.

        Raises:
            ValueError: the snapshot is of another network.
        """
        self._layout.load(self._module, snapshot)
        self.version = snapshot.version
        self.value_map = snapshot.value_maps.get(self._task, ValueMap())

    def action_values(
        self,
        obs_EO: NDArray[Any],
        first_E: NDArray[np.bool_],  # noqa: ARG002 - there is nothing to forget
    ) -> NDArray[np.float32]:
        """Return q_EA."""
        with torch.inference_mode():
            obs = torch.from_numpy(obs_EO)
            q_EA: NDArray[np.float32] = self._values(obs).numpy()
        return q_EA
