"""All checks side by side, each within its time."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster.dashboard import DASHBOARD_PORT
from cluster.node import NodePlan
from config.memory import machine_memory_bytes
from config.schema import RunConfig
from deploy.doctor.cluster import cluster_findings
from deploy.doctor.finding import Finding
from deploy.doctor.gpu import gpu_findings, read_gpu_facts
from deploy.doctor.installation import compiled_finding
from deploy.doctor.machine import (
    SHARED_MEMORY,
    available_memory_bytes,
    default_object_store,
    disk_findings,
    memory_finding,
    open_files_finding,
    shared_memory_finding,
)
from deploy.doctor.ports import head_port_findings, metrics_port_finding
from deploy.doctor.token import is_container, token_finding
from replay.compiling import folder_of_compiled

DEADLINE_SECONDS = 24.0

Check = Callable[[], list[Finding]]


@dataclass(frozen=True)
class Patient:
    """What is looked at.

    Attributes:
        config: of the run that is to be made.
        run_dir: where it would be kept.
        address: `host:port` of the cluster it would join; None looks at this machine alone.
        dashboard_port: of that cluster.
        head: whether this machine is to be a head node.
        environment: variables that Ray would find.
    """

    config: RunConfig
    run_dir: Path
    address: str | None = None
    dashboard_port: int = DASHBOARD_PORT
    head: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def examine(patient: Patient) -> list[Finding]:
    """Make every check that fits the patient and return the findings, always in the same order."""
    return run_checks(_checks(patient), DEADLINE_SECONDS)


def run_checks(checks: Mapping[str, Check], seconds: float) -> list[Finding]:
    """Run checks side by side; one that fails, or is not done within `seconds`, is a problem of its own.

    The threads are daemons: a disk or a name server that hangs shall not keep the process.
    """
    found: dict[str, list[Finding]] = {}

    def work(name: str, check: Check) -> None:
        try:
            found[name] = check()
        except Exception as error:
            reason = str(error) or type(error).__name__
            found[name] = [
                Finding(name, "problem", f"the check failed ({reason})", "correct this first, then ask again")
            ]

    threads = {
        name: threading.Thread(target=work, args=(name, check), daemon=True) for name, check in checks.items()
    }
    end = time.monotonic() + seconds
    for thread in threads.values():
        thread.start()
    for thread in threads.values():
        thread.join(max(0.0, end - time.monotonic()))
    return [finding for name in checks for finding in found.get(name) or [_unfinished(name, seconds)]]


def _unfinished(name: str, seconds: float) -> Finding:
    what = f"no answer within {seconds:g} s"
    return Finding(name, "problem", what, "the checked part hangs: correct this, then ask again")


def _checks(patient: Patient) -> dict[str, Check]:
    config, environment = patient.config, patient.environment
    in_container = is_container(environment=environment)
    temporary = Path(environment.get("RAY_TMPDIR") or environment.get("TMPDIR") or "/tmp")
    disks = {"the run": patient.run_dir, "temporary files": temporary}
    budget, metrics = config.replay.memory_budget, config.metrics
    is_node = patient.head or patient.address is not None
    store = NodePlan.object_store_bytes if is_node else default_object_store(machine_memory_bytes())
    checks: dict[str, Check] = {
        "token": lambda: [token_finding(environment, patient.address is not None, in_container)],
        "shared memory": lambda: [shared_memory_finding(SHARED_MEMORY, store)],
        "disks": lambda: disk_findings(disks),
        "memory": lambda: [memory_finding(budget, machine_memory_bytes(), available_memory_bytes())],
        "open files": lambda: [open_files_finding()],
        "compiled functions": lambda: [compiled_finding(folder_of_compiled())],
        "gpu": lambda: gpu_findings(config.learner.device, read_gpu_facts()),
        "metrics port": lambda: [metrics_port_finding(metrics.host, metrics.port)],
    }
    if patient.head:
        checks["ports of the head"] = lambda: head_port_findings(dashboard_port=patient.dashboard_port)
    if patient.address is not None:
        address = patient.address
        checks["cluster"] = lambda: cluster_findings(config, address, patient.dashboard_port, environment)
    return checks
