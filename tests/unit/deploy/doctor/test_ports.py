"""Ports that somebody has."""

import socket
from collections.abc import Iterator

import pytest

from deploy.doctor.ports import head_port_findings, metrics_port_finding
from tests.support.ipv6 import needs_ipv6
from tests.support.metrics_page import free_port
from tests.support.odd_servers import silent_listener


@pytest.fixture
def taken() -> Iterator[int]:
    with silent_listener() as port:
        yield port


def test_a_metrics_port_that_is_taken_is_a_problem(taken: int):
    """It is named with its field, and with what to do."""
    found = metrics_port_finding("127.0.0.1", taken)
    assert (found.verdict, f"metrics.port: another program listens on 127.0.0.1:{taken}" in found.what) == (
        "problem",
        True,
    )
    assert "give another metrics.port" in found.todo


def test_a_metrics_host_of_another_machine_is_a_problem():
    """An address that is not this machine's cannot be listened on."""
    found = metrics_port_finding("203.0.113.1", free_port())
    assert (found.verdict, "metrics.host" in found.what) == ("problem", True)


@needs_ipv6
def test_an_ipv6_host_is_named_in_brackets():
    """Otherwise nobody could tell where its port begins."""
    port = free_port()
    assert metrics_port_finding("::1", port).what == f"[::1]:{port} is free"
    with socket.create_server(("::1", port), family=socket.AF_INET6):
        assert f"another program listens on [::1]:{port}" in metrics_port_finding("::1", port).what


def test_a_metrics_port_that_is_free_is_fine():
    """It stays free, too: looking takes nothing. Port 0 asks for no metrics."""
    port = free_port()
    assert metrics_port_finding("127.0.0.1", port).verdict == "ok"
    with socket.create_server(("127.0.0.1", port)):
        pass
    assert metrics_port_finding("127.0.0.1", 0).verdict == "ok"


def test_a_head_needs_two_ports(taken: int):
    """Each is judged on its own."""
    found = head_port_findings(free_port(), taken)
    assert [finding.verdict for finding in found] == ["ok", "problem"]
    assert f"port {taken}" in found[1].what
