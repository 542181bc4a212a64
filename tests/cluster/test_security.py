"""Who gets in, what is open, and what a container may do."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.containers import Cluster, docker, inspected

pytestmark = pytest.mark.cluster

NODES = ("head", "learner", "replay", "actor-cartpole", "actor-mountaincar")
JOIN = """
import os, ray
try:
    ray.init(address="head:6379", log_to_driver=False, logging_level=50)
    print("joined")
except Exception as error:
    print("refused", type(error).__name__)
"""


def answer(cluster: Cluster, path: str, method: str = "GET", token: str | None = None) -> int:
    """Return the status with which Ray's dashboard answers."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = json.dumps({"entrypoint": "true"}).encode() if method == "POST" else None
    url = f"http://{cluster.address('head')}:8265{path}"
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as page:
            return int(page.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_nobody_gets_in_without_the_token(cluster: Cluster):
    """Jobs and discovery are refused over HTTP, with none and with another token."""
    for path, method in (("/api/jobs/", "POST"), ("/api/jobs/", "GET"), ("/api/prometheus/sd", "GET")):
        assert answer(cluster, path, method) == 401
        assert answer(cluster, path, method, token="x" * 64) == 403
    assert answer(cluster, "/api/prometheus/sd", token=cluster.token) == 200


@pytest.mark.parametrize("token", [None, "f" * 64])
def test_nobody_joins_without_the_token(cluster: Cluster, token: str | None, tmp_path):
    """A driver on the same network, from the same image, is turned away."""
    file = tmp_path / "token"
    file.write_text(token or "")
    file.chmod(0o444)
    with_token = ["-e", "RAY_AUTH_MODE=token", "-e", "RAY_AUTH_TOKEN_PATH=/token", "-v", f"{file}:/token:ro"]
    network = ["--network", f"{cluster.name}_cluster", "--shm-size", "256m"]
    options = [*network, *(with_token if token else ["-e", "RAY_AUTH_MODE=disabled"])]
    said = docker("run", "--rm", *options, "--entrypoint", "python", image(cluster), "-c", JOIN, check=False)
    assert "joined" not in said
    assert "refused" in said


def test_a_node_with_another_token_or_version_says_so_and_ends(cluster: Cluster, tmp_path):
    """One sentence, exit code 4, within seconds."""
    file = tmp_path / "token"
    file.write_text("f" * 64)
    file.chmod(0o444)
    run = ["run", "--rm", "--network", f"{cluster.name}_cluster", "-e", "RAY_AUTH_TOKEN_PATH=/token"]
    node = ["node", "--address", "head:6379", "--slots", "task:cartpole=1"]
    said = docker(*run, "-v", f"{file}:/token:ro", "--entrypoint", "bash", image(cluster), "-c",
                  f"trunkline {' '.join(node)} 2>&1; echo code $?")  # fmt: skip
    assert "refuses the token" in said
    assert "code 4" in said
    assert "Traceback" not in said
    other = "import cluster.node as n; n.VERSION = '9.9.9'; from cli.main import main; main()"
    with_token = ["-v", f"{cluster.secrets / 'ray_token'}:/token:ro", "--entrypoint", "bash"]
    shell = f'python -c "{other}" {" ".join(node)} 2>&1; echo code $?'
    said = docker(*run, *with_token, image(cluster), "-c", shell)
    assert "this node has trunkline 9.9.9, and the cluster at head:6379 has trunkline" in said
    assert "code 4" in said


def test_the_token_is_nowhere_but_in_its_file(cluster: Cluster):
    """Not in an environment, a command line, a log or the image."""
    logs = cluster.compose("logs", "--no-log-prefix").stdout
    history = docker("history", "--no-trunc", image(cluster))
    described = json.dumps([inspected(cluster.containers(service)[0]) for service in NODES])
    look = "cat /proc/*/environ /proc/*/cmdline 2>/dev/null; grep -rs . /tmp/ray/session_latest/logs"
    inside = "".join(
        docker("exec", cluster.containers(service)[0], "bash", "-c", look, check=False) for service in NODES
    )
    for text in (logs, history, described, inside):
        assert text
        assert cluster.token not in text


def test_containers_may_do_little(cluster: Cluster):
    """No root, no capabilities, nothing new to gain, nothing to write to but volumes and /tmp."""
    for service in (*NODES, "prometheus"):
        found = inspected(cluster.containers(service)[0])
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert not host["Privileged"], service
        user = docker("exec", cluster.containers(service)[0], "id", "-u").strip()
        assert user != "0", service


def test_nothing_listens_on_a_public_address(cluster: Cluster):
    """Every port that a container publishes is on 127.0.0.1; the engine's proxies listen nowhere else."""
    published = [
        bound["HostIp"]
        for service in (*NODES, "prometheus")
        for bindings in inspected(cluster.containers(service)[0])["NetworkSettings"]["Ports"].values()
        for bound in bindings or []
    ]
    assert published == ["127.0.0.1"]
    commands = [path.read_bytes().decode().split("\0") for path in Path("/proc").glob("[0-9]*/cmdline")]
    proxies = [words for words in commands if words[0].endswith("docker-proxy")]
    assert {words[words.index("-host-ip") + 1] for words in proxies} == {"127.0.0.1"}


def image(cluster: Cluster) -> str:
    return str(inspected(cluster.containers("head")[0])["Config"]["Image"])


def test_the_cluster_network_leads_nowhere_else(cluster: Cluster):
    """No container of a run has a way out: there is no default route."""
    for service in NODES:
        routes = docker("exec", cluster.containers(service)[0], "cat", "/proc/net/route").splitlines()[1:]
        assert routes
        assert all(route.split()[1] != "00000000" for route in routes), service
