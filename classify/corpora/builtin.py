"""Corpora that need no download: songs, dance tunes and scores from music21's own collection.

Music is read from the user's installation of music21 and written once, as MIDI files with a
labels.csv, to the user's cache folder. From there it is read as any user's folder is.

Where the songs of a class come from one book, a model can learn the book: its keys, its editor's
habits. So every song carries its source, a source gives no more of one class than of others
(`BuiltIn.level`), and no family of variants fills a class. `benchmarks/confounds.py` measures what
sources are still worth.
"""

import csv
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from classify.compute.executor import Task, make_executor, n_cores, task_name
from classify.corpora import builtin_scores, builtin_tunes
from classify.corpora.builtin_tunes import Candidate, Notes
from classify.corpora.groups import group_by_shared_keys
from classify.corpora.labels import LABELS
from classify.errors import InputError
from classify.files import atomic_write, cache_folder
from classify.songs import midi

ESSEN = (
    "Essen folk songs, encoded under Helmut Schaffrath, now kept by Ewa Dahlig-Turek; ABC by "
    "Seymour Shlien; in music21 with their permission, for non-commercial use. "
    "https://www.esac-data.org"
)
TUNES = (
    "Ryan's Mammoth Collection (1883), transcribed by Ray Davies, and O'Neill's Music of Ireland "
    "(1903), transcribed by Norbert Paap and others; in music21 with the transcribers' permission. "
    "The tunes are out of copyright."
)
SCORES = (
    "Scores that come with music21, encoded by Margaret Greentree and others (Bach), Michael Scott "
    "Cuthbert's students (Trecento), Mark Gotham and others; out of copyright as music, and "
    "distributed with music21 with the encoders' permission."
)

#: Songs that are read as one piece of work.
PIECE = 8


@dataclass(frozen=True)
class BuiltIn:
    """How a built-in corpus is chosen from music21's collection.

    Parameters
    ----------
    name, title, licence : str
        For people.
    sources : dict of str to str
        Files of the collection, as a pattern with `*`, to what their book or collection is called.
    classes : dict of str to str
        Label to a regular expression; a song that exactly one of them matches has that label, and
        every other song is left out.
    window : int
        A sensible number of notes for a window.
    note : str
        What a reader of a report should know.
    level : int or None
        A source gives at most as many songs of a class as it has of its `level`-th largest class,
        so that a source says little of the class; None: as many as it has.
    per_class : int
        At most this many songs of a class, drawn with `seed`.
    per_family : int
        At most this many variants of one song.
    scores : bool
        Whether the files are scores of several voices; melodies in ABC otherwise.
    as_written : bool
        Whether scores keep their note values and time signatures, and classes may name their mode.
    version : int
        Part of the cache folder's name; raised when any of this changes what is written.
    """

    name: str
    title: str
    licence: str
    sources: dict[str, str]
    classes: dict[str, str]
    window: int
    note: str = ""
    level: int | None = None
    per_class: int = 200
    per_family: int = 3
    scores: bool = False
    as_written: bool = False
    seed: int = 0
    version: int = 4

    def candidates(self) -> Iterator[Candidate]:
        """List every song of exactly one class.

        Raises
        ------
        InputError
            If this installation of music21 has no corpus (some distributions strip it).
        """
        spec = find_spec("music21")
        collection = Path(spec.origin).parent / "corpus" if spec and spec.origin else Path("-")
        for pattern in self.sources:
            folder = collection / pattern.split("/")[0]
            if not folder.is_dir():
                raise InputError(
                    f"{folder}: does not exist, so the built-in corpus "
                    f"{self.name!r} cannot be made; install music21 with its corpus "
                    f"(pip install --force-reinstall music21)"
                )
        given = collection, self.sources, self.classes
        if self.scores:
            return builtin_scores.candidates(*given, modes=self.as_written)
        return builtin_tunes.candidates(*given)


CORPORA = {
    "folk": BuiltIn(
        name="folk",
        title="Central European folk songs by what they were filed under: children's songs, "
        "drinking songs, love songs, sacred songs, soldiers' songs",
        licence=ESSEN,
        sources={
            "essenFolksong/erk*.abc": "Erk and Böhme, Deutscher Liederhort",
            "essenFolksong/boehme*.abc": "Böhme, Volksthümliche Lieder",
            "essenFolksong/fink*.abc": "Fink, Musikalischer Hausschatz",
            "essenFolksong/zuccal*.abc": "Zuccalmaglio, Deutsche Volkslieder",
            "essenFolksong/lux*.abc": "Luxembourg",
            "essenFolksong/lot*.abc": "Lorraine",
            "essenFolksong/dva*.abc": "Deutsches Volksliedarchiv",
        },
        classes={
            "children": "Kinder",
            "drinking": "Trink|Zech",
            "love": "Liebes ?-? ?[Ll]ied",
            "sacred": "geistl|relig|Weihnacht|Wallfahrt",
            "soldiers": "Soldat|Krieg",
        },
        window=48,
        level=4,
    ),
    "tunes": BuiltIn(
        name="tunes",
        title="Irish and American dance tunes: reel, jig, hornpipe, slip jig, strathspey",
        licence=TUNES,
        sources={
            "ryansMammoth/*.abc": "Ryan's Mammoth Collection",
            "oneills1850/*.abc": "O'Neill's Music of Ireland",
        },
        classes={
            "reel": "(?i)^reel,",
            "jig": "(?i)^(double )?jig, 6/8",
            "hornpipe": "(?i)^hornpipe,",
            "slip jig": "(?i)^(slip ?)?jig, 9/8",
            "strathspey": "(?i)^strathspey,",
        },
        note="A jig is in 6/8 and a slip jig in 9/8 by definition, so the time signature alone "
        "tells them; reel, hornpipe and strathspey share theirs.",
        window=96,
        level=3,
    ),
    "composers": BuiltIn(
        name="composers",
        title="scores of several voices: Bach's chorales, string quartets by Haydn, Mozart and "
        "Beethoven, Monteverdi's madrigals, Italian music of the fourteenth century (Trecento)",
        licence=SCORES,
        sources={
            "bach/bwv*.*xl": "chorale",
            "haydn/*/*.mxl": "string quartet",
            "mozart/*/*.mxl": "string quartet",
            "beethoven/*.mxl": "string quartet",
            "beethoven/*/*.mxl": "string quartet",
            "monteverdi/madrigal*[0-9].mxl": "madrigal",
            "trecento/*.xml": "song or movement of a mass",
        },
        classes={
            "Bach": "^bach/",
            "quartets": "^(haydn|mozart(?!/k545)|beethoven)/",
            "Monteverdi": "^monteverdi/",
            "Trecento": "^trecento/(?!.*_bak)",
        },
        note="A source is the program that wrote the file: an encoder works on one composer, so "
        "the two cannot be parted wholly. Palestrina's masses are left out, since all of them come "
        "from one encoder in a format of their own. Note values are brought to one pace; metre, "
        "tempo, loudness and instruments are not kept.",
        window=200,
        level=2,
        per_family=5,
        scores=True,
    ),
    "chorales": BuiltIn(
        name="chorales",
        title="Bach's chorales in four voices (BWV 253-438) by mode: major, minor",
        licence=SCORES,
        sources={
            "bach/bwv25[3-9].mxl": "chorale",
            "bach/bwv2[6-9][0-9].mxl": "chorale",
            "bach/bwv[34][0-9][0-9].mxl": "chorale",
        },
        classes={"major": " major$", "minor": " minor$"},
        note="The mode is that of the key signature. Note values and time signatures are those of "
        "the scores. It is meant for generators.",
        window=200,
        per_class=90,
        scores=True,
        as_written=True,
    ),
}


def prepare(
    built_in: BuiltIn, on_song: Callable[[int, int], None], cache: Path | None = None
) -> Path:
    """Give the folder of a built-in corpus, which is made first unless it is in the cache.

    Parameters
    ----------
    built_in : BuiltIn
        The corpus.
    on_song : callable
        Called with (songs done, songs in all) while it is made.
    cache : Path, optional
        Folder that corpora are kept in; the user's cache folder, or CLASSIFY_CACHE, unless given.

    Raises
    ------
    InputError
        If this installation of music21 has no corpus (some distributions strip it).
    """
    folder = (cache or cache_folder()) / f"{built_in.name}-v{built_in.version}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):  # another program may make it now
        if not (folder / LABELS).is_file():
            chosen = choose(built_in)
            with atomic_write(folder) as temporary:
                _write(built_in, chosen, temporary, on_song)
    return folder


def choose(built_in: BuiltIn) -> list[tuple[Candidate, str]]:
    """Pick the songs of a built-in corpus, each with the name of its family.

    Every draw takes the first of one random order, so that a smaller corpus is part of a larger.
    """
    songs = list(built_in.candidates())
    families = dict(zip((song.name for song in songs), families_of(songs), strict=True))
    random.Random(built_in.seed).shuffle(songs)
    songs = _at_most(songs, lambda song: families[song.name], lambda song: built_in.per_family)
    levels = _levels(songs, built_in.level)
    songs = _at_most(songs, lambda song: (song.source, song.label), lambda s: levels[s.source])
    songs = _at_most(songs, lambda song: song.label, lambda song: built_in.per_class)
    return sorted(
        ((song, families[song.name]) for song in songs),
        key=lambda chosen: (chosen[0].label, chosen[0].name),
    )


def families_of(songs: Sequence[Candidate]) -> list[str]:
    """Name the family of each song: variants share a number or a title."""
    return group_by_shared_keys([song.keys for song in songs])


def _at_most(
    songs: Sequence[Candidate],
    kind: Callable[[Candidate], object],
    limit: Callable[[Candidate], int],
) -> list[Candidate]:
    """Take the first songs of each kind."""
    taken: Counter[object] = Counter()
    kept = []
    for song in songs:
        taken[kind(song)] += 1
        if taken[kind(song)] <= limit(song):
            kept.append(song)
    return kept


def _levels(songs: Sequence[Candidate], level: int | None) -> dict[str, int]:
    """Say how many songs of a class each source may give."""
    counts: dict[str, Counter[str]] = {}
    for song in songs:
        counts.setdefault(song.source, Counter())[song.label] += 1
    if level is None:
        return dict.fromkeys(counts, len(songs))
    return {
        source: sorted([0] * level + list(of_class.values()))[-level]
        for source, of_class in counts.items()
    }


def _write(
    built_in: BuiltIn,
    chosen: Sequence[tuple[Candidate, str]],
    folder: Path,
    on_song: Callable[[int, int], None],
) -> None:
    """Write MIDI files and labels.csv.

    A song that music21 cannot read keeps its row, so that it is named when the corpus is read.
    """
    (folder / "midi").mkdir(parents=True)
    rows = []
    contents = [song.content for song, _ in chosen]
    pieces = [contents[first : first + PIECE] for first in range(0, len(contents), PIECE)]
    with make_executor(n_cores(), keep_workers=True) as executor:
        tasks = [
            Task(
                task_name("built-in", built_in.name, piece),
                _read,
                (built_in.scores, built_in.as_written, piece),
            )
            for piece in pieces
        ]
        futures = [executor.submit(task) for task in tasks]
        read = (notes for future in futures for notes in future.result())
        for done, ((song, family), notes) in enumerate(zip(chosen, read, strict=True), 1):
            path = f"midi/{song.label.replace(' ', '_')}-{song.name}.mid"
            if notes:
                midi.write(folder / path, *notes)
            rows.append((path, song.label, family, song.source, song.title, song.filed))
            on_song(done, len(chosen))
    with (folder / LABELS).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label", "group", "source", "title", "function"])
        table.writerows(rows)


def _read(scores: bool, as_written: bool, contents: list[str]) -> list[Notes | None]:
    """Read a piece of work for one process."""
    if scores:
        return [builtin_scores.read(content, as_written) for content in contents]
    return [builtin_tunes.read(content) for content in contents]
