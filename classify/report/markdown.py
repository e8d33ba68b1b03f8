"""Blocks to Markdown, with figures as links to their files beside it."""

import re
from collections.abc import Sequence

from classify.report.blocks import Block, Cell, Chapter, Details, Figure, Table, Text


def page(title: str, chapters: Sequence[Chapter]) -> str:
    """Write a page."""
    parts = [f"# {escaped(title)}"]
    for chapter in chapters:
        parts += [f"## {_text(chapter.title)}"] if chapter.title else []
        parts += _blocks(chapter.blocks)
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Keep a name from being read as Markdown, as HTML or as the end of a cell."""
    text = re.sub(r"([\\`*_{}\[\]|])", r"\\\1", " ".join(text.split()))
    return re.sub(r"<(?=[\w/!?])|^[#>]", r"\\\g<0>", text)


def _text(text: str) -> str:
    """Escape a text, but for code between backticks."""
    parts = re.split("(`[^`]+`)", text)
    return "".join(part if part[:1] == "`" == part[-1:] else escaped_part(part) for part in parts)


def escaped_part(text: str) -> str:
    """Escape a part of a line, keeping the blanks at its ends."""
    inner = text.strip()
    return text.replace(inner, escaped(inner)) if inner else text


def _blocks(blocks: Sequence[Block]) -> list[str]:
    return [part for block in blocks for part in _block(block)]


def _block(block: Block) -> list[str]:
    if isinstance(block, Text):
        return _lines(block)
    if isinstance(block, Figure):
        return [f"![{escaped(block.alt)}](figures/{block.name}.svg)", _text(block.caption)]
    if isinstance(block, Details):
        return [f"**{_text(block.summary)}**", *_blocks(block.blocks)]
    return [] if block.paper_only else [_text(block.caption), _table(block)]


def _lines(block: Text) -> list[str]:
    if block.kind == "code":
        return ["\n".join(f"    {line}" for text in block.lines for line in text.splitlines())]
    lines = [_text(line) for line in block.lines]
    if block.kind == "list":
        return ["\n".join(f"- {line}" for line in lines)]
    if block.kind == "heading":
        return [f"### {line}" for line in lines]
    if block.kind == "warning":
        lines = [f"**{line}**" for line in lines]
    if block.kind == "practice":
        lines = [f"> {line}" for line in lines]
    return ["\n".join(lines)] if block.kind in ("warning", "result", "practice") else lines


def _table(table: Table) -> str:
    titles = [f"{c.title}, {c.over}" if c.over else c.title for c in table.columns]
    lines = [_row(titles), "|" + "---|" * len(titles)]
    for cells in table.cells:
        written = [[_cell(cell)] + [""] * (cell.span - 1) for cell in cells]
        lines.append("| " + " | ".join(text for some in written for text in some) + " |")
    return "\n".join(lines)


def _row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(text) for text in texts) + " |"


def _cell(cell: Cell) -> str:
    return escaped(f"{cell.text} ({cell.small})" if cell.small else cell.text)
