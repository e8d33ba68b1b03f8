"""What a section is made of: text, tables, figures, and details that a reader may open.

A section is a module in `report/sections/` with a `TITLE` (empty for none), an `ORDER` (its place
in the report) and `blocks(view)`, which yields blocks, or none where there is nothing to say.
Renderers turn the same blocks into HTML, Markdown and LaTeX; no text here is escaped yet. Text
between backticks is code.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib import figure as drawn

#: What a figure is drawn on.
Canvas = drawn.Figure

TextKind = Literal["plain", "note", "result", "practice", "warning", "list", "heading", "code"]

#: Notes that a page plays: onset and duration in seconds, MIDI pitch and velocity of each.
Notes = Sequence[tuple[float, float, int, int]]


class Text:
    """Lines of text: paragraphs, small print, the result, what it means, warnings, items, code."""

    def __init__(self, *lines: str, kind: TextKind = "plain") -> None:
        self.lines, self.kind = lines, kind


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    text : str
        What it says.
    small : str
        A second, smaller line, such as an interval.
    span : int
        How many columns it takes.
    shade : float
        Background, from -1 for a full loss to 1 for a full gain.
    """

    text: str
    small: str = ""
    span: int = 1
    shade: float = 0.0


@dataclass(frozen=True)
class Column:
    """A column: its title, a title over it and its neighbours, and whether it holds prose."""

    title: str
    over: str = ""
    prose: bool = False


def columns(*titles: str, over: str = "", prose: bool = False) -> list[Column]:
    """Give columns of one kind."""
    return [Column(title, over, prose) for title in titles]


@dataclass(frozen=True)
class TableRow:
    """A row, and what it is of: best, network, baseline, reference or failed."""

    cells: Sequence[Cell | str]
    kind: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure: its file's name, what draws it, and what it shows in words.

    Neighbours that are `small` stand side by side where there is room.
    """

    name: str
    draw: Callable[[], Canvas]
    alt: str
    caption: str = ""
    small: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    columns : sequence of Column
        The first is to the left and stays in sight.
    rows : sequence of TableRow
        From the top.
    caption : str
        What it shows.
    label : str
        Its name in tables.tex; a table without one is not for papers.
    paper_only : bool
        Whether it is in tables.tex only.
    dense : bool
        Whether many narrow columns have to fit.
    cards : sequence of (Figure or None), optional
        A figure for each row: where there is room, rows are shown as cards.
    sounds : sequence of (Notes or None), optional
        Notes for each card, which a page can play.
    """

    columns: Sequence[Column]
    rows: Sequence[TableRow]
    caption: str = ""
    label: str = ""
    paper_only: bool = False
    dense: bool = False
    cards: Sequence[Figure | None] = ()
    sounds: Sequence[Notes | None] = ()

    @property
    def cells(self) -> list[list[Cell]]:
        """All rows' cells, plain texts made cells."""
        return [[c if isinstance(c, Cell) else Cell(c) for c in row.cells] for row in self.rows]


@dataclass(frozen=True)
class Details:
    """Blocks below a summary that opens and closes them."""

    summary: str
    blocks: Sequence["Block"] = field(default_factory=list)
    open: bool = False


Block = Text | Table | Figure | Details


@dataclass(frozen=True)
class Chapter:
    """A section with its blocks, as a page shows it."""

    title: str
    blocks: Sequence[Block]


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give all blocks in reading order, those within details too."""
    for block in blocks:
        yield block
        if isinstance(block, Details):
            yield from walk(block.blocks)


def tables(blocks: Iterable[Block]) -> Iterator[Table]:
    """Give all tables in reading order."""
    return (block for block in walk(blocks) if isinstance(block, Table))


def figures(blocks: Iterable[Block]) -> Iterator[Figure]:
    """Give all figures in reading order."""
    for block in walk(blocks):
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Table):
            yield from (card for card in block.cards if card)
