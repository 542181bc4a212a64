"""`trunkline train` and `trunkline resume`."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.announcement import announce
from cli.arguments import (
    AddressOption,
    ConfigAndOverrides,
    JsonOption,
    NoDefaultsOption,
    RunDir,
    Runtime,
    RuntimeOption,
    refuse_local_address,
    split_arguments,
)
from cli.output import answer_json
from cli.output import console as console_for
from cli.panel import display
from cli.results import print_results
from config.loading import load_config, with_overrides
from config.resolution import ResolvedRun, rehearse
from deploy.interrupts import Interrupts
from deploy.launch import resume_run, start_or_resume_run, start_run
from learner.checkpoint import Checkpoint
from training.directory.run_directory import RunDirectory, refuse_existing
from training.shell import as_operand, command_line, program
from training.status.reporting import Observer

ENDS = {"budget": "budget used up"}


def train(
    arguments: ConfigAndOverrides = None,
    runtime: RuntimeOption = Runtime.RAY,
    address: AddressOption = None,
    run_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory of the run. Default: runs/<time>.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in --run-dir, if there is one.")
    ] = False,
    no_defaults: NoDefaultsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train one network on the tasks of CONFIG until all are solved, or the budget is used up."""
    if resume and run_dir is None:
        raise typer.BadParameter("--resume needs --run-dir: the run to continue")
    refuse_local_address(runtime, address)
    path, overrides = split_arguments(arguments)
    run = rehearse(load_config(path, overrides, shipped=not no_defaults))
    directory = run_dir or Path("runs") / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    if not resume:
        refuse_existing(directory)
    console = console_for(notes=as_json)
    announce(console, run, address)
    begin = start_or_resume_run if resume else start_run
    summary = _shown(
        console,
        lambda observe, interrupts: begin(
            run, directory.absolute(), runtime.value, address, [observe], interrupts=interrupts
        ),
    )
    _conclude(console, summary, directory, as_json, _where(runtime, address))


def resume(
    run_dir: RunDir,
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[key=value]...", help="Fields to override.")
    ] = None,
    runtime: RuntimeOption = Runtime.RAY,
    address: AddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue the run in RUN_DIR from its newest valid checkpoint, or from its beginning if it has none."""
    refuse_local_address(runtime, address)
    directory = RunDirectory.open(run_dir)
    checkpoint, passed_over = directory.newest_checkpoint() if directory.has_checkpoints() else (None, [])
    run = rehearse(with_overrides(directory.config, overrides or []))
    console = console_for(notes=as_json)
    for sentence in passed_over:
        console.print(f"passed over: {sentence}", markup=False)
    console.print(_goes_on_from(run, checkpoint), highlight=False, soft_wrap=True)
    announce(console, run, address)
    summary = _shown(
        console,
        lambda observe, interrupts: resume_run(
            run, run_dir.absolute(), checkpoint, runtime.value, address, [observe], interrupts=interrupts
        ),
    )
    _conclude(console, summary, run_dir, as_json, _where(runtime, address))


def _goes_on_from(run: ResolvedRun, checkpoint: Checkpoint | None) -> str:
    if checkpoint is None:
        return "there is no checkpoint yet: the run starts from its beginning"
    state = checkpoint.state
    env_steps, budget = sum(state["env_steps"].values()), run.config.stop_env_steps
    done = f"the run goes on from learner step {state['learner_step']:,}, after {env_steps:,} env steps"
    if env_steps < budget:
        return f"{done} of {budget:,}"
    return (
        f"{done}; its budget of {budget:,} is used up, so its weights are evaluated and nothing more is "
        f"learned: stop_env_steps={2 * env_steps} would continue training"
    )


def _where(runtime: Runtime, address: str | None) -> list[str]:
    """Return the options with which a run goes on where it was."""
    local = ["--runtime", runtime.value] if runtime is Runtime.LOCAL else []
    return [*local, *(["--address", address] if address is not None else [])]


def _shown(console: Console, work: Callable[[Observer, Interrupts], dict[str, Any]]) -> dict[str, Any]:
    screen = display(console)
    try:
        return work(screen, Interrupts(process_ends=True))
    finally:
        screen.close()


def _conclude(
    console: Console, summary: dict[str, Any], directory: Path, as_json: bool, where: list[str]
) -> None:
    if as_json:
        answer_json({**summary, "run_dir": str(directory)})
        return
    best, evaluated = summary["best"], summary["evaluated_learner_step"]
    others = best if best is not None and best["learner_step"] != evaluated else None
    print_results(console, summary["tasks"], others)
    if others is not None:
        console.print(
            f"mean: the last evaluation, with the weights after {evaluated:,} updates; best mean: the best "
            f"evaluation, after {others['learner_step']:,} updates (evaluate --best plays its weights)",
            highlight=False,
            soft_wrap=True,
        )
    end = ENDS.get(summary["stopped_by"], summary["stopped_by"])
    console.print(
        f"{end} after {summary['train_seconds']:.1f} s of training, "
        f"{summary['env_steps']:,} env steps, {summary['learner_steps']:,} updates",
        highlight=False,
    )
    if not summary["replay_saved"]:
        console.print("replay is not saved: a resumed run starts with empty replay", highlight=False)
    console.print("next:", highlight=False)
    for command in _next_commands(directory, summary, where):
        console.print(f"  {command_line(command)}", markup=False, highlight=False, soft_wrap=True)


def _next_commands(directory: Path, summary: dict[str, Any], where: list[str]) -> list[list[str]]:
    """Return two commands that can be typed as they stand, whether or not the environment is activated."""
    run = as_operand(directory)
    evaluate = [program("trunkline"), "evaluate", run]
    if summary["solved"]:
        return [evaluate, [program("tensorboard"), "--logdir", run]]
    more = [f"stop_env_steps={2 * summary['env_steps']}"] if summary["stopped_by"] == "budget" else []
    return [evaluate, [program("trunkline"), "resume", run, *more, *where]]
