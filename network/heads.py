"""Per-task heads: from features to one value an action."""

from torch import Tensor, nn


class LinearHead(nn.Module):
    """Features (B, width) -> action values (B, num_actions)."""

    def __init__(self, width: int, num_actions: int) -> None:
        super().__init__()
        self.values = nn.Linear(width, num_actions)

    def forward(self, features_BF: Tensor) -> Tensor:
        """Return q_BA."""
        q_BA: Tensor = self.values(features_BF)
        return q_BA


class DuelingHead(nn.Module):
    """A state value plus centred advantages (Wang et al. 2016, "Dueling Network Architectures", eq. 9)."""

    def __init__(self, width: int, num_actions: int) -> None:
        super().__init__()
        self.value = nn.Linear(width, 1)
        self.advantage = nn.Linear(width, num_actions)

    def forward(self, features_BF: Tensor) -> Tensor:
        """Return q_BA."""
        advantage_BA: Tensor = self.advantage(features_BF)
        q_BA: Tensor = self.value(features_BF) + advantage_BA - advantage_BA.mean(dim=1, keepdim=True)
        return q_BA
