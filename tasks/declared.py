"""What an environment declares, as far as training is built on it: all instances of a task have to agree."""

from dataclasses import dataclass, fields
from typing import Any

from gymnasium.spaces import Box, Discrete

from tasks.contract import ObservationContract
from tasks.errors import ContractError, told


@dataclass(frozen=True)
class Declared:
    """What instances of one task have in common.

    Attributes:
        shape: of one observation, as it is kept.
        dtype: of one observation, as it is kept.
        num_actions: size of the action set.
        first_action: number of the first action; None for any.
    """

    shape: tuple[int, ...]
    dtype: str
    num_actions: int
    first_action: int | None = None

    def refuse_other(self, instance: Any) -> "Declared":  # noqa: ANN401 - whatever a constructor returned
        """Return what an instance declares.

        Raises:
            ContractError: it declares something else than this.
        """
        try:
            other = declared(instance)
        except Exception as error:
            raise ContractError(f"declares other spaces than it did before: {told(error)}") from error
        for field in fields(self):
            before, now = getattr(self, field.name), getattr(other, field.name)
            if before is not None and before != now:
                raise ContractError(
                    f"declares {_WORDS[field.name]} {now}, but another instance of it declared {before}: all "
                    "instances of a task should have the same spaces"
                )
        return other


_WORDS = {
    "shape": "observations of shape",
    "dtype": "observations to be kept as",
    "num_actions": "a number of actions of",
    "first_action": "a first action of",
}


def declared(instance: Any) -> Declared:  # noqa: ANN401 - whatever a constructor returned
    """Return what an environment declares.

    Raises:
        TypeError: its observations are no Box, or its actions not Discrete.
    """
    space, actions = instance.observation_space, instance.action_space
    if not (isinstance(space, Box) and isinstance(actions, Discrete)):
        raise TypeError(f"{type(space).__name__} observations and {type(actions).__name__} actions")
    contract = ObservationContract(space)
    return Declared(contract.frame_shape, contract.dtype.name, int(actions.n), int(actions.start))
