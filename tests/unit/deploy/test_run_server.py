"""What a run serves and what it can be told, over real sockets."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from config.errors import ConfigError
from deploy.run_server import MAX_REQUEST_BYTES, RunServer
from tests.support.ipv6 import needs_ipv6
from tests.support.metrics_page import free_port
from tests.support.status_builders import run_status, task_status
from training.fleet import Node

HOST, TOKEN = "127.0.0.1", "s3cret"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
STATUS = run_status(task_status("chain"), task_status("identity"), nodes=[Node("n", "host", {"replay": 1})])


class Served:
    """A server at work, and the orders that it passed on."""

    def __init__(self, server: RunServer, port: int) -> None:
        self.server, self.port = server, port
        self.orders: list[tuple[str, int | None]] = []

    def ready(self) -> "Served":
        """Let the run be under way, without orders so far."""
        self.orders.clear()
        self.server(STATUS)
        self.server.scale_with(lambda task, count: self.orders.append((task, count)))
        return self

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, str]:
        """Return status, content type and body of an answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()

    def scale(self, body: object, **headers: str) -> tuple[int, str]:
        """Return status and sentence of the answer to an order."""
        text = body if isinstance(body, str) else json.dumps(body)
        status, _, sentence = self.ask("POST", "/scale", text, **headers)
        return status, sentence


def serve(token: str | None) -> Iterator[Served]:
    port = free_port()
    with RunServer(HOST, port, token) as server:
        yield Served(server, port)


@pytest.fixture(name="starting")
def _starting() -> Iterator[Served]:
    yield from serve(TOKEN)


@pytest.fixture(name="shared", scope="module")
def _shared() -> Iterator[Served]:
    yield from serve(TOKEN)


@pytest.fixture(name="served")
def _served(shared: Served) -> Served:
    return shared.ready()


@pytest.fixture(name="tokenless", scope="module")
def _tokenless() -> Iterator[Served]:
    yield from serve(None)


def test_before_the_first_status_it_says_that_the_run_is_starting(starting: Served):
    """It is healthy, has no metrics yet, and takes no orders."""
    assert starting.ask("GET", "/healthz")[0] == 200
    assert json.loads(starting.ask("GET", "/status")[2]) == {"state": "starting"}
    assert starting.ask("GET", "/metrics")[::2] == (200, "")
    order = {"task": "chain", "actors": 1}
    assert starting.scale(order, **BEARER) == (503, "the run is still starting: try again\n")


def test_the_status_is_all_that_is_known_with_warnings(served: Served):
    """Every field of the status, as JSON, and the sentences that it has."""
    status, kind, body = served.ask("GET", "/status")
    said = json.loads(body)
    assert (status, kind, said["state"]) == (200, "application/json", "training")
    assert [task["crew"]["at_work"] for task in said["tasks"]] == [3, 3]
    assert said["nodes"][0]["slots"] == {"replay": 1}
    assert said["warnings"] == STATUS.warnings() != []
    assert set(said) - {"state", "warnings"} == set(STATUS.as_json())


def test_metrics_are_those_of_the_newest_status(served: Served):
    """In the format that Prometheus asks for."""
    status, kind, body = served.ask("GET", "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert 'trunkline_actors_wanted{task="identity"} 5.0' in body.splitlines()


def test_other_pages_are_not_found(served: Served):
    """The answer says which there are."""
    assert served.ask("GET", "/")[::2] == (404, "there are /metrics, /status and /healthz\n")
    assert served.ask("POST", "/status", "{}", **BEARER)[::2] == (404, "there is /scale\n")
    assert served.ask("GET", "/scale")[0] == 404


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", TOKEN, f"bearer {TOKEN}", "Bearer é"]
)
def test_orders_need_the_token(served: Served, authorization: str | None):
    """Without it, or with another, nothing is done, whatever the order says."""
    headers = {} if authorization is None else {"Authorization": authorization}
    order = {"task": "chain", "actors": 1}
    assert served.scale(order, **headers) == (403, "scaling needs the token of the cluster\n")
    assert served.orders == []


@pytest.mark.parametrize("authorization", ["Bearer None", "Bearer ", f"Bearer {TOKEN}"])
def test_a_run_without_a_token_takes_no_orders(tokenless: Served, authorization: str):
    """No token lets anybody in, also none that looks like the absence of one."""
    found = tokenless.ready().scale({"task": "chain", "actors": 1}, Authorization=authorization)
    assert (found[0], tokenless.orders) == (403, [])


@pytest.mark.parametrize(("actors", "passed_on"), [(0, 0), (4, 4), (10_000, 10_000), (None, None)])
def test_an_order_is_passed_on(served: Served, actors: int | None, passed_on: int | None):
    """Once, as it was given; null is one actor in every slot."""
    order = {"task": "identity", "actors": actors}
    assert served.scale(order, **BEARER) == (200, "done\n")
    assert served.orders == [("identity", passed_on)]


FORM = 'an order is {"task": NAME, "actors": NUMBER or null}\n'
NUMBER = "it should be 0 to 10,000, or null for one in every slot\n"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", FORM),
        ("{", FORM),
        ("[1]", FORM),
        ("null", FORM),
        ('"task"', FORM),
        ('{"task": "chain"}', FORM),
        (b"\xff\xfe".decode("latin-1"), FORM),
        ("[" * 4000, FORM),
        ('{"task": "chain", "actors": ' + "1" * 2 * MAX_REQUEST_BYTES, FORM),
        ({"task": "pong", "actors": 1}, "task: 'pong' is not allowed: this run has chain, identity\n"),
        ({"task": ["chain"], "actors": 1}, "task: ['chain'] is not allowed: this run has chain, identity\n"),
        ({"task": "chain", "actors": -1}, f"actors: -1 is not allowed: {NUMBER}"),
        ({"task": "chain", "actors": 10_001}, f"actors: 10001 is not allowed: {NUMBER}"),
        ({"task": "chain", "actors": 1.5}, f"actors: 1.5 is not allowed: {NUMBER}"),
        ({"task": "chain", "actors": True}, f"actors: True is not allowed: {NUMBER}"),
        ({"task": "chain", "actors": "4"}, f"actors: '4' is not allowed: {NUMBER}"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_order_is_one_sentence(served: Served, body: object, sentence: str):
    """It names what is wrong and what is allowed; nothing is passed on."""
    assert served.scale(body, **BEARER) == (400, sentence)
    assert served.orders == []


def test_an_order_that_cannot_be_carried_out_is_one_sentence(served: Served):
    """Whoever gave it hears why, and not that it is done."""

    def refuse(task: str, _: int | None) -> None:
        raise ConfigError(f"{task} cannot be scaled")

    served.server.scale_with(refuse)
    order = {"task": "chain", "actors": 1}
    assert served.scale(order, **BEARER) == (400, "chain cannot be scaled\n")


@pytest.mark.parametrize(
    ("length", "sentence"),
    [
        ("many", "Content-Length: 'many' is not allowed: it should be a number of bytes"),
        ("-1", "Content-Length: '-1' is not allowed: it should be a number of bytes"),
        ("9" * 20, FORM.strip()),
        ("9" * 5000, FORM.strip()),
    ],
    ids=["word", "negative", "long", "longer"],
)
def test_a_length_that_is_none_reads_nothing_beyond(
    served: Served, length: str, sentence: str, capfd: pytest.CaptureFixture[str]
):
    """The server does not wait for an end that never comes, goes on, and says nothing of it."""
    with socket.create_connection((HOST, served.port), timeout=10) as client:
        head = f"POST /scale HTTP/1.0\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\n\r\n"
        client.sendall(head.encode() + b"x" * MAX_REQUEST_BYTES)
        with client.makefile("rb") as answer:
            assert answer.readline().startswith(b"HTTP/1.0 400")
            assert answer.read().endswith(f"{sentence}\n".encode())
    assert served.ask("GET", "/healthz")[0] == 200
    assert (served.orders, capfd.readouterr().err) == ([], "")


def test_clients_that_hang_or_reset_do_no_harm(served: Served, capfd: pytest.CaptureFixture[str]):
    """Others are answered meanwhile, and nothing is printed."""
    hanging = [socket.create_connection((HOST, served.port), timeout=10) for _ in range(5)]
    for client in hanging:
        client.sendall(b"GET /metr")
    for _ in range(5):
        with socket.create_connection((HOST, served.port), timeout=10) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with socket.create_connection((HOST, served.port), timeout=10) as client:
        client.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
    assert served.ask("GET", "/healthz")[2] == "ok\n"
    for client in hanging:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    time.sleep(0.2)
    assert served.ask("GET", "/healthz")[2] == "ok\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "path",
    [
        "/metrics?name[]=trunkline_actors&x=1",
        "/metrics?name%5B%5D=trunkline_actors",
        "/metrics/?",
        "/healthz?full",
        "http://127.0.0.1:9464/metrics",
        "HTTP://learner/metrics?x=http://other/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_queries_and_head(served: Served, method: str, path: str):
    """A query takes nothing away; HEAD has all but the body."""
    status, _, body = served.ask(method, path)
    assert status == 200
    assert bool(body) == (method == "GET")
    if "metrics" in path and body:
        assert "trunkline_actors{" in body


def test_head_says_how_long_the_body_is(served: Served):
    """And nothing of the body comes after it."""
    with socket.create_connection((HOST, served.port), timeout=10) as client:
        client.sendall(b"HEAD /healthz HTTP/1.0\r\n\r\n")
        answer = client.makefile("rb").read()
    assert answer.endswith(b"Content-Length: 3\r\n\r\n")


def test_a_method_that_there_is_not(served: Served):
    """Said by status, and the server goes on."""
    assert served.ask("DELETE", "/metrics")[0] == 501
    assert served.ask("GET", "/healthz")[0] == 200


@needs_ipv6
def test_ipv6():
    """`metrics.host` may be such an address."""
    port = free_port()
    with RunServer("::1", port), socket.create_connection(("::1", port), timeout=10) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert client.makefile("rb").read().endswith(b"ok\n")
