"""The environment's own rewards, whatever wrappers around it make of them."""

from typing import Any

import gymnasium

from tasks.contract import kept_reward, kept_step


class OwnRewards(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Stands between an environment and the wrappers of a user, and adds up what the environment pays.

    Reported returns are sums of these rewards; the learner gets what the outermost wrapper returns.

        own = OwnRewards(env)
        wrapped = ClipReward(own, -1, 1)
        reward = wrapped.step(action)[1]     # 1.0
        own.take()                           # 400.0

    A wrapper may make several steps of one, or steps of its own while it resets: the sum is of all since the
    last `take`.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self._sum = 0.0

    def step(self, action: Any) -> Any:  # noqa: ANN401 - whatever the environment takes and returns
        """Step, and add the reward.

        Raises:
            ContractError: it is no number.
        """
        answer = self.env.step(action)
        self._sum += kept_reward(kept_step(answer)[1])
        return answer

    def take(self) -> float:
        """Return the sum of rewards since it was taken last."""
        taken, self._sum = self._sum, 0.0
        return taken
