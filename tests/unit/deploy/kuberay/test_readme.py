"""What the README tells people to type."""

import copy
import json
import re
from typing import Any

from tests.support.kubernetes_schemas.validation import problems
from tests.unit.deploy.kuberay.manifests import FOLDER, cluster, of_kind

PAGE = (FOLDER / "README.md").read_text()


def _applied(manifest: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a manifest after the operations of RFC 6902 that the page uses."""
    changed = copy.deepcopy(manifest)
    for operation in patch:
        *steps, last = [
            int(part) if part.isdigit() else part.replace("~1", "/")
            for part in operation["path"].removeprefix("/").split("/")
        ]
        parent = changed
        for step in steps:
            parent = parent[step]
        if operation["op"] == "add":
            assert last not in parent
        else:
            assert last in parent
        if operation["op"] == "test":
            assert parent[last] == operation["value"]
        parent[last] = operation["value"]
    return changed


def _patches() -> list[list[dict[str, Any]]]:
    return [json.loads(text) for text in re.findall(r"-p '(\[.*?\])'", PAGE, re.DOTALL)]


def test_patches_change_what_they_say():
    """One scales a task, one gives the driver a GPU; both leave a valid cluster."""
    scale, gpu = [_applied(cluster(), patch) for patch in _patches()]
    assert problems(scale) == problems(gpu) == []
    group = scale["spec"]["workerGroupSpecs"][0]
    assert (group["groupName"], group["replicas"]) == ("actor-cartpole", 4)
    assert group["replicas"] <= group["maxReplicas"]
    (learner,) = [g for g in gpu["spec"]["workerGroupSpecs"] if g["groupName"] == "learner"]
    limits = {c["name"]: c["resources"]["limits"] for c in learner["template"]["spec"]["containers"]}
    assert {name: limit.get("nvidia.com/gpu") for name, limit in limits.items()} == {"ray": None, "driver": 1}


def test_names_on_the_page_are_there():
    """Secret, key, claims, service and folders that commands name."""
    token = cluster()["spec"]["headGroupSpec"]["template"]["spec"]["volumes"][2]["secret"]["secretName"]
    assert re.findall(r"create secret generic (\S+) --from-file=(\w+)=", PAGE) == [(token, "ray_token")] * 2
    claims = {claim["metadata"]["name"] for claim in of_kind("PersistentVolumeClaim")}
    assert set(re.findall(r"pvc/([\w-]+)", PAGE)) <= claims
    assert set(re.findall(r"service/(\w+)", PAGE)) == {s["metadata"]["name"] for s in of_kind("Service")}
    for path in re.findall(r"apply -[kf] (deploy/\S+)", PAGE):
        assert (FOLDER.parents[1] / path.rstrip("`")).exists(), path
