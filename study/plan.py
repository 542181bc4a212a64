"""Which runs a study consists of, and which of them are there.

A study's directory holds `study.yaml`, a run directory `runs/<arm>/seed-<seed>` for each finished run, and a
directory of the same kind for each control under `controls/`. A run directory is complete or it is not there.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.errors import ConfigError
from study.config import StudyConfig, differences, load_study, to_yaml
from study.control_files import control_mistakes
from training.directory.run_directory import RunDirectory

STUDY = "study.yaml"
CONTROLS = "controls"


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study, and the directory that it has once it is finished."""

    arm: str
    seed: int
    directory: Path


@dataclass(frozen=True)
class Plan:
    """A study in a directory."""

    study: StudyConfig
    directory: Path

    def runs(self) -> Iterator[PlannedRun]:
        """Yield all runs, seed by seed, so that a study that stops early has whole seeds."""
        for seed in self.study.all_seeds:
            for arm in self.study.arms:
                yield PlannedRun(arm, seed, self.directory / "runs" / arm / f"seed-{seed}")

    def missing(self) -> list[PlannedRun]:
        """Return the runs that are not finished."""
        return [run for run in self.runs() if not run.directory.exists()]

    def keep(self, run: PlannedRun, files: Mapping[str, bytes]) -> None:
        """Write a finished run's files, all or none.

        Raises:
            OSError: they cannot be written; nothing half-written is left.
        """
        unfinished = run.directory.with_name(f".{run.directory.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            for name, data in files.items():
                path = unfinished / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            os.replace(unfinished, run.directory)
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def check_finished(self) -> None:
        """Refuse finished runs that were made with other settings than the study has now.

        Raises:
            ConfigError: a run differs in more than its arm declares; one sentence a run.
        """
        mistakes = []
        for run in self.runs():
            if not run.directory.exists():
                continue
            there = RunDirectory.open(run.directory).config
            different = differences(there, self.study.arm_config(run.arm, run.seed))
            if different:
                mistakes.append(
                    f"{run.directory}: this run differs from the study in {', '.join(different)}; "
                    "give the study another --dir, or remove the run"
                )
        if mistakes:
            raise ConfigError(*mistakes)


def create_plan(config: Path, directory: Path, seeds: int | None) -> list[Plan]:
    """Lay out the study of a file, its controls first, in a new directory or one that it has already.

    Args:
        config: the study's file.
        directory: where it is kept.
        seeds: runs of each arm of the study itself; None for what the file says.

    Raises:
        ConfigError: the file or a control is wrong, the directory cannot be made, or finished runs do not
            belong to it.
    """
    study = load_study(config)
    if seeds is not None:
        study = study.model_copy(update={"seeds": seeds})
    controls = [(name, load_study(config.parent / name)) for name in study.controls]
    _refuse(control_mistakes(study, controls))
    plans = [Plan(control, directory / CONTROLS / control.name) for _, control in controls]
    plans.append(Plan(study, directory))
    try:
        for plan in plans:
            plan.directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--dir: {str(directory)!r} cannot be made: {error.strerror}") from error
    for plan in plans:
        plan.check_finished()
    for plan in plans:
        (plan.directory / STUDY).write_text(to_yaml(plan.study), encoding="utf-8")
    return plans


def open_plan(directory: Path) -> list[Plan]:
    """Return the study in a directory, its controls first.

    Raises:
        ConfigError: there is none, a control is wrong, or finished runs do not belong to it.
    """
    if not os.path.isfile(directory / STUDY):
        raise ConfigError(f"DIR: {str(directory)!r} is not the directory of a study: it has no {STUDY}")
    controls = sorted(path.parent for path in directory.glob(f"{CONTROLS}/*/{STUDY}"))
    plans = [Plan(load_study(path / STUDY), path) for path in (*controls, directory)]
    # A copy that somebody keeps beside a control has the control's name inside, and another one outside.
    plans = [plan for plan in plans if plan.directory == directory or plan.directory.name == plan.study.name]
    _refuse(control_mistakes(plans[-1].study, ((str(plan.directory), plan.study) for plan in plans[:-1])))
    for plan in plans:
        plan.check_finished()
    return plans


def _refuse(mistakes: Iterable[str]) -> None:
    sentences = list(mistakes)
    if sentences:
        raise ConfigError(*sentences)
