"""What `classify corpus` prints: a look at a corpus before any model does."""

from collections import Counter

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from classify.corpora import Corpus, load
from classify.corpora.builtin import CORPORA, cache_folder
from classify.experiment import Settings
from classify.progress import Display
from classify.windows import cut

#: Reasons listed in full; more files than this are counted.
LISTED = 50


def show(source: str, window: int | None, hop: int | None) -> None:
    """Print songs, windows and notes per class, lengths, and what was set aside and why.

    Parameters
    ----------
    source : str
        As `classify.corpora.load` takes it.
    window, hop : int or None
        As for a comparison.
    """
    with Display().counting(f"Reading {source}", "song") as count:
        corpus = load(source, count)
    settings = Settings(corpus=source, window=window, hop=hop).windows(corpus)
    windows = cut(corpus.songs, settings)
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{corpus.name}: {len(corpus.songs)} songs in {len(set(corpus.groups))} groups, "
        f"{len(corpus.classes)} classes",
        markup=False,
    )
    if corpus.licence:
        console.print(corpus.licence, markup=False)
    console.print(_per_class(corpus, windows.song))
    counts = windows.counts
    console.print(
        f"Windows of {settings.window} notes, one every {settings.hop}: {counts['full']} full, "
        f"{counts['padded_songs']} songs shorter than a window (padded), "
        f"{counts['padded_tails']} tails kept (padded), {counts['dropped_tails']} tails dropped.",
        markup=False,
    )
    for line in _remarks(corpus):
        console.print(line, markup=False)


def _per_class(corpus: Corpus, song_of_window: np.ndarray) -> Table:
    """Songs, windows, notes and length quartiles of each class."""
    labels = np.array(corpus.labels)
    notes = np.array([len(song.notes) for song in corpus.songs])
    minutes = np.array([song.seconds for song in corpus.songs]) / 60
    table = Table("class", box=None, pad_edge=False)
    for column in ("songs", "windows", "notes", "notes a song: quarter", "half",
                   "three quarters", "minutes a song: half"):  # fmt: skip
        table.add_column(column, justify="right")
    for name in [*corpus.classes, None]:
        of_class = labels == name if name is not None else np.full(len(labels), True)
        quartiles = np.percentile(notes[of_class], [25, 50, 75])
        table.add_row(
            Text(name if name is not None else "all"),
            f"{of_class.sum():,}",
            f"{of_class[song_of_window].sum():,}",
            f"{notes[of_class].sum():,}",
            *(f"{q:,.0f}" for q in quartiles),
            f"{np.median(minutes[of_class]):.1f}",
        )
    return table


def _remarks(corpus: Corpus) -> list[str]:
    lines = []
    parts = Counter(entry.split for entry in corpus.entries if entry.split)
    if parts:
        lines.append("Split: " + ", ".join(f"{name} {n}" for name, n in sorted(parts.items())))
    extra = sorted({name for entry in corpus.entries for name in entry.extra})
    if extra:
        lines.append(f"Columns carried along: {', '.join(extra)}")
    if corpus.n_copies:
        lines.append(
            f"{corpus.n_copies} songs are byte-identical to another, {corpus.n_contradictions} of "
            f"them under another label; copies share a group."
        )
    if not corpus.set_aside:
        return [*lines, "Nothing was set aside."]
    lines.append(f"Set aside: {len(corpus.set_aside)}")
    lines += [f"  {item.name}: {item.reason}" for item in corpus.set_aside[:LISTED]]
    if len(corpus.set_aside) > LISTED:
        lines.append(
            f"  … and {len(corpus.set_aside) - LISTED} more; a comparison's report has all"
        )
    return lines


def listing() -> str:
    """Give the built-in corpora, with the licence of each."""
    lines = [
        f"{made.name}: {made.title}\n  windows of {made.window} notes; {made.licence}"
        for made in CORPORA.values()
    ]
    return "\n".join(
        [*lines, f"Kept in {cache_folder()}, made at first use from music21's corpus."]
    )
