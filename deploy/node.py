"""One node of a cluster: which `ray start` it is, and what has to be so before it starts."""

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from deploy.cluster_api import (
    DASHBOARD_PORT,
    ClusterVersions,
    DashboardClient,
    NoAnswerError,
    Token,
    split_address,
)
from deploy.errors import ClusterError
from deploy.json_text import json_text
from deploy.membership import VERSION, VERSION_LABEL

GCS_PORT = 6379
AGENT_PORT = 52365
"""And the two behind it: where agents have known ports a node joins two seconds sooner, without waiting."""
METRICS_PORT = 8080
HEAD_SECONDS = 60.0
PAUSE_SECONDS = 1.0

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "15",
    "RAY_ROTATION_MAX_BYTES": str(10 * 2**20),
    "RAY_ROTATION_BACKUP_COUNT": "2",
    "OMP_NUM_THREADS": "1",
}
"""What every node runs Ray with, where its environment does not say otherwise."""

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
    """

    address: str | None
    slots: Mapping[str, int] = field(default_factory=dict)
    object_store_bytes: int = 200 * 2**20
    store: str | None = None

    def command(self) -> list[str]:
        """Return the `ray start` that it is."""
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
            f"--dashboard-agent-listen-port={AGENT_PORT}",
            f"--dashboard-agent-grpc-port={AGENT_PORT + 1}",
            f"--runtime-env-agent-port={AGENT_PORT + 2}",
            f"--metrics-export-port={METRICS_PORT}",
            "--disable-usage-stats",
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment to run it in: this process's, what it leaves open, always with a token."""
        environment = ENVIRONMENT | (HEAD_ENVIRONMENT if self.address is None else {})
        if self.store is not None:
            environment |= {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": self.store}
        return environment | os.environ | {"RAY_AUTH_MODE": "token"}


def wait_for_head(address: str, token: Token) -> None:
    """Wait until the cluster answers, and check that this node fits in.

    Raises:
        ClusterError: it does not answer in time, refuses the token, or has other versions.
    """
    split_address(address)
    client = DashboardClient(address, token)
    deadline = time.monotonic() + HEAD_SECONDS
    while True:
        try:
            refuse_other_versions(client.versions(), address)
            return
        except NoAnswerError:
            if time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_SECONDS)


def refuse_other_versions(there: ClusterVersions, address: str) -> None:
    """Raise a ClusterError unless this machine has the cluster's versions."""
    here = {"Ray": version("ray"), "trunkline": VERSION, "Python": platform.python_version()}
    of_cluster = {"Ray": there.ray, "trunkline": there.trunkline, "Python": there.python}
    for name, own in here.items():
        other = of_cluster[name]
        if other is not None and other != own:
            raise ClusterError(
                f"this node has {name} {own}, the cluster at {address} has {name} {other}: "
                "every node needs the same, so start it from the same image"
            )
