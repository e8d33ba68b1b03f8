"""Two or more runs on one page: side-by-side.html, side-by-side.md and their pictures."""

from pathlib import Path

from classify.presentation.figures import save
from classify.report import side_figures, side_words
from classify.report.pages import write_page
from classify.report.sides import read_sides

HTML = "side-by-side.html"


def write_side_by_side(folders: list[Path], out: Path) -> Path:
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

    Returns
    -------
    Path
        The HTML page: one file that needs no network.

    Raises
    ------
    InputError
        If there are fewer than two runs, one is named twice, or one holds no finished run.
    """
    sides = read_sides(folders)
    pictures = save(side_figures.drawings(sides), out / "figures")
    context = {"sides": sides, "words": side_words}
    return write_page(out / HTML, "side-by-side", context, pictures)
