"""`trunkline node`: what a container or a machine of a cluster runs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Annotated

import typer

from cli.output import note
from cluster.errors import TokenMissingError
from cluster.membership import is_slot
from cluster.node import NodePlan, taken_ports, wait_for_head
from cluster.token import Token, find_token
from config.values import parse_bytes
from training.shell import program

STOP_SECONDS = 50.0
LOOK_SECONDS = 0.2


def node(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]", help="Runs beside the node. If one ends, the other is ended."
        ),
    ] = None,
    head: Annotated[bool, typer.Option("--head", help="Start the head node of a new cluster.")] = False,
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Join the cluster of this head node.")
    ] = None,
    slots: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=COUNT",
            help="Room for processes: task:NAME=COUNT, replay=COUNT, evaluator=COUNT. May be repeated.",
        ),
    ] = None,
    object_store: Annotated[
        str, typer.Option(metavar="SIZE", help="Size of Ray's shared memory.")
    ] = "200MiB",
    store: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Where a head node keeps its state, so that it survives a restart."),
    ] = None,
) -> None:
    """Start a node of a cluster. It offers slots, which the controller of a run fills.

    On SIGTERM the node drains: its actors finish what they have sent, then it leaves.
    """
    if head == (address is not None):
        raise typer.BadParameter("give one of --head and --address")
    counts, store_bytes = _counts(slots or []), _size(object_store)
    token = find_token() if address is None else _token()
    plan = NodePlan(address, counts, store_bytes, store, token is not None)
    if address is not None and (warning := wait_for_head(address, token)):
        note(f"trunkline: {warning}")
    ray = _callable(plan.command(taken_ports()))
    if command:
        sys.exit(_side_by_side([ray, _callable(command)], plan.environment()))
    os.execvpe(ray[0], ray, plan.environment())


def _token() -> Token | None:
    """Return the token if there is one; a cluster that wants one says so."""
    try:
        return find_token()
    except TokenMissingError:
        return None


def _callable(command: list[str]) -> list[str]:
    """Return a command with the path of its program, this installation's own first."""
    name, *arguments = command
    found = program(name)
    if shutil.which(found) is None:
        raise typer.BadParameter(f"COMMAND: {name!r} is not allowed: there is no such program")
    return [found, *arguments]


def _counts(slots: list[str]) -> dict[str, int]:
    counts = {}
    for slot in slots:
        kind, separator, count = slot.rpartition("=")
        if not separator or not is_slot(kind) or not count.isdecimal():
            raise typer.BadParameter(
                f"--slots: {slot!r} is not allowed: it should be KIND=COUNT, where KIND is task:NAME, "
                "replay or evaluator"
            )
        counts[kind] = int(count)
    return counts


def _size(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"--object-store: {text!r} is not allowed: it should be a size such as 512MiB or 2GiB"
        ) from error


def _side_by_side(commands: list[list[str]], environment: dict[str, str]) -> int:
    """Run a node and a command until one of them ends, end the other, and return the command's exit code.

    A command whose node ended under it has failed, whatever it says.
    """
    children = [subprocess.Popen(command, env=environment) for command in commands]
    node, work = children

    def pass_on(number: int, _: FrameType | None) -> None:
        work.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    while all(child.poll() is None for child in children):
        time.sleep(LOOK_SECONDS)
    deserted = work.poll() is None
    for child in (work, node):
        child.terminate()
        _end(child)
    return 1 if deserted else work.returncode % 256


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
