"""Chapters of blocks to files: a page in HTML and in Markdown, and its figures."""

from collections.abc import Sequence
from pathlib import Path

from classify.files import write_text
from classify.presentation.figures import save
from classify.report import html, markdown
from classify.report.blocks import Chapter, figures


def write_page(file: Path, title: str, chapters: Sequence[Chapter]) -> Path:
    """Write a page as one HTML file that needs no network, as Markdown beside it, and figures/.

    Returns
    -------
    Path
        The HTML file.
    """
    drawings = {figure.name: figure.draw for c in chapters for figure in figures(c.blocks)}
    pictures = save(drawings, file.parent / "figures")
    write_text(file.with_suffix(".md"), markdown.page(title, chapters))
    write_text(file, html.page(title, chapters, pictures))
    return file
