"""A look at a corpus before any model has one: songs, windows, notes, problems, duplicates."""

from collections import Counter
from functools import cached_property

import numpy as np
import pandas as pd

from classify.corpora import Corpus, load, published
from classify.corpora.builtin import CORPORA
from classify.corpora.duplicates import DuplicatePair, find_duplicates
from classify.errors import InputError
from classify.experiments.corpus_record import CorpusRecord
from classify.experiments.settings import Settings
from classify.files import cache_folder
from classify.progress import SILENT, Progress, counting
from classify.representations.windows import Windows, WindowSettings, cut

#: Reasons listed in full; more files than this are counted.
LISTED = 50


class CorpusSummary:
    """What there is to say of a corpus; worked out when it is asked for.

    Parameters
    ----------
    corpus : Corpus
        The songs.
    settings : WindowSettings
        How they are cut.
    progress : Progress
        Shows progress.
    """

    def __init__(
        self, corpus: Corpus, settings: WindowSettings, progress: Progress = SILENT
    ) -> None:
        self.corpus = corpus
        self.settings = settings
        self._progress = progress

    @property
    def title(self) -> str:
        """Name, songs, groups and classes, in a line."""
        about = CorpusRecord.of(self.corpus)
        n_classes = len(about.songs_per_class)
        return f"{about.name}: {about.songs} songs in {about.groups} groups, {n_classes} classes"

    @cached_property
    def per_class(self) -> pd.DataFrame:
        """Songs, windows, notes, quartiles of a song's notes, and the median of its minutes.

        A row for each class, and one for `all` of them.
        """
        labels, of_window = np.array(self.corpus.labels), self._windows.song
        notes = np.array([song.n_notes for song in self.corpus.songs])
        minutes = np.array([song.seconds for song in self.corpus.songs]) / 60
        rows = []
        for name in [*self.corpus.classes, None]:
            of_class = labels == name if name is not None else np.full(len(labels), True)
            quartiles = np.percentile(notes[of_class], [25, 50, 75])
            counts = of_class.sum(), of_class[of_window].sum(), notes[of_class].sum()
            rows.append([*counts, *quartiles, np.median(minutes[of_class])])
        index = pd.Index([*self.corpus.classes, "all"], name="class")
        columns = ["songs", "windows", "notes", "quarter", "half", "three_quarters", "minutes"]
        return pd.DataFrame(rows, index, columns)

    @property
    def windows(self) -> str:
        """How many windows there are, and which of them are padded."""
        counts = self._windows.counts
        return (
            f"Windows of {self.settings.window} notes, one every {self.settings.hop}: "
            f"{counts['full']} full, {counts['padded_songs']} songs shorter than a window "
            f"(padded), {counts['padded_tails']} tails kept (padded), "
            f"{counts['dropped_tails']} tails dropped."
        )

    @property
    def problems(self) -> list[str]:
        """Every file that was skipped or repaired, and why."""
        return _problems(self.corpus)

    @property
    def duplicates(self) -> list[str]:
        """Every pair of songs that seem to be the same music."""
        return _duplicates(self.corpus, self._pairs)

    @property
    def remarks(self) -> list[str]:
        """What else should be known: splits, copies, notes of the authors, problems in short."""
        return _remarks(self.corpus, self._pairs)

    @cached_property
    def _windows(self) -> Windows:
        return cut(self.corpus.songs, self.settings)

    @cached_property
    def _pairs(self) -> list[DuplicatePair]:
        with counting(self._progress, "Looking for duplicate songs", "song") as count:
            return find_duplicates(self.corpus.songs, count)


def summarise(
    source: str, window: int | None = None, hop: int | None = None, progress: Progress = SILENT
) -> CorpusSummary:
    """Read a corpus and say what is in it.

    Parameters
    ----------
    source : str
        As `classify.corpora.load` takes it.
    window, hop : int, optional
        As for a comparison.
    progress : Progress
        Shows progress.
    """
    settings = Settings(corpus=source, window=window, hop=hop)
    with counting(progress, f"Reading {source}", "song") as count:
        corpus = load(source, count)
    return CorpusSummary(corpus, settings.windows(corpus), progress)


def _problems(corpus: Corpus) -> list[str]:
    """Every file that was not read as it is."""
    lines = [f"Skipped: {len(corpus.skipped):,}"]
    lines += [f"  {item.name}: {item.reason}" for item in corpus.skipped]
    lines.append(f"Repaired and used: {len(corpus.repaired):,}")
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
        lines.append(f"Repaired and used: {len(corpus.repaired)} (--problems lists them)")
    if not corpus.skipped:
        return [*lines, "Nothing was skipped."]
    lines.append(f"Skipped: {len(corpus.skipped)}")
    lines += [f"  {item.name}: {item.reason}" for item in corpus.skipped[:LISTED]]
    if len(corpus.skipped) > LISTED:
        lines.append(f"  … and {len(corpus.skipped) - LISTED} more; --problems lists all")
    return lines


def check(source: str) -> tuple[bool, list[str]]:
    """Say what a copy of a published corpus lacks or has too much.

    Parameters
    ----------
    source : str
        Name and folder of a copy, such as `emopia:PATH`.

    Returns
    -------
    bool
        Whether the copy is complete.
    list of str
        What there is to say of it, in sentences.

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
    return lines[0].endswith("are there"), lines


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
