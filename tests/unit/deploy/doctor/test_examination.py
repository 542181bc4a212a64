"""Checks side by side, and addresses where no cluster is."""

import socket
import threading
import time

import pytest

from deploy.doctor.cluster import address_finding
from deploy.doctor.examination import run_checks
from deploy.doctor.finding import Finding
from tests.support.metrics_page import free_port
from tests.support.odd_servers import raw_server, silent_listener

FINE = Finding("fine", "ok", "is fine")


def test_a_check_that_hangs_is_named_and_holds_nobody_up():
    """The others' findings stay, in the order of the checks."""
    never = threading.Event()
    begin = time.monotonic()
    found = run_checks({"stuck": lambda: [FINE] if never.wait() else [], "fine": lambda: [FINE]}, 0.2)
    never.set()
    assert time.monotonic() - begin < 5
    assert [finding.name for finding in found] == ["stuck", "fine"]
    assert found[0].verdict == "problem"
    assert found[0].what == "no answer within 0.2 s"


def test_a_check_that_cannot_look_is_a_problem():
    """What the system said is passed on, in a sentence."""

    def broken() -> list[Finding]:
        raise PermissionError(13, "Permission denied", "/proc/x")

    (found,) = run_checks({"broken": broken}, 5)
    assert (found.name, found.verdict) == ("broken", "problem")
    assert "Permission denied" in found.what


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("head", "--address: 'head' is not allowed"),
        ("no-such-host.invalid:6379", "the host name of no-such-host.invalid:6379 cannot be resolved"),
        (f"{'a' * 70}:6379", "cannot be resolved"),
    ],
)
def test_an_address_that_leads_nowhere_is_a_problem(address: str, said: str):
    """It has another form, or a name that nobody has."""
    found = address_finding(address, {})
    assert found.verdict == "problem"
    assert said in found.what
    assert found.todo


def test_a_port_that_nobody_listens_on_is_a_problem():
    """The address and the system's reason are said."""
    address = f"127.0.0.1:{free_port()}"
    found = address_finding(address, {})
    assert (found.verdict, found.what) == ("problem", f"nothing answers at {address} (Connection refused)")


def test_something_else_that_listens_is_a_problem():
    """A mail server greets in its own way; others hang up."""
    greeting = b"220 mail.example ESMTP ready\r\n"
    with raw_server(lambda peer: peer.sendall(greeting)) as port:
        found = address_finding(f"127.0.0.1:{port}", {})
    assert found.verdict == "problem"
    assert found.what == f"something listens at 127.0.0.1:{port}, but it is not Ray"
    with raw_server(socket.socket.close) as port:
        assert address_finding(f"127.0.0.1:{port}", {}).verdict == "problem"


def test_with_tls_nothing_is_waited_for():
    """The first word is ours then, so that silence says nothing about who listens."""
    with silent_listener() as port:
        assert address_finding(f"127.0.0.1:{port}", {"RAY_USE_TLS": "1"}).verdict == "ok"
