"""Ports that this machine has to have free."""

import errno
import socket

from cluster.address import join_address, listening_family
from cluster.dashboard import DASHBOARD_PORT
from cluster.node import GCS_PORT
from deploy.doctor.finding import Finding


def metrics_port_finding(host: str, port: int) -> Finding:
    """Judge the place where a run serves its metrics; port 0 is none."""
    name = "metrics port"
    if port == 0:
        return Finding(name, "ok", "metrics.port is 0: no metrics are served")
    error, where = _listen(host, port), join_address(host, port)
    if error is None:
        return Finding(name, "ok", f"{where} is free")
    if error.errno == errno.EADDRINUSE:
        what = f"metrics.port: another program listens on {where}"
        return Finding(
            name,
            "problem",
            what,
            "end that program (it may be another run), or give another metrics.port, or 0 for none",
        )
    what = f"metrics.host: this machine cannot listen on {where} ({error.strerror})"
    return Finding(
        name, "problem", what, "give an address of this machine, such as 127.0.0.1, and a port above 1023"
    )


def head_port_findings(gcs_port: int = GCS_PORT, dashboard_port: int = DASHBOARD_PORT) -> list[Finding]:
    """Judge the ports on which a head node would listen."""
    ports = {"port of the head": gcs_port, "port of the dashboard": dashboard_port}
    return [_head_port_finding(name, port) for name, port in ports.items()]


def _head_port_finding(name: str, port: int) -> Finding:
    error = _listen("0.0.0.0", port)
    if error is None:
        return Finding(name, "ok", f"{port} is free")
    what = f"this machine cannot listen on port {port} ({error.strerror})"
    return Finding(
        name, "problem", what, "end the program that listens there; it may be another head node, or Redis"
    )


def _listen(host: str, port: int) -> OSError | None:
    """Return why it is impossible; None if it is possible."""
    try:
        socket.create_server((host, port), family=listening_family(host, port)).close()
    except OSError as error:
        return error
    return None
