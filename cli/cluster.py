"""`trunkline status` and `trunkline scale`: what a run says of itself, and what it can be told."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.arguments import JsonOption
from cli.output import answer, answer_json, console
from deploy.cluster_api import find_token, split_address
from deploy.errors import ClusterError, ConfigError

ANSWER_SECONDS = 5.0

RunAddress = Annotated[
    str, typer.Option("--address", metavar="HOST:PORT", help="Where the run's learner serves its metrics.")
]
HERE = "127.0.0.1:9464"


def status(address: RunAddress = HERE, as_json: JsonOption = False) -> None:
    """Show how a run stands: its tasks, actors, learner, shards and nodes, and what it lacks."""
    said = _status(address)
    if as_json:
        answer_json(said)
    elif said["state"] == "starting":
        answer("the run is starting")
    else:
        _show(said)


def scale(
    task: Annotated[str, typer.Argument(metavar="TASK", help="One of the run's tasks.")],
    actors: Annotated[
        str, typer.Argument(metavar="N", help="Actors of the task, or `all`: one in every slot.")
    ],
    address: RunAddress = HERE,
) -> None:
    """Have N actors of TASK, within the slots that there are."""
    if actors != "all" and not actors.isdecimal():
        raise typer.BadParameter(f"N: {actors!r} is not allowed: it should be a number, or all")
    count = None if actors == "all" else int(actors)
    _ask(address, "/scale", {"task": task, "actors": count}, find_token().text)
    answer(f"{task}: {'one actor in every slot' if count is None else f'{count} actors'} wanted")


def _status(address: str) -> dict[str, Any]:
    """Return what a run says of itself.

    Raises:
        ClusterError: no run answers.
    """
    try:
        said = json.loads(_ask(address, "/status"))
    except ValueError:
        said = None
    if not isinstance(said, dict) or "state" not in said:
        raise ClusterError(f"what answers at {address} is no run: check metrics.host and metrics.port")
    return said


def _ask(address: str, path: str, order: dict[str, Any] | None = None, token: str = "") -> bytes:
    """Return the answer of a run's learner.

    Raises:
        ClusterError: it does not answer, or refuses the token.
        ConfigError: it says what is wrong with the order.
    """
    split_address(address)
    body = None if order is None else json.dumps(order).encode()
    request = urllib.request.Request(
        f"http://{address}{path}", body, {"Authorization": f"Bearer {token}"} if token else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        sentence = error.read().decode(errors="replace").strip().partition("\n")[0] or error.reason
        raise (ConfigError if error.code == 400 else ClusterError)(sentence) from error
    except (OSError, http.client.HTTPException) as error:
        reason = "its answer is not HTTP" if isinstance(error, http.client.HTTPException) else error
        reason = getattr(reason, "reason", reason)
        raise ClusterError(
            f"no run answers at {address} ({reason}): the learner is not there, is starting again, or serves "
            "its metrics elsewhere (metrics.host, metrics.port)"
        ) from error


def _show(said: dict[str, Any]) -> None:
    screen = console()
    tasks = Table(box=None)
    for heading in (
        "task",
        "actors",
        "wanted",
        "slots",
        "resting",
        "steps/s",
        "greedy",
        "replay",
        "ratio",
    ):
        tasks.add_column(heading, justify="left" if heading == "task" else "right")
    for task in said["tasks"]:
        crew, kept = task["crew"], task["table"]["items"] / task["replay_capacity"]
        counts = (crew["at_work"], crew["wanted"], crew["slots"], crew["quarantined"])
        tasks.add_row(
            task["name"],
            *map(str, counts),
            f"{task['env_steps_per_second']:,.0f}",
            _number(task["greedy_return"]),
            f"{kept:.0%}",
            _number(task["samples_per_insert"]),
        )
    screen.print(tasks)
    up = sum(shard["up"] for shard in said["shards"])
    screen.print(
        f"learner: {said['learner_step']:,} updates, {said['updates_per_second']:,.0f}/s; "
        f"shards: {up} of {len(said['shards'])} up; nodes that died: {said['node_deaths']}",
        highlight=False,
    )
    for node in said["nodes"]:
        slots = ", ".join(f"{kind} {count}" for kind, count in node["slots"].items()) or "no slots"
        screen.print(f"node {node['host']}: {node['state']}, {slots}", markup=False, soft_wrap=True)
    for sentence in said["warnings"]:
        screen.print(f"! {sentence}", markup=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
