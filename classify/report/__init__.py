"""A run's files to its report: report.html, report.md and figures.

Only files are read, never objects in memory, so a report can be made again on another machine,
years later.
"""

import base64
import re
from pathlib import Path
from typing import Any

import jinja2

from classify.files import write_text
from classify.report import figures, words
from classify.report.view import View, read_view

HTML = "report.html"
MARKDOWN = "report.md"


def write_report(folder: Path) -> Path:
    """Write report.html, report.md and figures/ into a run's folder.

    Parameters
    ----------
    folder : Path
        As `classify.comparison.compare` leaves it.

    Returns
    -------
    Path
        The HTML report: one file that needs no network.

    Raises
    ------
    InputError
        If the folder holds no finished run.
    """
    view = read_view(folder)
    pictures = figures.draw(view, folder / "figures")
    context = {"view": view, "run": view.run, "words": words}
    write_text(folder / MARKDOWN, _render("report.md.jinja", context, html=False))
    context["pictures"] = {name: _data_uri(path) for name, path in pictures.items()}
    context["style"] = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    write_text(folder / HTML, _render("report.html.jinja", context, html=True))
    return folder / HTML


def _render(template: str, context: dict[str, Any], *, html: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _markdown_cell
    return environment.get_template(template).render(context)


def _markdown_cell(text: str) -> str:
    """Keep a name from being read as Markdown or as the end of a cell."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _data_uri(path: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


__all__ = ["View", "write_report"]
