"""The documented and the scraped metrics, as sets of names with their labels."""

import re
import socket
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
Metric = tuple[str, tuple[str, ...]]


def documented_metrics() -> set[Metric]:
    """Return what `docs/metrics.md` lists: rows of name and labels."""
    rows = re.findall(r"^\| `(trunkline_\w+)` \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    return {(name, tuple(sorted(re.findall(r"`(\w+)`", labels)))) for name, labels in rows}


def scraped_metrics(page: str) -> set[Metric]:
    """Return what a scrape holds."""
    return {
        (sample.name, tuple(sorted(sample.labels)))
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
