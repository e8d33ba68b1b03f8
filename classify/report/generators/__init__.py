"""A comparison of generators as a page: do they keep moods, resemble real songs, copy them?

Only the files of `classify.generation.comparison` are read, never objects in memory.
"""

from pathlib import Path

from classify.report.generators.data import read
from classify.report.generators.listening import write_listening
from classify.report.generators.page import chapters
from classify.report.pages import write_page

HTML = "report.html"


def write_generators_report(folder: Path) -> Path:
    """Write report.html, report.md, figures/ and the blind listening test, listening/.

    Parameters
    ----------
    folder : Path
        As `classify.generation.comparison.compare` leaves it.

    Returns
    -------
    Path
        The HTML report: one file that needs no network.

    Raises
    ------
    InputError
        If the folder holds no finished comparison of generators.
    """
    view = read(folder)
    write_listening(view)
    name, n_moods = view.run["corpus"]["name"], len(view.classes)
    what = f"songs of {n_moods} classes" if n_moods else "such songs"
    title = f"{name}: which generator composes {what} best?"
    return write_page(folder / HTML, title, list(chapters(view)))


__all__ = ["write_generators_report"]
