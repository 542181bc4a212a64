"""What dashboards are made of: queries in panels. Units are Grafana's names of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Query:
    """A PromQL expression, in which `$task` is a pattern of the tasks chosen, and a legend of its labels."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """Lines over time.

    Attributes:
        title: what is shown, with its unit where `unit` does not say it.
        unit: how Grafana writes values: short, percentunit, bytes, s.
        queries: what is drawn; each gives one line for every label set.
        description: what it means and what to expect.
        stacked: whether lines are parts of a whole, drawn on top of each other.
    """

    title: str
    unit: str
    queries: tuple[Query, ...]
    description: str
    stacked: bool = False


@dataclass(frozen=True)
class Dashboard:
    """Panels that answer one question; `name` is a file's and a link's, the title is the question."""

    name: str
    title: str
    panels: tuple[Panel, ...]


def of_task(metric: str, legend: str = "{{task}}") -> Query:
    """Return a metric of the tasks chosen."""
    return Query(f'{metric}{{task=~"$task"}}', legend)


def rate_of_task(counter: str, legend: str = "{{task}}") -> Query:
    """Return by how much a counter of the tasks chosen grows each second."""
    return Query(f'rate({counter}{{task=~"$task"}}[$__rate_interval])', legend)
