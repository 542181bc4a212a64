"""One node of a cluster: the `ray start` that starts it, and what is checked before."""

import os
import platform
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from cluster.address import split_address
from cluster.dashboard import DASHBOARD_PORT, ClusterVersions, DashboardClient
from cluster.errors import NoAnswerError
from cluster.membership import VERSION_LABEL
from cluster.proxies import direct
from cluster.token import Token
from training.errors import ClusterError
from training.fleet import VERSION
from training.json_text import json_text
from training.shell import command_line, program

GCS_PORT = 6379
AGENT_PORT = 52365
"""The two ports after it are used too. With known ports for its agents a node joins two seconds sooner."""
METRICS_PORT = 8080
FIXED_PORTS = {
    "dashboard-agent-listen-port": AGENT_PORT,
    "dashboard-agent-grpc-port": AGENT_PORT + 1,
    "runtime-env-agent-port": AGENT_PORT + 2,
    "metrics-export-port": METRICS_PORT,
}
HEAD_SECONDS = 60.0
DASHBOARD_SECONDS = 12.0
"""Time for the dashboard to answer once the head does. It is optional: a cluster may have none."""
CONNECT_SECONDS = 3.0
PAUSE_SECONDS = 1.0

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "15",
    "RAY_ROTATION_MAX_BYTES": str(10 * 2**20),
    "RAY_ROTATION_BACKUP_COUNT": "2",
    "OMP_NUM_THREADS": "1",
    # By these questions a node whose network was cut off notices that its connection is dead. Without them it
    # hears only 17 to 45 s later that it was declared dead, and until then its actors work for nobody.
    "RAY_grpc_client_keepalive_time_ms": "10000",
    "RAY_grpc_client_keepalive_timeout_ms": "5000",
}
"""Variables for the Ray of every node, unless its environment sets them."""

HEAD_ENVIRONMENT = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_health_check_initial_delay_ms": "1000",
}
"""A node that falls silent counts as dead after some nine seconds; Ray's own settings take a minute."""


@dataclass(frozen=True)
class NodePlan:
    """What a node offers, and to whom.

    Attributes:
        address: of the cluster, `host:port`; None for the head node itself.
        slots: processes that it has room for, by kind: `task:<name>`, `replay`, `evaluator`.
        object_store_bytes: of its shared memory for messages and weights.
        store: directory where the head keeps what it knows, so that it survives its end; None for memory.
        with_token: whether to show the cluster's token; a head always wants one.
    """

    address: str | None
    slots: Mapping[str, int] = field(default_factory=dict)
    object_store_bytes: int = 200 * 2**20
    store: str | None = None
    with_token: bool = True

    def command(self, taken: Collection[int] = ()) -> list[str]:
        """Return the command that starts it; Ray chooses free ports in the place of those in `taken`."""
        dashboard = ["--dashboard-host=0.0.0.0", f"--dashboard-port={DASHBOARD_PORT}"]
        head = ["--head", f"--port={GCS_PORT}", *dashboard]
        where = head if self.address is None else [f"--address={self.address}"]
        return [
            "ray",
            "start",
            "--block",
            *where,
            "--num-cpus=0",
            "--num-gpus=0",
            f"--resources={json_text(dict(self.slots))}",
            f"--labels={VERSION_LABEL}={VERSION}",
            f"--object-store-memory={self.object_store_bytes}",
            *(f"--{option}={0 if port in taken else port}" for option, port in FIXED_PORTS.items()),
            "--disable-usage-stats",
            "--log-color=false",
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment of that command: this process's, with defaults for what it does not set."""
        environment = ENVIRONMENT | (HEAD_ENVIRONMENT if self.address is None else {})
        if self.store is not None:
            environment |= {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": self.store}
        authentication = {"RAY_AUTH_MODE": "token"} if self.with_token or self.address is None else {}
        return environment | os.environ | direct(os.environ) | authentication


def node_command(address: str, slots: Mapping[str, int]) -> str:
    """Return the command line that starts a node with slots, ready to be typed."""
    offers = [f"--slots={kind}={count}" for kind, count in slots.items()]
    return command_line([program("trunkline"), "node", f"--address={address}", *offers])


def taken_ports() -> set[int]:
    """Return which of a node's ports are taken on this machine, for example by another node."""
    return {port for port in FIXED_PORTS.values() if not _is_free(port)}


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("", port)).close()
    except OSError:
        return False
    return True


def wait_for_head(address: str, token: Token | None) -> str | None:
    """Wait until the cluster answers, and check that this node fits in.

    Returns:
        What could not be checked, or is unsafe, in a sentence; None if all is well.

    Raises:
        ClusterError: it does not answer in time, refuses the token, wants one, or has other versions.
    """
    host_and_port = split_address(address)
    client = DashboardClient(address, token)
    begin = time.monotonic()
    while True:
        try:
            refuse_other_versions(client.versions(), address)
        except NoAnswerError:
            waited = time.monotonic() - begin
            if waited > DASHBOARD_SECONDS and _answers(host_and_port):
                return f"cluster {address} answers, but its dashboard does not: versions are not compared"
            if waited > HEAD_SECONDS:
                raise
        else:
            open_door = f"cluster {address} lets everyone in who can reach it: it has no token"
            return open_door if token is None else None
        time.sleep(PAUSE_SECONDS)


def _answers(host_and_port: tuple[str, int]) -> bool:
    try:
        socket.create_connection(host_and_port, CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def refuse_other_versions(there: ClusterVersions, address: str) -> None:
    """Raise a ClusterError unless this machine has the cluster's versions."""
    here = {"Ray": version("ray"), "trunkline": VERSION, "Python": platform.python_version()}
    of_cluster = {"Ray": there.ray, "trunkline": there.trunkline, "Python": there.python}
    for name, own in here.items():
        other = of_cluster[name]
        if other is not None and other != own:
            raise ClusterError(
                f"this node has {name} {own}, and the cluster at {address} has {name} {other}: "
                "every node needs the same version, so start all of them from one image"
            )
