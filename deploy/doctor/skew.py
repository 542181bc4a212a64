"""Versions that differ between this machine and a cluster, or between its nodes."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from cluster.dashboard import ClusterNode, ClusterVersions
from deploy.doctor.finding import Finding
from training.fleet import VERSION


@dataclass(frozen=True)
class OwnVersions:
    """What this machine runs."""

    ray: str
    python: str
    trunkline: str


def own_versions() -> OwnVersions:
    """Return what is installed here."""
    return OwnVersions(version("ray"), platform.python_version(), VERSION)


def skew_findings(own: OwnVersions, head: ClusterVersions, nodes: Sequence[ClusterNode]) -> list[Finding]:
    """Compare this machine with the head, and every live node with this machine."""
    return [
        _with_head("ray version", "Ray", own.ray, head.ray),
        _with_head("python version", "Python", own.python, head.python),
        _of_nodes(own.trunkline, [node for node in nodes if node.alive]),
    ]


def _with_head(name: str, product: str, own: str, head: str | None) -> Finding:
    if head in (own, None):
        return Finding(name, "ok", own if head else f"{own} here; the head node does not report its version")
    what = f"{product} is {own} here and {head} on the head node; a Ray cluster needs equal versions"
    return Finding(name, "problem", what, f"install {product} {head} here, or use the cluster's image")


def _of_nodes(own: str, nodes: Sequence[ClusterNode]) -> Finding:
    name = "trunkline version"
    todo = "start these nodes from the image that this machine uses: nodes with another version get no work"
    others = [node for node in nodes if node.version not in (own, None)]
    if others:
        what = f"trunkline is {own} here, but {_listed(others)}"
        return Finding(name, "problem", what, todo)
    silent = [node for node in nodes if node.version is None]
    if silent:
        hosts = ", ".join(node.host for node in silent)
        return Finding(
            name,
            "warning",
            f"nodes do not report their version of trunkline: {hosts}",
            "start them with `trunkline node`, which reports it",
        )
    return Finding(name, "ok", f"{own}, on all {len(nodes)} nodes")


def _listed(others: Sequence[ClusterNode]) -> str:
    return ", ".join(
        f"{node.version} on {'the head node' if node.is_head else 'node'} {node.host} ({node.node_id[:8]})"
        for node in others
    )
