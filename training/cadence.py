"""How often a run does what it does by the clock."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cadence:
    """Periods in seconds; the shorter, the sooner something is noticed, and the less is learned meanwhile.

    Attributes:
        report_seconds: between two statuses.
        supervise_seconds: between two looks at shards, at actors, and at whether anything moves.
        wait_seconds: for data, at most, before everything else is looked after again.
    """

    report_seconds: float = 1.0
    supervise_seconds: float = 0.2
    wait_seconds: float = 0.05


USUAL = Cadence()
