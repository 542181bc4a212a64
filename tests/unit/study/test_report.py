"""What a report contains, for studies that went well and for those that did not."""

import dataclasses
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from study.controls import ControlVerdict
from study.report import write_report
from study.report_pictures import transfer_of
from study.report_tables import task_table
from tests.support.study_samples import sample_arm, sample_study

GAINS = {"separate": {}, "shared": {"cartpole": 0.2, "acrobot": -0.25}}
TASKS = ["cartpole", "acrobot", "pendulum"]
TWINS = ControlVerdict("contradictory twins", True, {"cosine": -0.4}, "They were seen to conflict.")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A study of 20 seeds, its report and its directory; tests only read them."""
    directory = tmp_path_factory.mktemp("study")
    record = sample_study(GAINS, seeds=20, tasks=TASKS)
    return write_report(record, directory, [TWINS]), directory


def words_of(directory):
    """Return the report as Markdown without its escapes."""
    return (directory / "report.md").read_text(encoding="utf-8").replace("\\", "")


def paragraph_of(directory):
    """Return what stands under `What was found`."""
    return words_of(directory).split("## What was found")[1].split("\n\n")[1]


class Page(HTMLParser):
    """Collects tags with their attributes, and checks that every one is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_needs_nothing_beside_it(written):
    """No address of another file or host: pictures are inside, and there are as many as in the Markdown."""
    _, directory = written
    text = (directory / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    sources = [attrs["src"] for tag, attrs in page.tags if tag == "img"]
    assert len(sources) == 4
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not [tag for tag, attrs in page.tags if tag in {"link", "script"} or "href" in attrs]
    assert "url(" not in text
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags


def test_every_picture_of_the_markdown_is_there(written):
    """And is SVG that parses, and none lies about unused."""
    _, directory = written
    named = re.findall(r"!\[[^]]+\]\(([^)]+)\)", words_of(directory))
    assert sorted(named) == sorted(
        path.relative_to(directory).as_posix() for path in (directory / "figures").iterdir()
    )
    for name in named:
        assert ElementTree.parse(directory / name).getroot().tag.endswith("svg")


def test_paragraph_names_what_was_helped_and_hurt(written):
    """Tasks with a true effect have sizes and intervals, the other one the limit of what was seen."""
    findings, directory = written
    text = paragraph_of(directory)
    shared = findings.comparisons["shared"]
    assert "Compared with separate over 20 seeds, shared helped 1 of 3 tasks: cartpole (final score +" in text
    assert "It hurt 1 of 3 tasks: acrobot (final score \N{MINUS SIGN}" in text
    assert "It showed no difference on 1 of 3 tasks: pendulum. Differences smaller than 0.0" in text
    assert f"AUC +{shared.of_task('cartpole').auc.difference.value:.1f} [" in text
    assert "passed 2 controls: “same arm twice” and “contradictory twins”" in text


def test_every_task_has_its_table(written):
    """Two rows an arm below a heading of its own, ending in the verdict of each metric."""
    findings, directory = written
    for task in findings.record.tasks:
        rows = words_of(directory).split(f"### {task}\n\n")[1].split("\n\n")[0].splitlines()[2:]
        assert [row.split(" | ")[0].strip("| ") for row in rows] == ["separate", "", "shared", ""]
        compared = findings.comparisons["shared"].of_task(task)
        assert [row.rstrip(" |").split(" | ")[-1] for row in rows[2:]] == [
            compared.final.verdict,
            compared.auc.verdict,
        ]


def test_each_metric_has_its_own_verdict(written):
    """Where the tests say something of one metric only, its row alone says so."""
    findings, _ = written
    compared = findings.comparisons["shared"]
    tasks = [
        dataclasses.replace(task, auc=dataclasses.replace(task.auc, verdict="hurt"))
        for task in compared.tasks
    ]
    changed = {"shared": dataclasses.replace(compared, tasks=tuple(tasks))}
    table = task_table(dataclasses.replace(findings, comparisons=changed), "pendulum")
    assert [row[-1] for row in table.rows] == ["reference", "", "no difference seen", "hurt"]
    assert table.marks == ["", "", "", "bad"]


def test_a_failed_control_forbids_conclusions(tmp_path):
    """The paragraph names it and no effect, as a warning."""
    failed = dataclasses.replace(TWINS, passed=False)
    write_report(sample_study(GAINS, seeds=20, tasks=TASKS), tmp_path, [failed])
    text = paragraph_of(tmp_path)
    assert text.startswith(
        "> **This study failed its own controls: “contradictory twins”. So it allows no conclusion"
    )
    assert "helped" not in text
    assert "| contradictory twins | FAILED |" in words_of(tmp_path)


def test_what_is_missing_stands_before_anything_else(tmp_path):
    """Missing runs and an arm of one seed are said first, and the rest is drawn all the same."""
    record = sample_study(GAINS, seeds=4, tasks=TASKS)
    alone = sample_arm("alone", [2], {}, TASKS)
    missing = [("alone", 0), ("alone", 1), ("alone", 3)]
    write_report(dataclasses.replace(record, arms=[*record.arms, alone], missing=missing), tmp_path)
    first, second, third = words_of(tmp_path).split("\n\n")[1:4]
    assert first.startswith("> **3 of 12 runs did not finish: alone, seeds 0, 1 and 3.")
    assert second.startswith(
        "> **Only one seed of alone has finished, so an effect cannot be told from chance"
    )
    assert not third.startswith(">")
    assert words_of(tmp_path).count("| alone | final | ") == len(TASKS)
    assert words_of(tmp_path).count("too few seeds |") == len(TASKS)


def test_the_reference_alone_is_drawn(tmp_path):
    """Without any other arm there are curves and costs, and no comparison."""
    write_report(sample_study({"separate": {}}, seeds=20, tasks=TASKS), tmp_path)
    assert "No arm was compared with separate." in paragraph_of(tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["learning_curves.svg"]


def test_names_are_text_and_never_markup(tmp_path):
    """Names of a study with signs of HTML and Markdown are shown as they are."""
    record = dataclasses.replace(sample_study(GAINS, seeds=2, tasks=["cartpole"]), name="<b>a|b*c</b>")
    write_report(record, tmp_path)
    assert "<h1>&lt;b&gt;a|b*c&lt;/b&gt;" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "# \\<b\\>a\\|b\\*c\\</b\\>" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_record_says_the_same_twice(tmp_path, written):
    """Another writing of one record gives the same bytes."""
    findings, directory = written
    write_report(findings.record, tmp_path, [TWINS])
    for name in ("report.html", "report.md", "results.json"):
        assert (tmp_path / name).read_bytes() == (directory / name).read_bytes()


def test_transfer_is_a_share_of_what_a_task_spans(written):
    """The matrix holds the differences over the range from the worst to the best evaluation of all runs."""
    findings, _ = written
    row_T = transfer_of(findings)["final score"].values[0]
    for task, value in zip(findings.record.tasks, row_T, strict=True):
        evaluations = np.concatenate([arm.returns[task].ravel() for arm in findings.record.arms])
        difference = findings.comparisons["shared"].of_task(task).final.difference.value
        assert value == pytest.approx(difference / (evaluations.max() - evaluations.min()))
    assert [text.endswith("★") for text in transfer_of(findings)["final score"].texts[0]] == [
        True,
        True,
        False,
    ]
