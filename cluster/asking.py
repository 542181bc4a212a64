"""A question over HTTP to a machine of the cluster: through no proxy, and on to no other address."""

import http.client
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress

SILENCE_SECONDS = 4.0
ANSWER_SECONDS = 5.0
"""Counted from when the connection is open. Opening it may take `SILENCE_SECONDS` more."""
MAX_ANSWER_BYTES = 16 * 2**20


def ask(
    host: str, port: int, path: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, bytes]:
    """Return status and body of the answer to a GET, or to a POST if there is a `body`.

    The request may carry the cluster's token. So it goes through no proxy, and follows no redirection. When
    the time is up the connection is closed, even if bytes still arrive.

    Raises:
        OSError, UnicodeError: nobody answers, or not in time; the host's name cannot be resolved.
        http.client.HTTPException: the answer is not HTTP.
    """
    connection = http.client.HTTPConnection(host, port, timeout=SILENCE_SECONDS)
    guard = threading.Timer(ANSWER_SECONDS, _cut, [connection])
    guard.daemon = True
    try:
        connection.connect()
        guard.start()
        connection.request("GET" if body is None else "POST", path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read(MAX_ANSWER_BYTES)
    finally:
        guard.cancel()
        connection.close()


def bearer(token: str) -> dict[str, str]:
    """Return the headers that show a token; none for an empty one."""
    return {"Authorization": authorization(token)} if token else {}


def authorization(token: str) -> str:
    """Return the value of the header by which a request shows a token (RFC 6750, section 2.1)."""
    return f"Bearer {token}"


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        connection.sock.shutdown(socket.SHUT_RDWR)
