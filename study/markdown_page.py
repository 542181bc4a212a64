"""A document as Markdown, its pictures as files in `figures/` beside it."""

import re

from study.document import Block, Command, Document, Heading, Paragraph, Picture, Table

FIGURES = "figures"
_SPECIAL = re.compile(r"([\\`*_<>\[\]|#~])")


def to_markdown(document: Document) -> str:
    """Return the page; its pictures are expected at `figures/<name>.svg`."""
    return "\n\n".join([f"# {_text(document.title)}", *map(_block, document.blocks)]) + "\n"


def picture_path(name: str) -> str:
    """Return where the page looks for a picture, from the page's own place."""
    return f"{FIGURES}/{name}.svg"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_text(block.text)}"
        case Paragraph():
            return f"> **{_text(block.text)}**" if block.warns else _text(block.text)
        case Command():
            return f"```sh\n{block.text}\n```"
        case Table():
            return _table(block)
        case Picture():
            return f"![{_text(block.alt)}]({picture_path(block.name)}){_caption(block.caption)}"


def _table(table: Table) -> str:
    lines = [_row([_text(cell) for cell in table.header]), _row(["---"] * len(table.header))]
    lines += [_row([_text(cell) for cell in row]) for row in table.rows]
    return "\n".join(lines) + _caption(table.caption)


def _caption(text: str) -> str:
    return f"\n\n*{_text(text)}*" if text else ""


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Return the text with everything escaped that Markdown would read as its own."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
