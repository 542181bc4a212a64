"""What a user says of how an environment's spaces are read."""

from dataclasses import dataclass

INFO = "info"
"""Where a mask comes from that is no part of the observation: `info["action_mask"]`."""
MASK_KEY = "action_mask"


@dataclass(frozen=True)
class Reading:
    """How an environment's spaces become parts and choices, where they leave that open.

    Attributes:
        action_bins: values that each dimension of a Box action may have, spread evenly from its low to its
            high end, both included; None where actions are no Box.
        action_mask: `info`, or the name of the part of the observation, that says which choices are allowed;
            None where all are.
        length: most words that are kept of a text, and most elements of a Sequence; None for what the space
            says, and `WORDS` for texts without an end.
        life_loss: whether a lost life ends the return, by `info["lives"]`; the episode goes on.
    """

    action_bins: int | None = None
    action_mask: str | None = None
    length: int | None = None
    life_loss: bool = False
