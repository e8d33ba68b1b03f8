"""Chapters of blocks to files: a page in HTML and in Markdown, and its figures."""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from classify.errors import InputError
from classify.files import write_text
from classify.presentation.figures import save
from classify.report import html, markdown
from classify.report.blocks import Block, Chapter, Text, figures

#: What cannot be helped by leaving a section out: a full disk, no memory.
FATAL = (OSError, MemoryError)

_log = logging.getLogger("classify")


def chapter(title: str, make: Callable[[], Iterable[Block]]) -> Chapter:
    """Make a chapter; one that fails says so in its place, and costs no other."""
    try:
        return Chapter(title, list(make()))
    except FATAL:
        raise
    except Exception as error:
        return left_out(title, error)


def left_out(title: str, error: Exception) -> Chapter:
    """Say in a chapter's place, and on the screen, why it is not there."""
    if isinstance(error, InputError):
        line = f"This section is left out. {error}"
    else:
        line = f"This section is left out: it failed ({type(error).__name__}: {error})."
    _log.error("%s: %s", title or "the report", line)
    return Chapter(title, [Text(line, kind="warning")])


def write_page(
    file: Path, title: str, chapters: Sequence[Chapter], *, scripts: bool = False
) -> Path:
    """Write a page as one HTML file that needs no network, as Markdown beside it, and figures/.

    With `scripts`, its tables sort and its piano rolls play; it can be read without them.

    Returns
    -------
    Path
        The HTML file.
    """
    pictures: dict[str, Path] = {}
    whole = []
    for one in chapters:
        try:
            drawings = {figure.name: figure.draw for figure in figures(one.blocks)}
            pictures |= save(drawings, file.parent / "figures")
            whole.append(one)
        except FATAL:
            raise
        except Exception as error:
            whole.append(left_out(one.title, error))
    write_text(file.with_suffix(".md"), markdown.page(title, whole))
    write_text(file, html.page(title, whole, pictures, scripts=scripts))
    return file
