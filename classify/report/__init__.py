"""A run's files to its report: report.html, report.md and figures.

Only files are read, never objects in memory, so a report can be made again on another machine,
years later.

A report is a list of sections. What each says stands in `sections/<name>.html.jinja` and
`sections/<name>.md.jinja`; `report.html.jinja` and `report.md.jinja` include them in reading order.
A section that needs more than the view is a module in `SECTIONS`.
"""

from pathlib import Path
from typing import Any, Protocol

from classify.presentation.figures import Drawings, save
from classify.report import (
    calibration,
    changes,
    curve,
    differences,
    exports,
    figures,
    front,
    leak,
    listens,
    robustness,
    songs,
    tuned,
    words,
)
from classify.report.pages import write_page
from classify.report.view import View, read_view

HTML = "report.html"


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
    "front": front,
    "calibration": calibration,
    "leak": leak,
    "listens": listens,
    "songs": songs,
    "robustness": robustness,
    "curve": curve,
    "tuned": tuned,
}


def write_report(folder: Path) -> Path:
    """Write report.html, report.md, figures/ and the exports into a run's folder.

    Parameters
    ----------
    folder : Path
        As `classify.experiments.comparison.compare` leaves it.

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
    pictures = save(drawings, folder / "figures")
    context = {"view": view, "run": view.run, "words": words, "changes": changes} | contents
    context |= {f"{name}_words": section for name, section in SECTIONS.items()}
    page = write_page(folder / HTML, "report", context, pictures)
    exports.write(view)
    return page


__all__ = ["View", "write_report"]
