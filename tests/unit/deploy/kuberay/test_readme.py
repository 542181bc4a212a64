"""What the README tells people to type."""

import re

from jsonpatch import JsonPatch

from tests.support.kubernetes_schemas.validation import problems
from tests.unit.deploy.kuberay.manifests import FOLDER, cluster, of_kind

PAGE = (FOLDER / "README.md").read_text()


def test_patches_change_what_they_say():
    """One scales a task, one gives the driver a GPU; both leave a valid cluster."""
    texts = re.findall(r"-p '(\[.*?\])'", PAGE, re.DOTALL)
    scale, gpu = [JsonPatch.from_string(text).apply(cluster()) for text in texts]
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
