"""What a run says over HTTP while it trains, and the little it can be told."""

import errno
import hmac
import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cluster.address import join_address, listening_family
from cluster.asking import authorization
from config.errors import ConfigError
from deploy.exporter import MetricsExporter
from training.json_text import NotJsonError, json_text, parse_json
from training.status.records import RunStatus

MAX_REQUEST_BYTES = 4096
MOST_ACTORS = 10_000
SILENCE_SECONDS = 10.0
TEXT = "text/plain; charset=utf-8"

Scale = Callable[[str, int | None], None]
"""Carries out an order to scale a task; raises a ConfigError that says why it cannot."""


class RunServer:
    """Serves the newest status that it was handed, and takes orders from whoever has the cluster's token.

        with RunServer("127.0.0.1", 9464, token) as server:
            server(status)
            server.scale_with(runtime.fleet.scale)

    GET `/metrics` for Prometheus, `/status` as JSON, `/healthz`; POST `/scale` with `{"task": "cartpole",
    "actors": 4}` (null for one in every slot) and `Authorization: Bearer TOKEN`.

    Raises:
        ConfigError: the address cannot be listened on.
    """

    def __init__(self, host: str, port: int, token: str | None = None) -> None:
        self._token = token
        self._status: RunStatus | None = None
        self._scale: Scale | None = None
        self._exporter = MetricsExporter()
        self._registry = CollectorRegistry()
        self._registry.register(self._exporter)
        try:
            self._server = _Server((host, port), self)
        except OSError as error:
            raise ConfigError(_why_not(host, port, error)) from error
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __call__(self, status: RunStatus) -> None:
        """Take over a newer status."""
        self._status = status
        self._exporter(status)

    def scale_with(self, scale: Scale) -> None:
        """Let a function carry out orders to scale a task."""
        self._scale = scale

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def page(self, target: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body of a page, whatever is asked after a `?`."""
        match _path(target):
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry)
            case "/status":
                return HTTPStatus.OK, "application/json", json_text(self._said()).encode()
            case "/healthz":
                return HTTPStatus.OK, TEXT, b"ok\n"
        return HTTPStatus.NOT_FOUND, TEXT, b"there are /metrics, /status and /healthz\n"

    def order(self, target: str, shown: str, body: bytes) -> tuple[HTTPStatus, str, bytes]:
        """Carry out an order of whoever has `shown` the token in a header; return what to answer."""
        if _path(target) != "/scale":
            return HTTPStatus.NOT_FOUND, TEXT, b"there is /scale\n"
        if self._token is None or not _is_same(shown, authorization(self._token)):
            return HTTPStatus.FORBIDDEN, TEXT, b"scaling needs the token of the cluster\n"
        if self._scale is None or self._status is None:
            return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, b"the run is still starting: try again\n"
        try:
            self._scale(*_order(body, [task.name for task in self._status.tasks]))
        except ConfigError as error:
            return HTTPStatus.BAD_REQUEST, TEXT, f"{error}\n".encode()
        return HTTPStatus.OK, TEXT, b"done\n"

    def _said(self) -> dict[str, Any]:
        if self._status is None:
            return {"state": "starting"}
        return {"state": "training", **self._status.as_json(), "warnings": self._status.warnings()}


def _path(target: str) -> str:
    """Return the path in a request's target, which may be a whole URL: a proxy is asked so."""
    return re.sub("^https?://[^/?]*", "", target, flags=re.IGNORECASE).partition("?")[0].rstrip("/")


def _is_same(shown: str, expected: str) -> bool:
    """Compare secrets in a time that says nothing of where they differ."""
    return hmac.compare_digest(shown.encode(), expected.encode())


def _order(body: bytes, tasks: list[str]) -> tuple[str, int | None]:
    """Return which task an order scales, and to how many actors.

    Raises:
        ConfigError: it is no order that can be carried out.
    """
    try:
        order = parse_json(body)
        task, actors = order["task"], order["actors"]
    except (NotJsonError, KeyError, TypeError):
        raise ConfigError('an order is {"task": NAME, "actors": NUMBER or null}') from None
    if task not in tasks:
        raise ConfigError(f"task: {task!r} is not allowed: this run has {', '.join(tasks)}")
    if actors is not None and (type(actors) is not int or not 0 <= actors <= MOST_ACTORS):
        allowed = f"it should be 0 to {MOST_ACTORS:,}, or null for one in every slot"
        raise ConfigError(f"actors: {actors!r} is not allowed: {allowed}")
    return task, actors


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], run: RunServer) -> None:
        self.run = run
        self.address_family = listening_family(*address)
        super().__init__(address, _Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever asked has gone, and nobody else is concerned."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SILENCE_SECONDS

    def do_GET(self) -> None:
        self._answer(*self.server.run.page(self.path))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        stated = self.headers.get("Content-Length") or "0"
        if not (stated.isascii() and stated.isdecimal()):
            sentence = f"Content-Length: {stated!r} is not allowed: it should be a number of bytes\n"
            self._answer(HTTPStatus.BAD_REQUEST, TEXT, sentence.encode())
            return
        length = min(int(stated[:5]), MAX_REQUEST_BYTES)  # five digits are more than enough to be too many
        shown = self.headers.get("Authorization") or ""
        self._answer(*self.server.run.order(self.path, shown, self.rfile.read(length)))

    def log_message(self, *_: object) -> None:
        """Log nothing: requests are many and say little."""

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _why_not(host: str, port: int, error: OSError) -> str:
    """Say why nothing can listen there: the port is taken or not allowed, or the host is another one."""
    what = f"this machine cannot listen on {join_address(host, port)} ({error.strerror})"
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return f"metrics.port: {what}; give a free port, or 0 for no metrics"
    return f"metrics.host: {what}; give an address of this machine, such as 127.0.0.1"
