"""A report as a list of blocks, written once and read as a web page or as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A section's title; level 2 stands below the document's own, level 3 below that."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Sentences; those that `warns` must not be overlooked."""

    text: str
    warns: bool = False


@dataclass(frozen=True)
class Command:
    """Lines to be typed as they stand."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells as text, each as long as the header, and a caption, which may be empty.

    Attributes:
        marks: by row, the mood of the whole row: "good", "bad" or "" for neither; may be left empty.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    marks: Sequence[str] = ()


@dataclass(frozen=True)
class Picture:
    """A figure as SVG text; a notebook shows it as such.

    Attributes:
        name: of its file, without the suffix.
        alt: what it shows, for who cannot see it.
        width_px: at which its letters have their intended size.
    """

    name: str
    svg: str
    alt: str
    caption: str
    width_px: int

    def _repr_svg_(self) -> str:
        return self.svg


Block = Heading | Paragraph | Command | Table | Picture


@dataclass(frozen=True)
class Document:
    """A title and what stands below it."""

    title: str
    blocks: Sequence[Block]

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in their order."""
        return [block for block in self.blocks if isinstance(block, Picture)]
