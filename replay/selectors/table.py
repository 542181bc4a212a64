"""The selectors that there are, by name.

The module of a selector is imported when one is built: names and facts are asked for by commands that should
not wait for a compiler.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay.selectors.interface import Selector


@dataclass(frozen=True)
class SelectorEntry:
    """One selector, and what is known of it before there is one.

    Attributes:
        module: of this package, where its `build` is.
        bytes_per_item: memory of a slot, at least; a tree has a power of two of leaves: up to twice that.
        weighted: whether items differ in probability, so that importance weights have to make up for it.
        wants_priorities: whether the learner's TD errors change what is drawn.
    """

    module: str
    bytes_per_item: int
    weighted: bool
    wants_priorities: bool

    def build(self, capacity: int, priority_exponent: float) -> "Selector":
        """Return a selector for slots 0 .. capacity - 1; the exponent is for those that have one."""
        module = importlib.import_module(f"{__package__}.{self.module}")
        selector: Selector = module.build(capacity, priority_exponent)
        return selector


SELECTORS: Mapping[str, SelectorEntry] = {
    "uniform": SelectorEntry("uniform", bytes_per_item=8, weighted=False, wants_priorities=False),
    "proportional": SelectorEntry("proportional", bytes_per_item=16, weighted=True, wants_priorities=True),
}
