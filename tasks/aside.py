"""What a step of streams says besides frames, rewards and ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Aside:
    """What is said of the last step, one row a stream; most environments have nothing to say.

    Attributes:
        own_reward_E: rewards of the environment itself, of which reported returns consist; None where they
            are those that the step returned, as without wrappers.
        life_lost_E: where a life was lost; None where nobody asked.
    """

    own_reward_E: NDArray[np.float64] | None = None
    life_lost_E: NDArray[np.bool_] | None = None
