"""Starting a Ray cluster on this machine, or joining one by address."""

import logging
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import ray

from cluster.address import split_address
from cluster.membership import slots_among
from cluster.node import node_command
from cluster.ray.causes import first_line
from cluster.ray.forwarded import ForwardedLines
from cluster.ray.guard import guard
from training.errors import ClusterError

PROBE_SECONDS = 5.0
SLOTS_SECONDS = 45.0
"""Time that nodes with slots for replay and evaluation have to come, when a cluster is just being started."""
REHEARSAL_SECONDS = 22.0
LOOK_SECONDS = 0.5
_REHEARSAL = "import ray, sys; ray.init(address=sys.argv[1], logging_level=40, log_to_driver=False)"


@contextmanager
def cluster(
    address: str | None,
    slots: Mapping[str, int],
    run: str | None = None,
    useful: Mapping[str, int] | None = None,
    forwarded: Path | None = None,
) -> Iterator[None]:
    """Be connected to a cluster that offers `slots`, and leave it in the end.

    Args:
        address: `host:port` of a running cluster; None starts one on this machine and ends it again.
        slots: how many processes of each kind it must have room for, such as `{"replay": 1}`.
        run: whose processes are looked for and found by name; None for names that nobody else knows.
        useful: slots that are not waited for; an error names the missing ones too.
        forwarded: file for what Ray forwards from other processes of the cluster; None for nowhere.

    Raises:
        ClusterError: it does not answer, refuses, or has too few slots.
    """
    options: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "configure_logging": True,
        "namespace": f"trunkline-{run or uuid.uuid4().hex}",
    }
    ForwardedLines(forwarded).receive()
    with guard() if address is None else nullcontext():
        if address is None:
            _start(slots, options)
        else:
            _join(address, options)
        try:
            if address is not None:
                _wait_for(slots, useful or {}, address)
            yield
        finally:
            ray.shutdown()


def _start(slots: Mapping[str, int], options: Mapping[str, Any]) -> None:
    try:
        ray.init(address="local", include_dashboard=False, resources=dict(slots), **options)
    except Exception as error:
        raise ClusterError(f"Ray could not be started on this machine: {first_line(error)}") from error


def _join(address: str, options: Mapping[str, Any]) -> None:
    """Join a cluster, after a rehearsal in a process that can be ended: Ray itself may try for minutes.

    The dashboard would answer at once, but a cluster may be without one.
    """
    advice = (
        "check that `ray start --head` runs there, that the port is the one it printed (6379 by default), "
        "that no firewall is in between, and that both sides have the same Ray version and token"
    )
    host_and_port = split_address(address)
    try:
        socket.create_connection(host_and_port, timeout=PROBE_SECONDS).close()
        rehearsal = [sys.executable, "-c", _REHEARSAL, address]
        subprocess.run(rehearsal, check=True, capture_output=True, timeout=REHEARSAL_SECONDS)
    except (OSError, UnicodeError) as error:
        raise ClusterError(f"cluster {address} does not answer ({error}): {advice}") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"cluster {address} does not answer as Ray does: {advice}") from error
    except subprocess.CalledProcessError as error:
        raise ClusterError(f"cluster {address} does not let this run in: {advice}") from error
    ray.init(address=address, **options)


def _wait_for(slots: Mapping[str, int], useful: Mapping[str, int], address: str) -> None:
    deadline = time.monotonic() + SLOTS_SECONDS
    while missing := _missing(slots):
        if time.monotonic() > deadline:
            offered = _offered()
            listed = "; ".join(f"{k!r}: {slots[k]} needed, {offered.get(k, 0):g} there" for k in missing)
            raise ClusterError(
                f"cluster {address} has too few slots ({listed}): start a node that has them, here or on "
                f"another machine, with `{node_command(address, {**missing, **_missing(useful)})}`"
            )
        time.sleep(LOOK_SECONDS)


def _missing(slots: Mapping[str, int]) -> dict[str, int]:
    """Return how many slots of each kind are lacking, without kinds of which there are enough."""
    offered = _offered()
    lacking = {kind: count - offered.get(kind, 0) for kind, count in slots.items()}
    return {kind: count for kind, count in lacking.items() if count > 0}


def _offered() -> dict[str, int]:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return slots_among(resources)


def ray_actor(kind: type, slot: str | None = None, **options: Any) -> Any:  # noqa: ANN401 - ray's own
    """Return a class as a Ray actor class that takes one `slot` and no CPU, and is never restarted by Ray.

    `options` are Ray's own: a name, `max_concurrency`, `max_pending_calls`.
    """
    resources = {} if slot is None else {"resources": {slot: 1}}
    return ray.remote(kind).options(num_cpus=0, max_restarts=0, **resources, **options)
