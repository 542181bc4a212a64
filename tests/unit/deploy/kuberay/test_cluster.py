"""What the cluster's groups say: slots, versions, ports, the token, the driver."""

import json
import re
from importlib.metadata import version

import pytest
import yaml
from ray import __version__ as ray_version

from config.loading import load_config
from tests.unit.deploy.kuberay.manifests import FOLDER, KUSTOMIZATION, cluster, manifests, of_kind, pod, pods

TOKEN_PATH = "/run/secrets/ray_token"


def _shipped():
    return load_config(None, [])


def _environment(container):
    return {entry["name"]: entry.get("value") for entry in container["env"]}


def test_every_task_of_the_shipped_pair_has_a_group():
    """One group a task, named after it, with slots for its actors and for nothing else."""
    groups = {each.group: each.resources for each in pods() if each.group.startswith("actor-")}
    assert groups == {f"actor-{task}": {f"task:{task}": "2"} for task in _shipped().tasks}
    wanted = {f"actor-{name}": task.actors or 1 for name, task in _shipped().tasks.items()}
    for name, resources in groups.items():
        assert sum(map(int, resources.values())) >= wanted[name]


def test_shards_and_evaluator_have_their_slots():
    """One slot a shard, one for the evaluator, none on the head, which has no CPU for work either."""
    assert pod("replay").resources == {"replay": str(_shipped().replay.shards)}
    assert pod("learner").resources == {"evaluator": "1"}
    assert pod("headgroup").resources == {"CPU": "0"}


def test_tasks_scale_and_the_rest_stays():
    """Groups of actors go from none to many; there is one learner, and its shards are as many as it knows."""
    for group in cluster()["spec"]["workerGroupSpecs"]:
        bounds = group["minReplicas"], group["replicas"], group["maxReplicas"]
        assert bounds == ((0, 1, 100) if group["groupName"].startswith("actor-") else (1, 1, 1))


def test_resources_stand_in_one_place():
    """The operator refuses a group whose resources or labels stand in `rayStartParams` too."""
    spec = cluster()["spec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        assert set(group["rayStartParams"]) == {"object-store-memory"}


def test_the_object_store_fits_into_shared_memory():
    """Ray refuses a store that is larger than /dev/shm."""
    spec = cluster()["spec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        (shm,) = [v["emptyDir"] for v in group["template"]["spec"]["volumes"] if v["name"] == "shm"]
        assert shm == {"medium": "Memory", "sizeLimit": "512Mi"}
        assert int(group["rayStartParams"]["object-store-memory"]) <= 512 * 2**20


def test_versions_agree():
    """Ray's, and trunkline's in every label and image."""
    assert cluster()["spec"]["rayVersion"] == ray_version
    (kustomization,) = yaml.safe_load_all((FOLDER / KUSTOMIZATION).read_text())
    (image,) = kustomization["images"]
    assert (image["name"], image["newTag"]) == ("trunkline", version("trunkline"))
    for each in pods():
        assert each.labels["trunkline-version"] == version("trunkline")
        assert {container["image"] for container in each.containers} == {f"trunkline:{version('trunkline')}"}


def test_ports_are_those_of_every_cluster():
    """GCS and dashboard on the head, Ray's metrics everywhere, the learner's page."""
    assert pod("headgroup").ports() == {"gcs-server": 6379, "dashboard": 8265, "metrics": 8080}
    assert pod("learner").ports() == {"metrics": 8080, "trunkline": 9464}
    for name in ("actor-cartpole", "actor-mountaincar", "replay"):
        assert pod(name).ports() == {"metrics": 8080}


@pytest.mark.parametrize("each", pods(), ids=lambda each: each.group)
def test_the_token_is_a_file_of_a_secret(each):
    """Every container has it as a file, for its user alone to read, and none as a variable."""
    (volume,) = [volume for volume in each.spec["volumes"] if "secret" in volume]
    assert volume["secret"] == {"secretName": "trunkline-token", "defaultMode": 0o440}
    for container in each.containers:
        environment = _environment(container)
        assert environment["RAY_AUTH_MODE"] == "token"
        assert environment["RAY_AUTH_TOKEN_PATH"] == TOKEN_PATH
        assert "RAY_AUTH_TOKEN" not in environment
        (mount,) = [m for m in container["volumeMounts"] if m["name"] == volume["name"]]
        assert mount == {
            "name": "token",
            "mountPath": TOKEN_PATH,
            "subPath": "ray_token",
            "readOnly": True,
        }


def test_no_manifest_holds_a_token():
    """The Secret is made by hand: none is here, and nothing that looks like one."""
    assert not of_kind("Secret")
    assert not re.search(r"[0-9a-f]{24,}", json.dumps(manifests()))


@pytest.mark.parametrize("each", pods(), ids=lambda each: each.group)
def test_nodes_have_time_to_drain(each):
    """Ray waits 15 s for what runs on a node, and Kubernetes longer than that."""
    assert each.spec["terminationGracePeriodSeconds"] == 40
    assert _environment(each.containers[0])["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"] == "15"


def test_the_head_looks_after_nodes_and_comes_back():
    """Health checks in seconds, a store on a volume, and nodes that wait while the head is away."""
    head = _environment(pod("headgroup").containers[0])
    checks = {name: value for name, value in head.items() if name.startswith("RAY_health_check_")}
    assert checks == {
        "RAY_health_check_initial_delay_ms": "1000",
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_timeout_ms": "2000",
        "RAY_health_check_failure_threshold": "3",
    }
    assert (head["RAY_gcs_storage"], head["RAY_gcs_storage_path"]) == ("rocksdb", "/gcs")
    claims = {
        mount["mountPath"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod("headgroup").spec["volumes"]
        for mount in pod("headgroup").containers[0]["volumeMounts"]
        if mount["name"] == volume["name"] and "persistentVolumeClaim" in volume
    }
    assert claims == {"/gcs": "trunkline-gcs"}
    for each in pods()[1:]:
        assert _environment(each.containers[0])["RAY_gcs_rpc_server_reconnect_timeout_s"] == "600"


def test_the_driver_stands_beside_its_node():
    """A driver needs its node's processes, sockets and shared memory, and a place for the run."""
    learner = pod("learner")
    assert learner.spec["shareProcessNamespace"] is True
    assert learner.spec["restartPolicy"] == "OnFailure"
    node, driver = learner.containers
    assert driver["command"] == ["trunkline"]
    assert driver["args"] == [
        "train",
        "/etc/trunkline/run.yaml",
        "metrics.host=0.0.0.0",
        f"--address={cluster()['metadata']['name']}-head-svc:6379",
        "--run-dir=/runs/main",
        "--resume",
    ]
    paths = [{m["mountPath"]: m["name"] for m in each["volumeMounts"]} for each in (node, driver)]
    assert paths[0].items() <= paths[1].items()
    assert {"/tmp", "/dev/shm"} <= set(paths[0])
    assert paths[1]["/runs"] == "runs"


def test_replay_stands_where_the_run_is_kept():
    """A shard writes its snapshots into the run's directory, on a volume for one machine."""
    replay, driver = pod("replay"), pod("learner").containers[1]
    assert {"name": "runs", "mountPath": "/runs"} in replay.containers[0]["volumeMounts"]
    assert {"name": "runs", "mountPath": "/runs"} in driver["volumeMounts"]
    terms = replay.spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = terms
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"].items() <= pod("learner").labels.items()


def test_claims_and_maps_that_pods_name_are_there():
    """No pod waits for a volume that nobody makes."""
    here = {(m["kind"], m["metadata"]["name"]) for m in manifests()}
    for volume in (volume for each in pods() for volume in each.spec["volumes"]):
        if "persistentVolumeClaim" in volume:
            assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in here
        if "configMap" in volume:
            assert ("ConfigMap", volume["configMap"]["name"]) in here
    for manifest in manifests():
        namespace = manifest["metadata"].get("namespace")
        assert namespace == (None if manifest["kind"] == "Namespace" else "trunkline")
