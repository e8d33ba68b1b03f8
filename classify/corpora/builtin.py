"""Corpora that need no download: folk songs and dance tunes from music21's own collection.

music21 carries several thousand folk melodies in ABC notation. Their transcribers filed each under
a function in its `R:` header ("Kinder -, Wiegen - Lied", "reel"), which music21 itself drops. The
melodies are read from the user's installation of music21 and written once, as MIDI files with a
labels.csv, to the user's cache folder. From there they are read as any user's folder is.
"""

import csv
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from classify.compute.executor import Task, make_executor, n_cores, task_name
from classify.corpora.groups import group_by_shared_keys
from classify.corpora.labels import LABELS
from classify.errors import InputError
from classify.files import atomic_write, cache_folder
from classify.songs import midi
from classify.songs.score import read_only_to_play

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


@dataclass(frozen=True)
class BuiltIn:
    """How a built-in corpus is chosen from music21's collection.

    Parameters
    ----------
    name, title, licence : str
        For people.
    folders : tuple of str
        Folders of music21's corpus, holding .abc files.
    classes : dict of str to str
        Label to a regular expression; a song whose `R:` header exactly one of them matches has
        that label, every other song is left out.
    window : int
        A sensible number of notes for a window.
    per_class : int
        At most this many songs of a class, drawn with `seed`.
    version : int
        Part of the cache folder's name; raised when any of this changes what is written.
    """

    name: str
    title: str
    licence: str
    folders: tuple[str, ...]
    classes: dict[str, str]
    window: int
    per_class: int = 200
    seed: int = 0
    version: int = 3


CORPORA = {
    "folk": BuiltIn(
        name="folk",
        title="981 European folk songs by their function: lullaby, dance, lament, sacred, march",
        licence=ESSEN,
        folders=("essenFolksong",),
        classes={
            "lullaby": "Wiegen|Kinder|Schlaf|Abend",
            "dance": "Tanz|Reigen|Taenz",
            "lament": "Klage|Leid|Tod|Trauer|Toten",
            "sacred": "geistl|relig|Weihnacht|Kirchen",
            "march": "Soldat|Krieg|Jaeger|Marsch|Matros|Studenten",
        },
        window=48,
    ),
    "tunes": BuiltIn(
        name="tunes",
        title="Irish and American dance tunes: reel, jig, hornpipe, slip jig, strathspey",
        licence=TUNES,
        folders=("ryansMammoth", "oneills1850"),
        classes={
            "reel": "^reel$",
            "jig": "^(double )?jig$",
            "hornpipe": "^hornpipe$",
            "slip jig": "^slip ?jig$",
            "strathspey": "^strathspey$",
        },
        window=96,
    ),
}


#: Time signatures, as in `classify.songs.Song.metres`.
Metres = list[tuple[float, int, int]]

#: Onsets and lengths in quarter notes, pitches, metres.
Melody = tuple[np.ndarray, np.ndarray, np.ndarray, Metres]

#: Tunes that are read as one piece of work.
PIECE = 8


@dataclass(frozen=True)
class Tune:
    """One ABC tune: its text, fields of its header, its label and its collection."""

    name: str
    text: str
    title: str
    number: str  # the collection's own number, without the letter of the variant
    label: str
    function: str
    source: str = ""


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
            tunes = choose(built_in)
            with atomic_write(folder) as temporary:
                _write(tunes, temporary, on_song)
    return folder


def choose(built_in: BuiltIn) -> list[Tune]:
    """Pick the tunes of a built-in corpus: of exactly one class, at most so many of each."""
    by_label: dict[str, list[Tune]] = {label: [] for label in built_in.classes}
    for tune in _labelled_tunes(built_in):
        by_label[tune.label].append(tune)
    generator = random.Random(built_in.seed)
    chosen = [
        tune
        for tunes in by_label.values()
        for tune in generator.sample(tunes, min(built_in.per_class, len(tunes)))
    ]
    return sorted(chosen, key=lambda tune: (tune.label, tune.name))


def _labelled_tunes(built_in: BuiltIn) -> Iterator[Tune]:
    spec = find_spec("music21")
    collection = Path(spec.origin).parent / "corpus" if spec and spec.origin else Path("-")
    for folder in built_in.folders:
        if not (collection / folder).is_dir():
            raise InputError(
                f"{collection / folder}: does not exist, so the built-in corpus "
                f"{built_in.name!r} cannot be made; install music21 with its corpus "
                f"(pip install --force-reinstall music21)"
            )
        for file in sorted((collection / folder).glob("*.abc")):
            text = file.read_text(encoding="utf-8", errors="replace")
            for number, block in enumerate(re.split(r"(?m)^(?=X:)", text)[1:]):
                tune = _tune(f"{file.stem}-{number:04d}", block, built_in.classes)
                if tune:
                    yield replace(tune, source=folder)


def _tune(name: str, text: str, classes: dict[str, str]) -> Tune | None:
    function = " ".join(_header(text, "R")).strip()
    labels = [label for label, pattern in classes.items() if re.search(pattern, function)]
    if len(labels) != 1:
        return None
    title = re.sub(r"\W+", " ", " ".join(_header(text, "T")[:1])).strip().lower()
    number = next((n for n in _header(text, "N") if re.fullmatch(r"[A-Z]+\d+[A-Z]*", n)), "")
    return Tune(name, text, title, re.sub(r"[A-Z]+$", "", number), labels[0], function)


def _header(text: str, field: str) -> list[str]:
    return [line.strip() for line in re.findall(rf"(?m)^{field}:(.*)$", text)]


def _write(tunes: list[Tune], folder: Path, on_song: Callable[[int, int], None]) -> None:
    """Write MIDI files and labels.csv.

    A tune that music21 cannot read keeps its row, so that it is named when the corpus is read.
    """
    (folder / "midi").mkdir(parents=True)
    rows = []
    texts = [tune.text for tune in tunes]
    pieces = [texts[first : first + PIECE] for first in range(0, len(texts), PIECE)]
    with make_executor(n_cores(), keep_workers=True) as executor:
        tasks = [Task(task_name("melodies", piece), _melodies, (piece,)) for piece in pieces]
        futures = [executor.submit(task) for task in tasks]
        melodies = (melody for future in futures for melody in future.result())
        for done, (tune, melody, group) in enumerate(
            zip(tunes, melodies, _groups(tunes), strict=True), 1
        ):
            path = f"midi/{tune.label.replace(' ', '_')}-{tune.name}.mid"
            if melody:
                midi.write(folder / path, *melody)
            rows.append((path, tune.label, group, tune.source, tune.title, tune.function))
            on_song(done, len(tunes))
    with (folder / LABELS).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label", "group", "source", "title", "function"])
        table.writerows(rows)


def _melodies(texts: list[str]) -> list[Melody | None]:
    """Read a piece of work for one process."""
    return [_melody(text) for text in texts]


def _melody(text: str) -> Melody | None:
    """Onsets and lengths in quarter notes, pitches and metres of one ABC tune, read by music21.

    A tune with an upbeat begins with a rest, so that its bars are whole.
    """
    from music21 import converter, note
    from music21.exceptions21 import Music21Exception

    try:
        with read_only_to_play():
            score = converter.parseData(text, format="abc")
            metres, rest = _metres(score)
            score = score.flatten()
            score.stripTies(inPlace=True)
    except (Music21Exception, ValueError, IndexError, KeyError):
        return None
    notes = [n for n in score.notes if isinstance(n, note.Note) and n.duration.quarterLength > 0]
    if not notes:
        return None
    columns = [(float(n.offset), float(n.duration.quarterLength), n.pitch.midi) for n in notes]
    beats, lengths, pitches = np.array(columns).T
    return beats + rest, lengths, pitches.astype(int), metres


def _metres(score: Any) -> tuple[Metres, float]:
    """Give a score's time signatures, and the beats that its first bar is short of."""
    from music21 import meter, stream

    signatures = score.recurse().getElementsByClass(meter.TimeSignature)
    metres = [
        (float(s.getOffsetInHierarchy(score)), s.numerator, s.denominator) for s in signatures
    ]
    bar = next(iter(score.recurse().getElementsByClass(stream.Measure)), None)
    rest = float(bar.paddingLeft) if bar is not None and metres else 0.0
    return [(beat + rest if beat else 0.0, *metre) for beat, *metre in metres], rest


def _groups(tunes: list[Tune]) -> list[str]:
    """Put variants of one tune in one group: the same number, or the same title.

    Variants carry numbers such as Q2055, Q2055A and Q2055B, and repeat titles.
    """
    return group_by_shared_keys(
        [
            [tune.name, *_unless_empty("number", tune.number), *_unless_empty("title", tune.title)]
            for tune in tunes
        ]
    )


def _unless_empty(field: str, value: str) -> list[str]:
    return [f"{field}:{value}"] if value else []
