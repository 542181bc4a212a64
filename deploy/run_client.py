"""A client of a run's learner: how the run stands, and orders to scale it."""

import http.client
from typing import Any

from cluster.address import split_address
from cluster.asking import ask, bearer
from config.errors import ConfigError
from training.errors import ClusterError
from training.json_text import NotJsonError, json_text, parse_json


class RunClient:
    """Asks the learner that serves its metrics at an address.

    Raises:
        AddressError: the address is no `host:port`.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._host, self._port = split_address(address)

    def status(self) -> dict[str, Any]:
        """Return what a run says of itself.

        Raises:
            ClusterError: no run answers.
        """
        try:
            said = parse_json(self._ask("/status"))
        except NotJsonError:
            said = None
        if not isinstance(said, dict) or "state" not in said:
            raise ClusterError(
                f"what answers at {self._address} is no run: check metrics.host and metrics.port"
            )
        return said

    def scale(self, task: str, actors: int | None, token: str) -> None:
        """Order so many actors of a task; None is one in every slot.

        Raises:
            ClusterError: no run answers, or it refuses the token.
            ConfigError: it says what is wrong with the order.
        """
        self._ask("/scale", json_text({"task": task, "actors": actors}).encode(), token)

    def _ask(self, path: str, body: bytes | None = None, token: str = "") -> bytes:
        try:
            status, content = ask(self._host, self._port, path, bearer(token), body)
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            reason = "its answer is not HTTP" if isinstance(error, http.client.HTTPException) else error
            raise ClusterError(
                f"no run answers at {self._address} ({reason}): the learner is not there, is starting again, "
                "or serves its metrics elsewhere (metrics.host, metrics.port)"
            ) from error
        if status != http.client.OK:
            sentence = content.decode(errors="replace").strip().partition("\n")[0] or f"HTTP status {status}"
            raise (ConfigError if status == http.client.BAD_REQUEST else ClusterError)(sentence)
        return content
