"""`trunkline tasks check`."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.arguments import JsonOption
from cli.output import answer, answer_json, console
from config.errors import ConfigError
from config.loading import set_field
from config.task_check import SECONDS, TaskCheck, check_task
from config.yaml_text import parse_yaml, write_yaml
from tasks.checkup.playing import Played

EXIT_WRONG = 3


def check(
    env: Annotated[str, typer.Argument(metavar="ENV", help="Gymnasium id, module:id or module:Class.")],
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="[field=value]...", help="Any other field of the task.", show_default=False),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Name of fields that belong together.")] = None,
    wrappers: Annotated[
        list[str] | None,
        typer.Option("--wrappers", metavar="YAML", help="A wrapper, or a list; may be given several times."),
    ] = None,
    kwargs: Annotated[
        str | None, typer.Option(metavar="YAML", help="Arguments of the constructor: '{size: 5}'.")
    ] = None,
    action_bins: Annotated[
        int | None, typer.Option(metavar="N", help="Values of each dimension of a continuous action.")
    ] = None,
    action_mask: Annotated[
        str | None, typer.Option(metavar="WHERE", help="info, or the part that says what is allowed.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="Time to step it for: alone, and once more in lockstep.")
    ] = SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Build an environment, play it for some seconds, and say what it is and whether it can be trained on."""
    task: dict[str, Any] = {"env": env}
    given = {"preset": preset, "action_bins": action_bins, "action_mask": action_mask}
    task |= {name: value for name, value in given.items() if value is not None}
    if kwargs is not None:
        task["env_kwargs"] = parse_yaml(kwargs, "--kwargs")
    if wrappers:
        entries = [parse_yaml(text, "--wrappers") for text in wrappers]
        task["wrappers"] = [
            one for entry in entries for one in (entry if isinstance(entry, list) else [entry])
        ]
    for field in fields or []:
        key, separator, text = field.partition("=")
        if not separator or not all(key.split(".")):
            raise ConfigError(f"{field!r} is not of the form field=value, such as frame_stack=4")
        set_field(task, key, parse_yaml(text, field), repr(field))
    found = check_task(task, seconds)
    if as_json:
        answer_json(_plain(found))
    else:
        _print(found)
    if found.wrong:
        raise typer.Exit(EXIT_WRONG)


def _print(found: TaskCheck) -> None:
    """Print one table, the sentences below it, and the block to paste."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, words in _rows(found):
        table.add_row(name, words)
    screen = console()
    screen.print(table)
    for kind, style, sentences in (("wrong", "bold red", found.wrong), ("unwise", "yellow", found.unwise)):
        for sentence in sentences:
            screen.print(
                Text(kind, style=style).append(f": {sentence}", style="default not bold"), soft_wrap=True
            )
    answer("\n" + write_yaml({"tasks": found.task}), end="")


def _rows(found: TaskCheck) -> Iterator[tuple[str, str]]:
    spec = found.spec
    yield "environment", spec.env
    yield "source", found.source
    if spec.wrappers:
        yield "wrapped in", ", ".join(wrapping.wrapper for wrapping in spec.wrappers)
    for part, (low, high), encoder in zip(
        spec.layout.parts, found.report.bounds, found.encoders, strict=True
    ):
        shape = "x".join(map(str, part.shape))
        bounds = f", {low:g} to {high:g}" if part.kind == "numbers" else ""
        name = f"sees {part.name}" if part.name else "sees"
        yield name, f"{part.kind} {shape} {part.dtype}{bounds}; read by {encoder}"
    if spec.frame_stack > 1:
        yield "stacked", f"{spec.frame_stack} frames"
    yield "actions", _actions(spec.choices.sizes)
    yield "time limit", f"{spec.max_episode_steps:,} steps"
    if found.checkup.alone is not None and found.checkup.together is not None:
        yield from _of_play(found.checkup.alone, found.checkup.together)


def _of_play(alone: Played, together: Played) -> Iterator[tuple[str, str]]:
    yield (
        "speed",
        f"{alone.steps_per_second:,.0f} steps/s alone, {together.steps_per_second:,.0f} for "
        f"{together.streams} in lockstep",
    )
    yield "a reset takes", f"{1000 * together.reset_seconds:.3g} ms"
    lengths = together.lengths
    if lengths:
        mean = sum(lengths) / len(lengths)
        ends = (
            f"{together.terminated:,} ended by themselves, {len(lengths) - together.terminated:,} by a limit"
        )
        yield "episodes", f"{_range(lengths)} steps, {mean:,.0f} in the mean; {ends}"
        mean = sum(together.returns) / len(lengths)
        yield "returns", f"{_range(together.returns)} by random actions, {mean:,.5g} in the mean"
    else:
        yield "episodes", f"none ended within {together.oldest:,} steps of random actions"
    yield "rewards", f"{_range([together.lowest, together.highest])} a step"


def _range(numbers: Sequence[float]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,.5g}" if low == high else f"{low:,.5g} to {high:,.5g}"


def _actions(sizes: tuple[int, ...]) -> str:
    if len(sizes) == 1:
        return f"{sizes[0]} choices"
    each = str(sizes[0]) if len(set(sizes)) == 1 else ", ".join(map(str, sizes))
    return f"{len(sizes)} dimensions of {each} choices"


def _plain(found: TaskCheck) -> dict[str, Any]:
    """Return what there is to say as one JSON object."""
    spec, checkup = found.spec, found.checkup
    parts = [
        {**asdict(part), "low": low, "high": high, "encoder": encoder}
        for part, (low, high), encoder in zip(
            spec.layout.parts, found.report.bounds, found.encoders, strict=True
        )
    ]
    plays = {"alone": checkup.alone, "together": checkup.together}
    return {
        "env": spec.env,
        "source": found.source,
        "wrappers": [wrapping.wrapper for wrapping in spec.wrappers],
        "parts": parts,
        "frame_stack": spec.frame_stack,
        "choices": list(spec.choices.sizes),
        "max_episode_steps": spec.max_episode_steps,
        "played": {name: None if one is None else _played(one) for name, one in plays.items()},
        "wrong": found.wrong,
        "unwise": found.unwise,
        "tasks": found.task,
    }


def _played(played: Played) -> dict[str, Any]:
    episodes = len(played.lengths)
    return {
        "streams": played.streams,
        "steps": played.steps,
        "steps_per_second": played.steps_per_second,
        "reset_seconds": played.reset_seconds,
        "episodes": episodes,
        "terminated": played.terminated,
        "mean_length": sum(played.lengths) / episodes if episodes else None,
        "mean_return": sum(played.returns) / episodes if episodes else None,
        "lowest_reward": played.lowest,
        "highest_reward": played.highest,
    }
