"""The manifests as they are written, and their pods as the operator makes them."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[4] / "deploy" / "kuberay"
KUSTOMIZATION = "kustomization.yaml"


class UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, of which the first would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled:
            raise ValueError(f"{doubled} twice at line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Pod:
    """A pod as the operator makes it from a group of the cluster.

    Attributes:
        group: the group's name; the head's is `headgroup`.
        labels: those of the operator, of the group and of its template, as `labelPod` of ray-operator/
            controllers/ray/common/pod.go merges them.
        resources: the group's Ray resources, which are its slots.
        spec: the pod's specification.
    """

    group: str
    labels: dict[str, str]
    resources: dict[str, str]
    spec: dict[str, Any]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Its containers; the first is Ray's node."""
        found: list[dict[str, Any]] = self.spec["containers"]
        return found

    def ports(self) -> dict[str, int]:
        """Return the ports of all containers by their names."""
        return {
            port["name"]: port["containerPort"] for each in self.containers for port in each.get("ports", [])
        }


def files() -> list[Path]:
    """Return every file with manifests."""
    return sorted(path for path in FOLDER.rglob("*.yaml") if path.name != KUSTOMIZATION)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a file."""
    return list(yaml.load_all(path.read_text(), UniqueKeyLoader))


@cache
def manifests() -> list[dict[str, Any]]:
    """Return all manifests."""
    return [document for path in files() for document in read(path)]


def of_kind(kind: str) -> list[dict[str, Any]]:
    """Return the manifests of a kind."""
    return [manifest for manifest in manifests() if manifest["kind"] == kind]


def cluster() -> dict[str, Any]:
    """Return the cluster."""
    (manifest,) = of_kind("RayCluster")
    return manifest


def pods() -> list[Pod]:
    """Return the head's pod and one of each group of workers."""
    spec = cluster()["spec"]
    workers = [_pod("worker", group["groupName"], group) for group in spec["workerGroupSpecs"]]
    return [_pod("head", "headgroup", spec["headGroupSpec"]), *workers]


def pod(group: str) -> Pod:
    """Return a pod of a group."""
    (found,) = [each for each in pods() if each.group == group]
    return found


def _pod(node_type: str, name: str, group: dict[str, Any]) -> Pod:
    template = group["template"]
    labels = {
        **template.get("metadata", {}).get("labels", {}),
        **group["labels"],
        "ray.io/is-ray-node": "yes",
        "ray.io/cluster": cluster()["metadata"]["name"],
        "ray.io/node-type": node_type,
        "ray.io/group": name,
    }
    return Pod(name, labels, group["resources"], template["spec"])
