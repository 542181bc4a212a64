"""What can be learned about a cluster over HTTP, and what is said when nothing can."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cluster.address import join_address, listening_family, split_address
from cluster.dashboard import MAX_NODES, ClusterVersions, DashboardClient
from cluster.errors import (
    AddressError,
    NoAnswerError,
    NotRayError,
    TokenMissingError,
    TokenRefusedError,
    TokenUnusableError,
)
from cluster.token import Token, find_token
from tests.support.metrics_page import free_port
from tests.support.odd_servers import raw_server, silent_listener, web_server
from training.errors import ClusterError

SECRET = "a-token-that-nobody-may-read-0123456789"
NODES = f"/api/v0/nodes?limit={MAX_NODES}"


def client(port: int) -> DashboardClient:
    return DashboardClient("127.0.0.1:6379", Token(SECRET, "RAY_AUTH_TOKEN", None), port)


def test_the_token_is_looked_for_in_rays_order(tmp_path: Path):
    """The environment comes before the file it names, and that before the one in the home directory."""
    usual = tmp_path / ".ray" / "auth_token"
    usual.parent.mkdir()
    usual.write_text("third\n")
    named = tmp_path / "named"
    named.write_text("second\n")
    environment = {"HOME": str(tmp_path)}
    assert find_token(environment) == Token("third", "~/.ray/auth_token", usual)
    environment["RAY_AUTH_TOKEN_PATH"] = str(named)
    assert find_token(environment) == Token("second", f"RAY_AUTH_TOKEN_PATH, {named}", named)
    environment["RAY_AUTH_TOKEN"] = "first"
    assert find_token(environment) == Token("first", "RAY_AUTH_TOKEN", None)


def test_no_token_anywhere_is_said(tmp_path: Path):
    """The sentence names the three places."""
    with pytest.raises(TokenMissingError, match=r"RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/\.ray/auth_token"):
        find_token({"HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"\xff\xfe", "cannot be read (it is not text)"),
        (b" \n", "is empty"),
        (b"two tokens", "holds more than a token"),
        (b"one\nInjected: header", "holds more than a token"),
    ],
)
def test_a_token_file_that_is_no_use_is_named(tmp_path: Path, content: bytes | None, expected: str):
    """One sentence says which file, what is wrong and what to do, without what the file holds."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TokenUnusableError) as caught:
        find_token({"RAY_AUTH_TOKEN_PATH": str(path)})
    assert str(caught.value).startswith(f"the token file of RAY_AUTH_TOKEN_PATH, {path} {expected}: ")
    assert "tokens" not in str(caught.value)
    assert isinstance(caught.value, ClusterError)


def test_a_token_is_not_shown_by_accident():
    """Neither its text form nor a client's shows it."""
    assert SECRET not in repr(Token(SECRET, "somewhere", None))
    assert SECRET not in repr(client(1))


def test_addresses():
    """Host and port are told apart, in brackets too."""
    assert split_address("head:6379") == ("head", 6379)
    assert split_address("10.0.0.7:1") == ("10.0.0.7", 1)
    assert split_address("[fd00::1]:65535") == ("fd00::1", 65535)


@pytest.mark.parametrize("address", ["head:6379", "10.0.0.7:1", "[fd00::1]:65535"])
def test_an_address_is_put_together_as_it_was_taken_apart(address: str):
    """A host with colons gets its brackets back."""
    assert join_address(*split_address(address)) == address


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", "AF_INET"), ("::1", "AF_INET6"), ("", "AF_INET")])
def test_a_host_has_a_kind_of_socket(host: str, family: str):
    """Where either would do, as for every interface, it is IPv4."""
    assert listening_family(host, 0).name == family


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70])
def test_a_host_that_does_not_resolve_has_none(host: str):
    """Names that nobody has, and names that nobody can have, are the same kind of error."""
    with pytest.raises(OSError, match=r"[Nn]ame"):
        listening_family(host, 0)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "head",
        "head:",
        ":6379",
        "head:0",
        "head:65536",
        "head:x",
        "ray://head:1",
        "a b:1",
        "::1:6379",
        "h:²",
    ],
)
def test_an_address_of_another_form_is_refused(address: str):
    """The sentence repeats it and says which form it should have."""
    with pytest.raises(AddressError) as caught:
        DashboardClient(address, None)
    assert str(caught.value) == (
        f"--address: {address!r} is not allowed: it should be host:port, such as head:6379 or [::1]:6379"
    )


def test_versions_and_nodes_are_read():
    """Versions are the head's; slots are what processes of a run take; nodes that are gone stay listed."""
    head = {"node_id": "aa", "node_ip": "10.0.0.1", "is_head_node": True, "state": "ALIVE"}
    gone = {"node_id": "bb", "node_ip": "10.0.0.2", "is_head_node": False, "state": "DEAD"}
    slots = {"CPU": 2.0, "task:cartpole": 4.0, "replay": 1.0, "evaluator": 1.0, "node:10.0.0.1": 1.0}
    rows = [
        {**head, "resources_total": slots, "labels": {"trunkline-version": "1.2.3"}},
        {**gone, "resources_total": {}, "labels": {}},
    ]
    pages = {
        "/api/version": (200, b'{"ray_version": "2.60.0"}'),
        "/api/v0/cluster_metadata": (200, b'{"data": {"pythonVersion": "3.11.7"}}'),
        NODES: (200, json.dumps({"data": {"result": {"result": rows}}}).encode()),
    }
    with web_server(pages) as port:
        assert client(port).versions() == ClusterVersions("2.60.0", "3.11.7", "1.2.3")
        first, second = client(port).nodes()
    assert first.slots == {"task:cartpole": 4, "replay": 1, "evaluator": 1}
    assert (first.is_head, first.alive, first.version) == (True, True, "1.2.3")
    assert (second.host, second.alive, second.slots, second.version) == ("10.0.0.2", False, {}, None)


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (401, TokenMissingError, "lets nobody in without its token: "),
        (403, TokenRefusedError, "refuses the token of RAY_AUTH_TOKEN: "),
        (404, NotRayError, "is not the dashboard of a Ray cluster (it answers 404 to /api/version): "),
    ],
)
def test_a_status_becomes_a_sentence(status: int, error: type[Exception], expected: str):
    """A missing token, a wrong one and a stranger are told apart; none shows the token."""
    with web_server({"/api/version": (status, b"no")}) as port, pytest.raises(error) as caught:
        client(port).versions()
    assert f"127.0.0.1:{port} {expected}" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/version", b"<html>"),
        ("/api/version", b"[]"),
        ("/api/version", b"{}"),
        (NODES, b"{}"),
        (NODES, b'{"data": {"result": {"result": [{"node_id": 1}]}}}'),
        (NODES, b'{"data": {"result": {"result": [7]}}}'),
    ],
)
def test_an_answer_of_another_form_is_no_ray(path: str, body: bytes):
    """A web server of another kind is named as such, whatever it says."""
    with web_server({path: (200, body)}) as port, pytest.raises(NotRayError):
        client(port).versions() if path == "/api/version" else client(port).nodes()


def test_a_port_where_nobody_listens_is_named():
    """The sentence has host and port, and what to check."""
    port = free_port()
    with pytest.raises(
        NoAnswerError, match=rf"127\.0\.0\.1:{port} does not answer \(Connection refused\): check"
    ):
        client(port).nodes()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70])
def test_a_name_that_does_not_resolve_is_named(host: str):
    """Names that nobody has, and names that nobody can have."""
    with pytest.raises(NoAnswerError, match="cannot be resolved"):
        DashboardClient(f"{host}:6379", None).versions()


def test_something_else_that_talks_is_no_ray():
    """A mail server greets; it does not speak HTTP."""
    greeting = b"220 mail.example ESMTP\r\n"
    with (
        raw_server(lambda peer: peer.sendall(greeting)) as port,
        pytest.raises(NotRayError, match="its answer is not HTTP"),
    ):
        client(port).versions()


def trickle(peer: socket.socket) -> None:
    """Send a header a byte at a time, for ever."""
    while peer.send(b"x"):
        time.sleep(0.1)


@pytest.mark.slow
def test_silence_and_trickles_end_in_time():
    """Neither a peer that says nothing nor one that says a byte now and then holds the client up."""
    begin = time.monotonic()
    with silent_listener() as silent, raw_server(trickle) as slow, ThreadPoolExecutor() as pool:
        answers = [pool.submit(client(port).versions) for port in (silent, slow)]
        with pytest.raises(NoAnswerError, match="time is up"):
            answers[0].result()
        with pytest.raises(NotRayError, match="its answer is not HTTP"):
            answers[1].result()
    assert time.monotonic() - begin < 10
