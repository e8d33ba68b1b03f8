"""A run's files to its report: report.html, report.md and figures.

Only files are read, never objects in memory, so a report can be made again on another machine,
years later.

A report is a list of sections. What each says stands in `sections/<name>.html.jinja` and
`sections/<name>.md.jinja`; `report.html.jinja` and `report.md.jinja` include them in reading order.
A section that needs more than the view is a module in `SECTIONS`.
"""

import base64
import re
from pathlib import Path
from typing import Any, Protocol

import jinja2

from classify.files import write_text
from classify.report import (
    calibration,
    changes,
    curve,
    differences,
    exports,
    figures,
    leak,
    robustness,
    songs,
    words,
)
from classify.report.figures import Drawings
from classify.report.view import View, read_view

HTML = "report.html"
MARKDOWN = "report.md"


class Section(Protocol):
    """A module that works out what one section shows."""

    def read(self, view: View) -> Any:
        """Give what the section's templates show, under the section's name; None for nothing."""

    def drawings(self, view: View, content: Any) -> Drawings:
        """Give the section's pictures by name; none where the content is None."""


#: Sections that work something out. Templates know their content by this name, and the module's
#: own functions by this name and `_words`.
SECTIONS: dict[str, Section] = {
    "differences": differences,
    "calibration": calibration,
    "leak": leak,
    "songs": songs,
    "robustness": robustness,
    "curve": curve,
}


def write_report(folder: Path) -> Path:
    """Write report.html, report.md, figures/ and the exports into a run's folder.

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
    contents = {name: section.read(view) for name, section in SECTIONS.items()}
    drawings = figures.drawings(view)
    for name, section in SECTIONS.items():
        drawings |= section.drawings(view, contents[name])
    pictures = figures.save(drawings, folder / "figures")
    context = {"view": view, "run": view.run, "words": words, "changes": changes} | contents
    context |= {f"{name}_words": section for name, section in SECTIONS.items()}
    write_text(folder / MARKDOWN, _render("report.md.jinja", context, html=False))
    context["pictures"] = {name: _data_uri(path) for name, path in pictures.items()}
    context["style"] = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    write_text(folder / HTML, _render("report.html.jinja", context, html=True))
    exports.write(view)
    return folder / HTML


def _render(template: str, context: dict[str, Any], *, html: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _markdown_cell
    environment.filters["tied"] = _tied
    return environment.get_template(template).render(context)


def _markdown_cell(text: str) -> str:
    """Keep a name from being read as Markdown or as the end of a cell."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _tied(text: str) -> str:
    """Keep the end of a line from parting a number from its unit, or p from its value."""
    return re.sub(r"(?<=\d) (?=%)|(?<=\bp) (?=[.<1])|(?<=[<>]) (?=\d)", "\u00a0", text)


def _data_uri(path: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


__all__ = ["View", "write_report"]
