"""One node: the `ray start` that it is, the environment it runs in, and which clusters it fits into."""

import json
import platform
import shlex
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version

import pytest

from cluster.dashboard import ClusterVersions
from cluster.node import (
    ENVIRONMENT,
    HEAD_ENVIRONMENT,
    NodePlan,
    _is_free,
    node_command,
    refuse_other_versions,
    wait_for_head,
)
from training.errors import ClusterError
from training.fleet import VERSION

SLOTS = {"task:cartpole": 2, "replay": 1}
OURS = ClusterVersions(version("ray"), platform.python_version(), VERSION)


def options(plan: NodePlan) -> dict[str, str | None]:
    """Return the options of a node's command, after `ray start`."""
    command = plan.command()
    assert command[:2] == ["ray", "start"]
    parts = [option.partition("=") for option in command[2:]]
    assert len({name for name, _, _ in parts}) == len(parts)
    return {name: value if separator else None for name, separator, value in parts}


def test_the_command_of_a_head():
    """It is the head on the usual ports, shows its dashboard in the cluster, and has room for nothing."""
    found = options(NodePlan(None))
    assert found == {
        "--block": None,
        "--head": None,
        "--port": "6379",
        "--dashboard-host": "0.0.0.0",
        "--dashboard-port": "8265",
        "--num-cpus": "0",
        "--num-gpus": "0",
        "--resources": "{}",
        "--labels": f"trunkline-version={VERSION}",
        "--object-store-memory": str(200 * 2**20),
        "--dashboard-agent-listen-port": "52365",
        "--dashboard-agent-grpc-port": "52366",
        "--runtime-env-agent-port": "52367",
        "--metrics-export-port": "8080",
        "--disable-usage-stats": None,
        "--log-color": "false",
    }


def test_the_command_of_a_worker():
    """It joins by address, with its slots as JSON, and has no dashboard; all else is as on the head."""
    head, found = options(NodePlan(None)), options(NodePlan("head:6379", SLOTS, 2**30))
    assert json.loads(found.pop("--resources") or "") == SLOTS
    assert (found.pop("--address"), found.pop("--object-store-memory")) == ("head:6379", str(2**30))
    gone = {"--head", "--port", "--dashboard-host", "--dashboard-port", "--resources"}
    assert found == {name: value for name, value in head.items() if name in found}
    assert set(head) - set(found) == gone | {"--object-store-memory"}


def test_ray_knows_every_option():
    """The installed Ray takes each of them, those that its help does not show included."""
    code = "from ray.scripts.scripts import start; print(*(name for x in start.params for name in x.opts))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = done.stdout.split()
    for plan in (NodePlan(None), NodePlan("head:6379")):
        for option in options(plan):
            assert option in known


def test_a_cluster_always_has_a_token(monkeypatch: pytest.MonkeyPatch):
    """Whatever the environment says: nobody opens a cluster by leaving something out."""
    for mode in (None, "disabled", "", "k8s"):
        if mode is not None:
            monkeypatch.setenv("RAY_AUTH_MODE", mode)
        for plan in (NodePlan(None), NodePlan("head:6379")):
            assert plan.environment()["RAY_AUTH_MODE"] == "token"


def test_what_the_environment_says_stays(monkeypatch: pytest.MonkeyPatch):
    """Defaults fill in what is open; the head alone has those of its own."""
    for name in (*ENVIRONMENT, *HEAD_ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("RAY_health_check_period_ms", "50")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    head, worker = NodePlan(None).environment(), NodePlan("head:6379").environment()
    for found in (head, worker):
        assert (found["OMP_NUM_THREADS"], found["SOMETHING_ELSE"]) == ("7", "kept")
        assert found["RAY_USAGE_STATS_ENABLED"] == "0"
        assert found["RAY_health_check_period_ms"] == "50"
        assert "RAY_gcs_storage" not in found
    assert head["RAY_health_check_failure_threshold"] == "3"
    assert "RAY_health_check_failure_threshold" not in worker


def test_a_head_with_a_store_remembers():
    """What it knows lies in the directory it is given."""
    found = NodePlan(None, store="/gcs").environment()
    assert (found["RAY_gcs_storage"], found["RAY_gcs_storage_path"]) == ("rocksdb", "/gcs")


@pytest.mark.parametrize("there", [OURS, replace(OURS, trunkline=None), replace(OURS, python=None)])
def test_equal_versions_fit(there: ClusterVersions):
    """What the cluster does not say is not held against it."""
    refuse_other_versions(there, "head:6379")


@pytest.mark.parametrize(
    ("there", "name", "own", "other"),
    [
        (replace(OURS, ray="9.9.9"), "Ray", OURS.ray, "9.9.9"),
        (replace(OURS, trunkline="0.0.1"), "trunkline", VERSION, "0.0.1"),
        (replace(OURS, python="3.9.1"), "Python", OURS.python, "3.9.1"),
        (ClusterVersions("9.9.9", "3.9.1", "0.0.1"), "Ray", OURS.ray, "9.9.9"),
    ],
)
def test_other_versions_are_refused(there: ClusterVersions, name: str, own: str, other: str):
    """One sentence names what, both versions, where, and what to do."""
    with pytest.raises(ClusterError) as caught:
        refuse_other_versions(there, "head:6379")
    assert str(caught.value) == (
        f"this node has {name} {own}, and the cluster at head:6379 has {name} {other}: "
        "every node needs the same version, so start all of them from one image"
    )


def test_a_node_beside_another_takes_other_ports():
    """Ray finds free ones for those that are taken; all else stays."""
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        assert _is_free(port) is False
    assert _is_free(port) is True
    alone, beside = NodePlan("head:6379").command(), NodePlan("head:6379").command([52365, 8080])
    changed = ["--dashboard-agent-listen-port=0", "--metrics-export-port=0"]
    assert [option for option in beside if option not in alone] == changed


def test_a_cluster_without_a_token_is_joined_without(monkeypatch: pytest.MonkeyPatch):
    """Only a worker, and only where there is no token; a head never is without."""
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    assert "RAY_AUTH_MODE" not in NodePlan("head:6379", with_token=False).environment()
    assert NodePlan(None, with_token=False).environment()["RAY_AUTH_MODE"] == "token"


def test_ray_asks_its_own_kind_directly(monkeypatch: pytest.MonkeyPatch):
    """Whatever proxies there are for the rest; hosts that were excepted stay so."""
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    monkeypatch.setenv("no_proxy", "intranet, localhost")
    found = NodePlan("head:6379").environment()
    assert (found["grpc_proxy"], found["http_proxy"]) == ("", "http://proxy:1")
    hosts = found["no_proxy"].split(",")
    assert hosts[:2] == ["intranet", "localhost"]
    assert {"127.0.0.1", "169.254.169.254", "metadata.google.internal"} < set(hosts)


def test_the_line_that_starts_a_node():
    """It can be pasted as it stands: the program by its path where its name finds nothing."""
    words = shlex.split(node_command("[::1]:6379", {"replay": 2, "task:a": 1}))
    assert words[1:] == ["node", "--address=[::1]:6379", "--slots=replay=2", "--slots=task:a=1"]
    assert shutil.which(words[0]) is not None


def test_a_cluster_without_a_dashboard_is_joined(monkeypatch: pytest.MonkeyPatch):
    """The dashboard is an extra of Ray's; that nothing was compared is said."""
    monkeypatch.setattr("cluster.node.DASHBOARD_SECONDS", 0.0)
    monkeypatch.setattr("cluster.node.PAUSE_SECONDS", 0.01)
    with socket.create_server(("127.0.0.2", 0)) as head:
        address = f"127.0.0.2:{head.getsockname()[1]}"
        assert wait_for_head(address, None) == (
            f"cluster {address} answers, but its dashboard does not: versions are not compared"
        )
