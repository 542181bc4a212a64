"""The report of a study as a web page, as Markdown and as data."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from study.controls import ControlVerdict
from study.document import Block, Document, Heading, Paragraph
from study.findings import Findings, find
from study.html_page import to_html
from study.markdown_page import picture_path, to_markdown
from study.opening import opening
from study.plain_words import in_plain_words
from study.record_file import RECORD_FILE, save_record
from study.records import StudyRecord
from study.report_pictures import picture_of_curves, picture_of_transfer, pictures_of_probes
from study.report_tables import (
    aggregate_table,
    control_table,
    cost_table,
    probe_table,
    similarity_table,
    task_table,
)
from study.results_json import to_json
from study.wording import counted, listed

_HOW_TO_READ = (
    "IQM: interquartile mean over all finished seeds. Minus reference: difference between arm and "
    "reference for each seed that both have finished, mean over these seeds. Smallest visible: the true "
    "difference that the test would find four times in five. Holm p: p-value of a paired sign-flip test, "
    "corrected over both metrics of all tasks of an arm. P(improvement): probability that a run of the arm "
    "scores higher than a run of the reference. Steps to threshold: median env steps, and the number of "
    "runs that reached the threshold. Seed std ratio: standard deviation of the final score over seeds, "
    "arm divided by reference. It has no meaning if the scores of the reference are nearly equal, and no "
    "interval if those of a resample are. Brackets are 95 % bootstrap intervals, not corrected."
)


def write_report(record: StudyRecord, directory: Path, controls: Sequence[ControlVerdict] = ()) -> Findings:
    """Write `report.html`, `report.md` with `figures/`, `results.json`, `record.npz`; return what they say.

    Args:
        record: what was measured; runs may be missing.
        directory: made if it is not there.
        controls: verdicts from other runs, beside the reference's against itself, which is worked out here.

    Raises:
        OSError: a file cannot be written.
    """
    findings = find(record, controls)
    document = to_document(findings)
    (directory / picture_path("")).parent.mkdir(parents=True, exist_ok=True)
    for picture in document.pictures:
        (directory / picture_path(picture.name)).write_text(picture.svg, encoding="utf-8")
    (directory / "report.md").write_text(to_markdown(document), encoding="utf-8")
    (directory / "report.html").write_text(to_html(document), encoding="utf-8")
    results = json.dumps(to_json(findings), indent=1, allow_nan=False, ensure_ascii=False)
    (directory / "results.json").write_text(results + "\n", encoding="utf-8")
    save_record(record, directory / RECORD_FILE)
    return findings


def to_document(findings: Findings) -> Document:
    """Return the report as blocks."""
    record = findings.record
    title = (
        f"{record.name}: {listed([arm.name for arm in record.arms])} on {counted(len(record.tasks), 'task')}"
    )
    return Document(title, list(_blocks(findings)))


def _blocks(findings: Findings) -> Iterator[Block]:
    yield from opening(findings.record)
    yield Heading("What was found")
    yield Paragraph(in_plain_words(findings), warns=bool(findings.failed))
    yield Heading("Controls")
    yield control_table(findings)
    yield Heading("Learning curves")
    yield picture_of_curves(findings)
    yield from _differences(findings)
    yield from _probes(findings)
    yield Heading("Cost of each arm")
    yield cost_table(findings.record.arms)


def _differences(findings: Findings) -> Iterator[Block]:
    if findings.comparisons:
        yield Heading("What each arm did to each task")
        yield picture_of_transfer(findings)
    yield Heading("Task by task")
    yield Paragraph(_HOW_TO_READ)
    for task in findings.record.tasks:
        yield Heading(task, level=3)
        yield task_table(findings, task)
    if findings.comparisons:
        yield Heading("Over all tasks", level=3)
        yield aggregate_table(list(findings.comparisons.values()))


def _probes(findings: Findings) -> Iterator[Block]:
    probed = [arm for arm in findings.record.arms if arm.probes]
    if probed:
        yield Heading("Inside the network")
        yield from pictures_of_probes(findings)
        yield probe_table(probed)
    if findings.record.arms[0].similarity:
        yield similarity_table(findings.record)
