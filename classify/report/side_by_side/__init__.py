"""Two or more runs on one page: side-by-side.html, side-by-side.md and their figures."""

from collections.abc import Sequence
from pathlib import Path

from classify.report.pages import write_page
from classify.report.side_by_side.data import read_runs
from classify.report.side_by_side.page import chapters
from classify.report.side_by_side.text import title

HTML = "side-by-side.html"


def write_side_by_side(folders: list[Path], out: Path, names: Sequence[str] = ()) -> Path:
    """Lay runs side by side.

    Runs of one corpus are compared song by song, each with the first of them; runs of different
    corpora by how the models rank on each.

    Parameters
    ----------
    folders : list of Path
        Folders of finished runs, two at least. Order matters: the first run of a corpus is what
        its others are compared with, and the one that stands for it among corpora.
    out : Path
        Folder for the page, its Markdown form, and figures/; made if it is not there. A run's own
        folder will do: nothing of its report is overwritten.
    names : sequence of str
        What to call the runs, a different name each; as much of their paths as tells them apart
        unless given.

    Returns
    -------
    Path
        The HTML page: one file that needs no network.

    Raises
    ------
    InputError
        If there are fewer than two runs, one is named twice, one holds no finished run, or the
        names do not fit.
    """
    compared = read_runs(folders, names)
    return write_page(out / HTML, title(compared), list(chapters(compared)))
