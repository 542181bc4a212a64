"""No pod may do more than it needs."""

import pytest

from tests.unit.deploy.kuberay.manifests import of_kind, pods

CONTAINERS = [
    pytest.param(each, container, id=f"{each.group}-{container['name']}")
    for each in pods()
    for container in each.containers
]


@pytest.mark.parametrize("each", pods(), ids=lambda each: each.group)
def test_a_pod_runs_as_nobody_special(each):
    """As an ordinary user, with the runtime's filter of system calls and no key to the API server."""
    assert each.spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert each.spec["automountServiceAccountToken"] is False
    assert each.spec["enableServiceLinks"] is False
    assert each.spec["shareProcessNamespace"] is True
    assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName", "initContainers"} & set(each.spec)
    assert not any("hostPath" in volume for volume in each.spec["volumes"])


@pytest.mark.parametrize(("each", "container"), CONTAINERS)
def test_a_container_has_no_privileges(each, container):
    """No capabilities, no way to gain any, nothing to write but the volumes; scratch space has a bound."""
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    paths = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in each.spec["volumes"]}
    assert volumes[paths["/tmp"]]["emptyDir"]["sizeLimit"]
    assert volumes[paths["/dev/shm"]]["emptyDir"]["medium"] == "Memory"


@pytest.mark.parametrize(("each", "container"), CONTAINERS)
def test_a_container_has_bounds(each, container):
    """It asks for CPU and memory, and has a limit to both."""
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}, each.group
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}, each.group


def test_the_namespace_admits_hardened_pods_only():
    """So that no pod comes in by another way, the operator's own containers included."""
    (namespace,) = of_kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
