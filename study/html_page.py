"""A document as one web page that needs nothing beside it: style and pictures are inside."""

import base64
from collections.abc import Sequence
from html import escape

from study.document import Block, Command, Document, Heading, Paragraph, Picture, Table

LONG_CELL = 40
"""Characters from which a cell may be broken into lines."""
STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 1rem; max-width: 74rem; background: #fff; color: #1c1c1c;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid #ddd; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { max-width: 46rem; margin: .6rem 0; }
p.warning { padding: .6rem .9rem; border-left: .3rem solid #b3401a; background: #fdf1ec; }
pre { padding: .6rem .9rem; background: #f4f4f4; overflow-x: auto; font-size: .9rem; }
figure { margin: 1rem 0; }
figcaption { max-width: 46rem; color: #555; font-size: .875rem; line-height: 1.45; margin-top: .4rem; }
.wide { overflow-x: auto; }
img { display: block; height: auto; }
table { border-collapse: collapse; font-size: .8125rem; line-height: 1.35;
  font-variant-numeric: tabular-nums; }
th, td { white-space: nowrap; padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e4e4e4; }
td.long { white-space: normal; min-width: 20rem; }
th { white-space: normal; font-weight: 600; border-bottom: 2px solid #999; vertical-align: bottom; }
tr.good td:last-child { color: #00694d; font-weight: 600; }
tr.bad td:last-child { color: #b3401a; font-weight: 600; }
"""


def to_html(document: Document) -> str:
    """Return the page."""
    title = escape(document.title)
    body = "\n".join(map(_block, document.blocks))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
        case Paragraph():
            kind = ' class="warning"' if block.warns else ""
            return f"<p{kind}>{escape(block.text)}</p>"
        case Command():
            return f"<pre>{escape(block.text)}</pre>"
        case Table():
            return _figure(_table(block), block.caption)
        case Picture():
            return _figure(_image(block), block.caption)


def _figure(inside: str, caption: str) -> str:
    below = f"\n<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure>\n<div class="wide">{inside}</div>{below}\n</figure>'


def _image(picture: Picture) -> str:
    data = base64.b64encode(picture.svg.encode()).decode()
    return (
        f'<img width="{picture.width_px}" alt="{escape(picture.alt)}" src="data:image/svg+xml;base64,{data}">'
    )


def _table(table: Table) -> str:
    header = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    marks = table.marks or [""] * len(table.rows)
    rows = "\n".join(_row(row, mark) for row, mark in zip(table.rows, marks, strict=True))
    return f"<table>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _row(cells: Sequence[str], mark: str) -> str:
    kind = f' class="{mark}"' if mark else ""
    return f"<tr{kind}>" + "".join(_cell(cell) for cell in cells) + "</tr>"


def _cell(text: str) -> str:
    kind = ' class="long"' if len(text) > LONG_CELL else ""
    return f"<td{kind}>{escape(text)}</td>"
