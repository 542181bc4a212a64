"""The same update as one writes it in a script: plain torch, nothing around it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmarks.ours_learner import MAX_NORM, TARGET_PERIOD, make_optimizer
from learner.batch import TaskBatch

OBSERVATION, ACTIONS = 4, 2


class BareNetwork(nn.Module):
    """The network: an encoder and a head a task, one trunk."""

    def __init__(self, tasks: int, width: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(nn.Linear(OBSERVATION, width) for _ in range(tasks))
        self.trunk = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(width, ACTIONS) for _ in range(tasks))

    def forward(self, observations: Sequence[Tensor]) -> list[Tensor]:
        """Return one q_BA a task."""
        encoded = [encoder(obs * 1.0) for encoder, obs in zip(self.encoders, observations, strict=True)]
        features = self.trunk(torch.cat(encoded)).split([len(part) for part in encoded])
        return [head(part) for head, part in zip(self.heads, features, strict=True)]


class BareLearner:
    """Double DQN: forward passes, weighted Huber loss, backward, clipping, Adam, target copy."""

    def __init__(self, tasks: int, width: int, device: torch.device) -> None:
        self._online = BareNetwork(tasks, width).to(device)
        self._target = BareNetwork(tasks, width).to(device)
        self._target.load_state_dict(self._online.state_dict())
        self._optimizer = make_optimizer(self._online)
        self._device = device
        self._steps = 0

    def step(self, batches: Sequence[TaskBatch]) -> None:
        """Make one update."""
        next_obs = [batch.next_obs_BO for batch in batches]
        with torch.no_grad():
            next_target, next_online = self._target(next_obs), self._online(next_obs)
        q = self._online([batch.obs_BO for batch in batches])
        loss = torch.zeros((), device=self._device)
        for i, batch in enumerate(batches):
            best = next_online[i].argmax(1, keepdim=True)
            goal = batch.reward_n_B + batch.discount_n_B * next_target[i].gather(1, best).squeeze(1)
            taken = q[i].gather(1, batch.action_B.unsqueeze(1)).squeeze(1)
            error = nn.functional.smooth_l1_loss(taken, goal, reduction="none")
            loss = loss + (batch.importance_B * error).mean()
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._online.parameters(), MAX_NORM)
        self._optimizer.step()
        self._steps += 1
        if self._steps % TARGET_PERIOD == 0:
            self._target.load_state_dict(self._online.state_dict())
