"""A run's files to its report: report.html, report.md, figures, and tables for a paper.

Only files are read, never objects in memory, so a report can be made again on another machine,
years later.

A report is a list of sections: each module in `sections/` reads the run and yields blocks, which
`html`, `markdown` and `latex` turn into pages and tables. A new section is one file there.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from classify.files import atomic_write, write_text
from classify.report import latex, sections
from classify.report.blocks import Block
from classify.report.citation import bibtex
from classify.report.pages import chapter, write_page
from classify.report.run_view import View, read_view
from classify.report.song_predictions import full_table

HTML, LATEX, BIBTEX, SONGS = "report.html", "tables.tex", "citation.bib", "songs.csv"

WHOLE = {
    "song": "songs and groups of songs are never split",
    "window": "windows of one song are on both sides, so that these scores leak",
    "given": "split as the corpus gives it",
}


class Section(Protocol):
    """A module in `sections/`."""

    TITLE: str
    ORDER: int

    def blocks(self, view: View) -> Iterator[Block]:
        """Give what the section shows; nothing where it has nothing to say."""


def all_sections() -> list[Section]:
    """Find all sections, in reading order."""
    names = [module.name for module in pkgutil.iter_modules(sections.__path__)]
    modules = [importlib.import_module(f"{sections.__name__}.{name}") for name in names]
    return sorted((cast(Section, module) for module in modules), key=lambda module: module.ORDER)


def write_report(folder: Path, view: View | None = None) -> Path:
    """Write report.html, report.md, figures/, tables.tex, citation.bib and songs.csv.

    Parameters
    ----------
    folder : Path
        A run's folder, as `classify.experiments.comparison.compare` leaves it.
    view : View, optional
        The run, for who has read it already.

    Returns
    -------
    Path
        The HTML report: one file that needs no network.

    Raises
    ------
    InputError
        If the folder holds no finished run.
    """
    view = view or read_view(folder)
    made = [chapter(one.TITLE, partial(one.blocks, view)) for one in all_sections()]
    chapters = [one for one in made if one.blocks]
    name, n_classes = view.run["corpus"]["name"], len(view.classes)
    title = f"{name}: which model distinguishes {n_classes} classes best?"
    page = write_page(view.folder / HTML, title, chapters, scripts=True)
    blocks = [block for one in chapters for block in one.blocks]
    write_text(view.folder / LATEX, latex.tables(blocks, _corpus(view), _protocol(view)))
    write_text(view.folder / BIBTEX, bibtex(view))
    if view.scored:
        with atomic_write(view.folder / SONGS) as temporary:
            full_table(view).to_csv(temporary, index=False, float_format="%.6f")
    return page


def _corpus(view: View) -> str:
    """Name the corpus, as captions in a paper begin."""
    corpus, n_classes = view.run["corpus"], len(view.classes)
    return (
        f"{corpus['name']}: {corpus['songs']} songs in {corpus['groups']} groups, {n_classes} "
        "classes."
    )


def _protocol(view: View) -> str:
    """Say how songs were split and how many were tested, as captions in a paper end."""
    settings, windows = view.run["settings"], view.run["windows"]
    how = f"One hold-out of {view.n_test_songs} songs"
    if view.n_folds > 1:
        repeated = f", repeated {view.n_repeats} times" if view.n_repeats > 1 else ""
        in_each = " in each" if view.n_repeats > 1 else ""
        how = f"{view.n_folds} folds{repeated}, each song tested once{in_each}"
    quick = " A quick run, not for publication." if settings["quick"] else ""
    return (
        f"{how}; {WHOLE[view.protocol]}; windows of {windows['window']} notes; seed "
        f"{settings['seed']}; classify {view.run['classify']}.{quick}"
    )


__all__ = ["View", "all_sections", "write_report"]
