"""Blocks to one HTML file that needs no network, and no script to be read; all text is escaped.

A page may hold two scripts of our own, which its policy names by their hashes: one sorts tables by
a column, one plays the notes of piano rolls.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from classify.presentation import player
from classify.report.blocks import Block, Cell, Chapter, Details, Figure, Table, Text, tables

STYLE, SCRIPT = (Path(__file__).with_name(name) for name in ("style.css", "page.js"))

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'{scripts}">
"""

#: From so many chapters on, a page begins with a list of them.
LISTED = 4

#: What stands around a line of text, by its kind.
AROUND = {
    "plain": ("<p>", "</p>"),
    "practice": ("<p>", "</p>"),
    "note": ('<p class="soft">', "</p>"),
    "result": ("<p>", "</p>"),
    "warning": ('<p class="warning" role="alert">', "</p>"),
    "list": ("<li>", "</li>"),
    "heading": ("<h3>", "</h3>"),
    "code": ("<pre>", "</pre>"),
}

#: Colours of a full loss and a full gain, faint enough for text to be legible on them.
LOSS, GAIN, DEEPEST = "213, 94, 0", "0, 114, 178", 0.6


def page(
    title: str, chapters: Sequence[Chapter], pictures: Mapping[str, Path], *, scripts: bool = False
) -> str:
    """Write a page.

    Parameters
    ----------
    title : str
        Of the page.
    chapters : sequence of Chapter
        In reading order.
    pictures : mapping of str to Path
        The SVG file of each figure, by its name.
    scripts : bool
        Whether tables sort and piano rolls play.
    """
    style = STYLE.read_text(encoding="utf-8")
    run = _scripts(chapters) if scripts else []
    hashes = " ".join(f"'sha256-{_digest(one)}'" for one in run)
    head = HEAD.replace("{scripts}", f"; script-src {hashes}" if run else "")
    parts = [f"{head}<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>"]
    parts.append(f"<main>\n<h1>{_text(title)}</h1>")
    parts += _contents(chapters)
    for chapter in chapters:
        parts += ["<section>", *_heading(chapter), _blocks(chapter.blocks, pictures), "</section>"]
    parts += ["</main>", *(f'<script type="module">{one}</script>' for one in run)]
    return "\n".join([*parts, "</body>", "</html>", ""])


def _scripts(chapters: Sequence[Chapter]) -> list[str]:
    """Give the scripts that a page needs: the player only where there is something to hear."""
    heard = any(any(table.sounds) for one in chapters for table in tables(one.blocks))
    return [SCRIPT.read_text(encoding="utf-8"), *([player.script()] if heard else [])]


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _place(chapter: Chapter) -> str:
    """Name the place of a chapter on the page."""
    return re.sub(r"[^a-z0-9]+", "-", chapter.title.lower()).strip("-")


def _contents(chapters: Sequence[Chapter]) -> list[str]:
    named = [chapter for chapter in chapters if chapter.title]
    if len(named) < LISTED:
        return []
    links = [f'<li><a href="#{_place(one)}">{_text(one.title)}</a></li>' for one in named]
    return ['<nav aria-label="Contents"><ul>', *links, "</ul></nav>"]


def _heading(chapter: Chapter) -> list[str]:
    if not chapter.title:
        return []
    place = _place(chapter)
    return [f'<h2 id="{place}"><a href="#{place}">{_text(chapter.title)}</a></h2>']


def _blocks(blocks: Sequence[Block], pictures: Mapping[str, Path]) -> str:
    """Write blocks; small figures beside each other stand in a grid."""
    parts = []
    for small, some in groupby(blocks, lambda b: isinstance(b, Figure) and b.small):
        written = "\n".join(_block(block, pictures) for block in some)
        parts.append(f'<div class="grid">\n{written}\n</div>' if small else written)
    return "\n".join(parts)


def _block(block: Block, pictures: Mapping[str, Path]) -> str:
    if isinstance(block, Text):
        return _lines(block)
    if isinstance(block, Figure):
        caption = f"\n<figcaption>{_text(block.caption)}</figcaption>" if block.caption else ""
        return f"<figure>{_image(block, pictures)}{caption}</figure>"
    if isinstance(block, Details):
        summary = f"<summary>{_text(block.summary)}</summary>"
        inside = _blocks(block.blocks, pictures)
        return f"<details{' open' if block.open else ''}>\n{summary}\n{inside}\n</details>"
    if block.paper_only:
        return ""
    return _cards(block, pictures) if block.cards else _table(block)


def _text(text: str) -> str:
    """Escape a text, mark code, and keep numbers together with their units on a line."""
    text = re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
    text = re.sub(r"(?<=\d) (?=%)|(?<=\bp) (?=[.=]|&lt;)|(?<=\bp =) ", "\u00a0", text)
    return re.sub(r"(?<=&lt;|&gt;) (?=[\d.])", "\u00a0", text)


def _lines(block: Text) -> str:
    before, after = AROUND[block.kind]
    write = escape if block.kind == "code" else _text
    lines = "\n".join(f"{before}{write(line)}{after}" for line in block.lines)
    if block.kind in ("result", "practice"):
        return f'<div class="{block.kind}">\n{lines}\n</div>'
    return f"<ul>\n{lines}\n</ul>" if block.kind == "list" else lines


def _image(figure: Figure, pictures: Mapping[str, Path]) -> str:
    data = base64.b64encode(pictures[figure.name].read_bytes()).decode("ascii")
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(figure.alt)}">'


def _table(table: Table) -> str:
    caption = f'<p class="soft caption">{_text(table.caption)}</p>\n' if table.caption else ""
    rows = "\n".join(
        f"<tr{_class(row.kind)}>{_cells(table, cells)}</tr>"
        for row, cells in zip(table.rows, table.cells, strict=True)
    )
    begin = f'<div class="wide"><table{_class("dense" if table.dense else "")}>'
    return f"{caption}{begin}\n{_head(table)}\n<tbody>\n{rows}\n</tbody></table></div>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _head(table: Table) -> str:
    """Write the titles of columns, below titles that several share."""
    titles = "".join(
        f'<th scope="col"{_class("prose" if column.prose else "")}>{_text(column.title)}</th>'
        for column in table.columns
    )
    over = ""
    for title, some in groupby(table.columns, lambda column: column.over):
        span = len(list(some))
        shared = f'<th scope="colgroup" colspan="{span}" class="over">{_text(title)}</th>'
        over += shared if title else '<td class="over"></td>' * span
    above = f"<tr>{over}</tr>\n" if any(column.over for column in table.columns) else ""
    return f"<thead>\n{above}<tr>{titles}</tr>\n</thead>"


def _cells(table: Table, cells: Sequence[Cell]) -> str:
    place, written = 0, []
    for cell in cells:
        written.append(_cell(cell, table.columns[place].prose or cell.span > 2))
        place += cell.span
    return "".join(written)


def _cell(cell: Cell, prose: bool) -> str:
    attributes = ' class="prose"' if prose else ""
    attributes += f' colspan="{cell.span}"' if cell.span > 1 else ""
    if cell.shade:
        colour, depth = LOSS if cell.shade < 0 else GAIN, DEEPEST * abs(cell.shade)
        attributes += f' style="background: rgba({colour}, {depth:.2f})"'
    small = f"<small>{_text(cell.small)}</small>" if cell.small else ""
    return f"<td{attributes}>{_text(cell.text)}{small}</td>"


def _cards(table: Table, pictures: Mapping[str, Path]) -> str:
    """Write each row as a card: its figure, its first cell, and the others with their titles."""
    items = []
    sounds = table.sounds or [None] * len(table.cards)
    for figure, notes, (first, *rest) in zip(table.cards, sounds, table.cells, strict=True):
        image = f"{_image(figure, pictures)}\n" if figure else ""
        if notes:
            image += f"{player.button(notes, escape(f'Play {first.text}'))}\n"
        named = zip(table.columns[1:], rest, strict=True)
        more = "; ".join(f"{_text(c.title)} {_text(cell.text)}" for c, cell in named)
        items.append(
            f"<li>\n{image}<strong>{_text(first.text)}</strong>\n<span>{more}</span>\n</li>"
        )
    return '<ol class="cards">\n' + "\n".join(items) + "\n</ol>"
