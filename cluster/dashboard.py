"""A client of Ray's dashboard: which versions the cluster has, and which nodes with which slots."""

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster.address import join_address, split_address
from cluster.asking import ask, bearer
from cluster.errors import (
    NoAnswerError,
    NotRayError,
    TokenMissingError,
    TokenRefusedError,
)
from cluster.membership import VERSION_LABEL, slots_among
from cluster.token import Token
from training.json_text import NotJsonError, parse_json

DASHBOARD_PORT = 8265
MAX_NODES = 10_000
"""As many as Ray lists at a time."""


@dataclass(frozen=True)
class ClusterVersions:
    """What the head node runs; None where it does not say."""

    ray: str
    python: str | None
    trunkline: str | None


@dataclass(frozen=True)
class ClusterNode:
    """One node, in service or gone.

    Attributes:
        node_id: Ray's, in hex.
        host: its address in the cluster.
        is_head: whether Ray's control store is there.
        alive: whether it is in service.
        slots: processes it has room for, by kind: `task:<name>`, `replay`, `evaluator`.
        version: of trunkline on it; None if it does not say.
    """

    node_id: str
    host: str
    is_head: bool
    alive: bool
    slots: Mapping[str, int]
    version: str | None


class DashboardClient:
    """Asks the dashboard of a cluster; a request is answered, or ends in an error, within seconds.

    Args:
        address: the cluster's, `host:port`; of this the host is used.
        token: of the cluster; None asks without one.
        dashboard_port: where its dashboard listens.

    Raises:
        AddressError: the address is no `host:port`.
    """

    def __init__(self, address: str, token: Token | None, dashboard_port: int = DASHBOARD_PORT) -> None:
        self._host, _ = split_address(address)
        self._port = dashboard_port
        self._headers = bearer("" if token is None else token.text)
        self._source = "" if token is None else token.source

    def versions(self) -> ClusterVersions:
        """Return the versions of the head node.

        Raises:
            NoAnswerError, NotRayError, TokenMissingError, TokenRefusedError: one sentence each.
        """
        ray = self._ask("/api/version")
        if not isinstance(ray.get("ray_version"), str):
            raise self._not_ray("it names no Ray version")
        python = _within(self._ask("/api/v0/cluster_metadata"), "data").get("pythonVersion")
        head = next((node for node in self.nodes() if node.is_head and node.alive), None)
        return ClusterVersions(
            ray=ray["ray_version"],
            python=python if isinstance(python, str) else None,
            trunkline=None if head is None else head.version,
        )

    def nodes(self) -> list[ClusterNode]:
        """Return every node that the cluster knows, those that are gone too.

        Raises:
            NoAnswerError, NotRayError, TokenMissingError, TokenRefusedError: one sentence each.
        """
        answer = self._ask(f"/api/v0/nodes?limit={MAX_NODES}")
        try:
            return [_node(row) for row in answer["data"]["result"]["result"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._not_ray("its list of nodes has another form") from error

    def _ask(self, path: str) -> dict[str, Any]:
        status, body = self._get(path)
        if status == http.client.UNAUTHORIZED:
            raise TokenMissingError(
                f"the cluster at {self._where} lets nobody in without its token",
                "copy the head node's token file here and let RAY_AUTH_TOKEN_PATH name it",
            )
        if status == http.client.FORBIDDEN:
            raise TokenRefusedError(
                f"the cluster at {self._where} refuses the token of {self._source}",
                "it should be the one that the head node has",
            )
        if status != http.client.OK:
            raise self._not_ray(f"it answers {status} to {path}")
        try:
            answer = parse_json(body)
        except NotJsonError as error:
            raise self._not_ray("its answer is not JSON") from error
        if not isinstance(answer, dict):
            raise self._not_ray("its answer is no JSON object")
        return answer

    def _get(self, path: str) -> tuple[int, bytes]:
        try:
            return ask(self._host, self._port, path, self._headers)
        except http.client.HTTPException as error:
            raise self._not_ray("its answer is not HTTP") from error
        except (OSError, UnicodeError) as error:
            raise self._no_answer(error) from error

    @property
    def _where(self) -> str:
        return join_address(self._host, self._port)

    def _no_answer(self, error: OSError | UnicodeError) -> NoAnswerError:
        if isinstance(error, socket.gaierror | UnicodeError):
            return NoAnswerError(
                f"the host name {self._host!r} cannot be resolved", "check it, or give an IP address"
            )
        return NoAnswerError(
            f"Ray's dashboard at {self._where} does not answer ({error.strerror or 'time is up'})",
            "check that the head node runs there with its dashboard, and that no firewall is in between",
        )

    def _not_ray(self, why: str) -> NotRayError:
        return NotRayError(
            f"what listens at {self._where} is not the dashboard of a Ray cluster ({why})",
            "check host and port of the head node",
        )


def _within(answer: dict[str, Any], field: str) -> dict[str, Any]:
    inner = answer.get(field)
    return inner if isinstance(inner, dict) else {}


def _node(row: dict[str, Any]) -> ClusterNode:
    return ClusterNode(
        node_id=str(row["node_id"]),
        host=str(row["node_ip"]),
        is_head=bool(row["is_head_node"]),
        alive=row["state"] == "ALIVE",
        slots=slots_among(row["resources_total"] or {}),
        version=(row["labels"] or {}).get(VERSION_LABEL),
    )
