"""Which weights of a run were the best? A pure decision over its evaluations.

Returns of different tasks are not to be added: one counts to 500, another from -200 up. So each task's mean
return is mapped to where it lies between the lowest and the highest mean that the run has seen of that task,
0 to 1, and the mean over tasks decides. Shifting or stretching the rewards of a task changes nothing, and a
task whose mean was always the same has no say.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Evaluated:
    """Mean greedy returns by task, of the weights after so many updates."""

    learner_step: int
    means: Mapping[str, float]


@dataclass
class BestWeights:
    """Knows the best weights so far, and what each task has reached.

        decision = BestWeights()
        if decision.is_better(evaluated):
            ...                                  # keep the weights
            decision.best = evaluated

    Attributes:
        best: the best so far; None before the first.
        lowest: the lowest mean return seen of each task.
        highest: the highest.
    """

    best: Evaluated | None = None
    lowest: dict[str, float] = field(default_factory=dict)
    highest: dict[str, float] = field(default_factory=dict)

    def is_better(self, evaluated: Evaluated) -> bool:
        """Take note of an evaluation, and return whether its weights should take the place of the best.

        The first ones do, and so do later ones that are as good. A mean that is not finite never does, and
        says nothing of what its task has reached.
        """
        if not all(map(math.isfinite, evaluated.means.values())):
            return False
        for task, mean in evaluated.means.items():
            self.lowest[task] = min(mean, self.lowest.get(task, mean))
            self.highest[task] = max(mean, self.highest.get(task, mean))
        if self.best is None or self.best.means.keys() != evaluated.means.keys():
            return True
        return self._gain(evaluated.means, self.best.means) >= 0

    def state(self) -> dict[str, Any]:
        """Return what to write down, as plain values."""
        return {"lowest": self.lowest, "highest": self.highest}

    @classmethod
    def restored(cls, state: object, best: Evaluated | None) -> "BestWeights":
        """Return a decision that goes on from what was written down, as far as that can be used."""
        decision = cls(best)
        known = state if isinstance(state, dict) else {}
        for of_tasks, name in ((decision.lowest, "lowest"), (decision.highest, "highest")):
            values = known.get(name)
            for task, value in values.items() if isinstance(values, dict) else ():
                if isinstance(value, int | float) and math.isfinite(value):
                    of_tasks[task] = float(value)
        if best is not None:
            decision.is_better(best)
        return decision

    def _gain(self, means: Mapping[str, float], before: Mapping[str, float]) -> Fraction:
        """Return by how much scaled returns are higher than before: exact, for ranges of any size."""
        return sum((self._scaled(task, mean, before[task]) for task, mean in means.items()), Fraction(0))

    def _scaled(self, task: str, mean: float, before: float) -> Fraction:
        low, high = Fraction(self.lowest[task]), Fraction(self.highest[task])
        return (Fraction(mean) - Fraction(before)) / (high - low) if high > low else Fraction(0)
