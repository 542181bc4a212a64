"""A cluster by its address: does it answer, is it Ray, does it let this machine in, does it fit."""

import socket
from collections.abc import Mapping

from cluster.address import split_address
from cluster.dashboard import DashboardClient
from cluster.errors import ClusterApiError, TokenMissingError
from cluster.token import Token, find_token
from config.schema import RunConfig
from deploy.doctor.finding import Finding
from deploy.doctor.skew import own_versions, skew_findings
from deploy.doctor.slots import slot_findings

CONNECT_SECONDS = 3.0
GREETING_SECONDS = 4.0
_HTTP2_SETTINGS = 4
"""Type of the first frame that an HTTP/2 server sends, in the fourth byte (RFC 9113, 3.4 and 4.1)."""


def cluster_findings(
    config: RunConfig, address: str, dashboard_port: int, environment: Mapping[str, str]
) -> list[Finding]:
    """Ask a cluster what can be asked without joining it; the first thing that is wrong ends it."""
    reached = address_finding(address, environment)
    if reached.verdict == "problem":
        return [reached]
    token = _token(environment)
    client = DashboardClient(address, token, dashboard_port)
    try:
        head, nodes = client.versions(), client.nodes()
    except ClusterApiError as error:
        return [reached, Finding("cluster", "problem", error.what, error.todo)]
    return [
        reached,
        _door(DashboardClient(address, None, dashboard_port), address),
        *skew_findings(own_versions(), head, nodes),
        *slot_findings(config, nodes, address),
    ]


def address_finding(address: str, environment: Mapping[str, str]) -> Finding:
    """Connect to `host:port` and see whether gRPC speaks there, as Ray's control store does.

    A gRPC server sends the first word. With Ray's TLS the client does, so that nothing is waited for.
    """
    name = "address"
    try:
        host, port = split_address(address)
        with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as peer:
            peer.settimeout(GREETING_SECONDS)
            if environment.get("RAY_USE_TLS", "0") == "0" and not _is_grpc(peer):
                what = f"something listens at {address}, but it is not Ray"
                return Finding(name, "problem", what, "give the port of the head node, by default 6379")
    except ClusterApiError as error:
        return Finding(name, "problem", error.what, error.todo)
    except (socket.gaierror, UnicodeError):
        what = f"the host name of {address} cannot be resolved"
        return Finding(name, "problem", what, "check it, or give an IP address")
    except OSError as error:
        what = f"nothing answers at {address} ({error.strerror or 'timed out'})"
        todo = "check that the head node runs there, and that no firewall is in between"
        return Finding(name, "problem", what, todo)
    return Finding(name, "ok", f"{address} answers")


def _is_grpc(peer: socket.socket) -> bool:
    try:
        greeting = peer.recv(9, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(greeting) == 9 and greeting[3] == _HTTP2_SETTINGS


def _token(environment: Mapping[str, str]) -> Token | None:
    """Return the token if there is one; what is wrong with it is another check's to say."""
    try:
        return find_token(environment)
    except ClusterApiError:
        return None


def _door(stranger: DashboardClient, address: str) -> Finding:
    name = "cluster"
    try:
        stranger.versions()
    except TokenMissingError:
        return Finding(name, "ok", "requires a token, and this machine has it")
    except ClusterApiError as error:
        return Finding(name, "problem", error.what, error.todo)
    what = f"{address} requires no token: everyone who can reach it can run code there"
    return Finding(
        name, "warning", what, "start all nodes of the cluster with RAY_AUTH_MODE=token and a token"
    )
