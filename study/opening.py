"""How a report begins: what is missing, what was compared with what, and how to run it again."""

from collections.abc import Iterable, Mapping

from study.document import Block, Command, Paragraph, Table
from study.records import StudyRecord
from study.wording import counted, listed


def opening(record: StudyRecord) -> list[Block]:
    """Return what a reader must know before any figure; runs that are missing and arms of one seed first."""
    lacks = [*_missing(record), *_unscored(record), *_single_seeds(record)]
    return [*(Paragraph(text, warns=True) for text in lacks), *_setting(record)]


def _missing(record: StudyRecord) -> Iterable[str]:
    if not record.missing:
        return
    yield (
        f"{len(record.missing)} of {counted(_planned(record), 'run')} did not finish: "
        f"{_by_arm(record.missing)}. This report covers only the finished runs."
    )


def _unscored(record: StudyRecord) -> Iterable[str]:
    if record.unscored:
        yield (
            f"{len(record.unscored)} of {counted(_planned(record), 'run')} had a score that is not a number: "
            f"{_by_arm(record.unscored)}. This report leaves out these runs, so an arm that has them may "
            "seem better than it is."
        )


def _planned(record: StudyRecord) -> int:
    return len(record.missing) + len(record.unscored) + sum(len(arm.seeds) for arm in record.arms)


def _by_arm(runs: Iterable[tuple[str, int]]) -> str:
    """Return runs in words, arm by arm."""
    seeds: dict[str, list[int]] = {}
    for arm, seed in runs:
        seeds.setdefault(arm, []).append(seed)
    return "; ".join(f"{arm}, seed{'s' * (len(own) > 1)} {_seeds(own)}" for arm, own in seeds.items())


def _single_seeds(record: StudyRecord) -> Iterable[str]:
    single = [arm.name for arm in record.arms if len(arm.seeds) == 1]
    if single:
        yield (
            f"Only one seed of {listed(single)} has finished, so an effect cannot be told from chance: "
            "another seed could show the opposite."
        )


def _setting(record: StudyRecord) -> list[Block]:
    rows = [
        [arm.name, _differences(arm.overrides, arm.name == record.reference), _seeds(arm.seeds)]
        for arm in record.arms
    ]
    return [
        Paragraph(
            f"{counted(len(record.arms), 'arm')} on {counted(len(record.tasks), 'task')}: "
            f"{listed(record.tasks)}. Every score is a discounted return of the greedy policy. The final "
            f"score of a run is the mean of its last {counted(record.last, 'evaluation')}. The AUC is the "
            "mean height of its learning curve over the env steps. Runs with the same seed start with the "
            "same random numbers in all arms."
        ),
        Table(["arm", "differs in", "seeds"], rows),
        Paragraph(record.tuning),
        Command(record.command),
    ]


def _differences(overrides: Mapping[str, object], is_reference: bool) -> str:
    fields = ", ".join(f"{name} = {value}" for name, value in overrides.items()) or "nothing"
    return f"{fields} (the reference)" if is_reference else fields


def _seeds(seeds: list[int]) -> str:
    """Return seeds in few words: `0 to 19`, where they follow each other."""
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]} to {seeds[-1]}"
    return listed([str(seed) for seed in seeds])
