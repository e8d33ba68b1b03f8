"""What `classify corpus` prints: a look at a corpus before any model does."""

from collections import Counter

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from classify.corpora import Corpus, load, published
from classify.corpora.builtin import CORPORA
from classify.corpora.duplicates import DuplicatePair, find_duplicates
from classify.errors import InputError
from classify.experiments.dataset import Settings
from classify.files import cache_folder
from classify.progress import Display
from classify.representations.windows import cut

#: Reasons listed in full; more files than this are counted.
LISTED = 50


def show(
    source: str,
    window: int | None,
    hop: int | None,
    problems: bool = False,
    duplicates: bool = False,
) -> None:
    """Print songs, windows and notes per class, lengths, and what was set aside and why.

    Parameters
    ----------
    source : str
        As `classify.corpora.load` takes it.
    window, hop : int or None
        As for a comparison.
    problems : bool
        Print the list of problems instead: every file that was set aside or mended, and why.
    duplicates : bool
        Print instead every pair of songs that seem to be the same music.
    """
    with Display().counting(f"Reading {source}", "song") as count:
        corpus = load(source, count)
    if problems:
        print("\n".join(_problems(corpus)))
        return
    with Display().counting("Looking for duplicate songs", "song") as count:
        pairs = find_duplicates(corpus.songs, count)
    if duplicates:
        print("\n".join(_duplicates(corpus, pairs)))
        return
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
    for line in _remarks(corpus, pairs):
        console.print(line, markup=False)


def _per_class(corpus: Corpus, song_of_window: np.ndarray) -> Table:
    """Songs, windows, notes and length quartiles of each class."""
    labels = np.array(corpus.labels)
    notes = np.array([song.n_notes for song in corpus.songs])
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


def _problems(corpus: Corpus) -> list[str]:
    """Every file that was not read as it is."""
    lines = [f"Set aside: {len(corpus.skipped):,}"]
    lines += [f"  {item.name}: {item.reason}" for item in corpus.skipped]
    lines.append(f"Mended and used: {len(corpus.repaired):,}")
    return lines + [f"  {name}: {what}" for name, what in corpus.repaired]


def _duplicates(corpus: Corpus, pairs: list[DuplicatePair]) -> list[str]:
    """Say how many pairs of songs seem to be the same music, and then name them, two lines each."""
    lines = [_same_music(corpus, pairs) + (":" if pairs else ".")]
    for pair in pairs:
        for place, lead in ((pair.a, "  "), (pair.b, "  = ")):
            lines.append(f"{lead}{corpus.entries[place].name} ({corpus.labels[place]})")
        key = f"{pair.transposition:+d} semitones" if pair.transposition else "same key"
        groups = "" if corpus.groups[pair.a] == corpus.groups[pair.b] else "; different groups"
        lines[-1] += f": {pair.similarity:.0%} alike, {key}, tempo ×{pair.tempo_ratio:.2f}{groups}"
    return lines


def _same_music(corpus: Corpus, pairs: list[DuplicatePair]) -> str:
    """Count the pairs of songs that seem to be the same music."""
    labels = sum(corpus.labels[pair.a] != corpus.labels[pair.b] for pair in pairs)
    groups = sum(corpus.groups[pair.a] != corpus.groups[pair.b] for pair in pairs)
    if not pairs:
        return "No two songs seem to be the same music"
    counted = "1 pair of songs seems" if len(pairs) == 1 else f"{len(pairs):,} pairs of songs seem"
    return (
        f"{counted} to be the same music (transposition and tempo aside), {labels:,} of them under "
        f"different labels, {groups:,} in different groups"
    )


def _remarks(corpus: Corpus, pairs: list[DuplicatePair]) -> list[str]:
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
    if pairs:
        lines.append(f"{_same_music(corpus, pairs)}; --duplicates lists them.")
    lines += [corpus.note] * bool(corpus.note)
    if corpus.repaired:
        lines.append(f"Mended and used: {len(corpus.repaired)} (--problems lists them)")
    if not corpus.skipped:
        return [*lines, "Nothing was set aside."]
    lines.append(f"Set aside: {len(corpus.skipped)}")
    lines += [f"  {item.name}: {item.reason}" for item in corpus.skipped[:LISTED]]
    if len(corpus.skipped) > LISTED:
        lines.append(f"  … and {len(corpus.skipped) - LISTED} more; --problems lists all")
    return lines


def check(source: str) -> bool:
    """Print what a copy of a published corpus lacks or has too much; say if it is complete.

    Parameters
    ----------
    source : str
        Name and folder of a copy, such as `emopia:PATH`.

    Raises
    ------
    InputError
        If `source` names no published corpus, or no copy of one.
    """
    of_authors = published.parse_source(source)
    if of_authors is None:
        names = ", ".join(f"{name}:PATH" for name in published.corpora())
        raise InputError(f"{source}: is not a copy of a published corpus; expected one of {names}")
    lines = published.check(*of_authors)
    print("\n".join(lines))
    return lines[0].endswith("are there")


def listing() -> str:
    """Give the built-in corpora and the published ones, with the licence of each."""
    lines = [
        f"{made.name}: {made.title}\n  windows of {made.window} notes; {made.licence}"
        for made in CORPORA.values()
    ]
    lines.append(f"Made at first use from music21's corpus, and kept in {cache_folder()}.")
    lines += ["", "Published corpora, from a copy that you have downloaded:"]
    lines += [
        f"{made.name}:PATH: {made.title}, {max(made.files.values()):,} files\n"
        f"  {made.url}\n  windows of {made.window} notes; {made.licence}"
        for made in published.corpora().values()
    ]
    return "\n".join(lines)
