"""Logs of JSON lines: no line is torn, none is beyond what a resumed run goes on from."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.directory.json_lines import BLOCK_BYTES, JsonLines, cut_lines
from training.json_text import json_text


def text_of(*steps: int, padding: int = 0) -> bytes:
    return b"".join(f"{json_text({'step': step, 'padding': '.' * padding})}\n".encode() for step in steps)


def up_to(step: int):
    def belongs(line: dict[str, Any]) -> bool:
        return bool(line["step"] <= step)

    return belongs


def cut(tmp_path: Path, content: bytes, step: int) -> tuple[bytes, bytes | None]:
    """Cut a log of some content after a step; return what is left, and what was put aside."""
    log, aside = tmp_path / "log", tmp_path / "log.cut-1"
    log.write_bytes(content)
    aside.unlink(missing_ok=True)
    cut_lines(log, up_to(step), aside)
    return log.read_bytes(), aside.read_bytes() if aside.exists() else None


@pytest.mark.parametrize("torn", [b"", b'{"step": 4', b"{", b"4", b"\0\0\0", b'{"step": 4}{"step": 5}\n'])
@pytest.mark.parametrize("step", [0, 1, 2, 3, 9])
def test_a_log_ends_with_the_last_line_that_belongs_to_it(tmp_path: Path, torn: bytes, step: int):
    """What comes after it, a torn line included, is kept aside; nothing is put aside where nothing is cut."""
    lines = text_of(1, 2, 3)
    kept = text_of(*range(1, min(step, 3) + 1))
    left, aside = cut(tmp_path, lines + torn, step)
    assert left == kept
    assert aside == ((lines + torn)[len(kept) :] or None)


@pytest.mark.parametrize("padding", [0, 700, BLOCK_BYTES // 3, BLOCK_BYTES - 40, 3 * BLOCK_BYTES])
def test_lines_of_any_length_are_found(tmp_path: Path, padding: int):
    """The log is read from its end, block by block."""
    count = max(4, 3 * BLOCK_BYTES // (padding + 30))
    for step in (0, 1, count // 2, count - 1, count):
        left, aside = cut(tmp_path, text_of(*range(1, count + 1), padding=padding), step)
        assert left == text_of(*range(1, step + 1), padding=padding)
        assert aside == (text_of(*range(step + 1, count + 1), padding=padding) or None)


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 7])
@pytest.mark.parametrize("seed", range(20))
def test_lines_and_blocks_may_end_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int, seed: int
):
    """The log is cut where reading it forwards says."""
    monkeypatch.setattr("training.directory.json_lines.BLOCK_BYTES", block_bytes)
    rng = np.random.default_rng(seed)
    lines = [
        [text_of(int(rng.integers(9))), b"\n", b"\n\n", b"torn\n", b"\r\n"][rng.integers(5)]
        for _ in range(12)
    ]
    content = b"".join(lines)[: -1 if seed % 2 else None] + b"torn" * int(rng.integers(2))
    belongs = [
        end
        for end in range(1, len(content) + 1)
        if content[end - 1 : end] == b"\n" or end == len(content)
        if is_up_to(4, content[content.rfind(b"\n", 0, end - 1) + 1 : end])
    ]
    kept = content[: max(belongs, default=0)]
    left, aside = cut(tmp_path, content, 4)
    assert left == kept + (b"" if kept.endswith(b"\n") or not kept else b"\n")
    assert aside == (content[len(kept) :] or None)


def is_up_to(step: int, line: bytes) -> bool:
    try:
        return up_to(step)(json.loads(line))
    except ValueError:
        return False


def test_a_line_that_lacks_its_end_is_given_one(tmp_path: Path):
    """An editor may have taken it; the next line is not appended to it."""
    content = text_of(1, 2)
    assert cut(tmp_path, content[:-1], 9) == (content, None)
    JsonLines(tmp_path / "log").append({"step": 3})
    assert [json.loads(line)["step"] for line in (tmp_path / "log").read_text().splitlines()] == [1, 2, 3]


def test_lines_that_nobody_knows_do_not_matter_before_one_that_belongs(tmp_path: Path):
    """Somebody wrote something into the log: that is no reason to throw away what comes after it."""
    deep = b"[" * 200_000 + b"\n"
    content = text_of(1) + b"\xff?\n[]\nnull\n{}\n" + deep + text_of(2)
    assert cut(tmp_path, content + deep + text_of(3), 2) == (content, deep + text_of(3))


def test_links_stay_links_and_what_is_no_file_is_left_alone(tmp_path: Path):
    """A log on another disk; a device; nothing at all."""
    (tmp_path / "elsewhere").write_bytes(text_of(1, 2))
    (tmp_path / "log").symlink_to("elsewhere")
    cut_lines(tmp_path / "log", up_to(1), tmp_path / "aside")
    assert (tmp_path / "log").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == text_of(1)
    (tmp_path / "device").symlink_to("/dev/zero")
    cut_lines(tmp_path / "device", up_to(1), tmp_path / "nothing")
    cut_lines(tmp_path / "nowhere", up_to(1), tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_disk_without_room_for_what_is_cut_off_is_no_hindrance(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """The curve is what counts; a warning says what is gone."""
    (tmp_path / "aside").symlink_to("/dev/full")
    (tmp_path / "log").write_bytes(text_of(1, 2))
    cut_lines(tmp_path / "log", up_to(1), tmp_path / "aside")
    assert (tmp_path / "log").read_bytes() == text_of(1)
    assert f"{tmp_path / 'aside'} cannot be written: No space left on device" in caplog.text


def test_json_has_no_word_for_what_is_not_a_number():
    """Null stands in its place, however deep; what reads it strictly can read it."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    value = {"a": math.nan, "b": [math.inf, 1.5, (-math.inf, "x")], "c": {"d": {"e": math.nan}}, math.inf: 1}
    found = json.loads(json_text(value), parse_constant=refuse)
    assert found == {"a": None, "b": [None, 1.5, [None, "x"]], "c": {"d": {"e": None}}, "inf": 1}
    assert json_text({"a": [1]}, indent=2) == '{\n  "a": [\n    1\n  ]\n}'
