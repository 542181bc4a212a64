"""What a check comes to."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One answer of the doctor.

    Attributes:
        name: of what was looked at.
        verdict: `problem` if a run would fail or crawl, `warning` if it may.
        what: was found.
        todo: what the user can do about it; empty if it is ok.
    """

    name: str
    verdict: Verdict
    what: str
    todo: str = ""
