"""`trunkline status` and `trunkline scale`: what a run says of itself, and what it can be told."""

from typing import Annotated, Any

import typer
from rich.table import Table

from cli.arguments import JsonOption
from cli.numbers import fixed, score
from cli.output import answer, answer_json, console
from cluster.token import find_token
from deploy.run_client import RunClient

RunAddress = Annotated[
    str, typer.Option("--address", metavar="HOST:PORT", help="Address of the metrics of the run's learner.")
]
HERE = "127.0.0.1:9464"
DIGITS = 9
"""Of a number that is worth asking the run for; it says itself how many actors it allows."""


def status(address: RunAddress = HERE, as_json: JsonOption = False) -> None:
    """Show the state of a run: its tasks, actors, learner, shards and nodes, and what is missing."""
    said = RunClient(address).status()
    if as_json:
        answer_json(said)
    elif said["state"] == "starting":
        answer("the run is starting")
    else:
        _show(said)


def scale(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Name of a task of the run.")],
    actors: Annotated[
        str, typer.Argument(metavar="N", help="Number of actors of the task, or `all` for one in every slot.")
    ],
    address: RunAddress = HERE,
) -> None:
    """Set the number of actors of TASK to N. Only actors with a slot are started."""
    if actors != "all" and not (actors.isdecimal() and len(actors) <= DIGITS):
        raise typer.BadParameter(
            f"N: {actors!r} is not allowed: it should be a number of at most {DIGITS} digits, or all"
        )
    count = None if actors == "all" else int(actors)
    RunClient(address).scale(task, count, find_token().text)
    answer(f"{task}: {'one actor in every slot' if count is None else f'{count} actors'} wanted")


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
            score(task["greedy_return"]),
            f"{kept:.0%}",
            fixed(task["samples_per_insert"], 1),
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
