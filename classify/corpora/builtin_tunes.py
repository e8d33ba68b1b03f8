"""Melodies in ABC notation from music21's collection, labelled by their `R:` header.

Transcribers filed each melody under a function or a dance ("Kinder -, Wiegen - Lied", "reel") in a
header that music21 drops, so the headers are read here and the notes by music21.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classify.songs.score import read_only_to_play

#: Time signatures, as in `classify.songs.Song.metres`.
Metres = list[tuple[float, int, int]]

#: Onsets and lengths in quarter notes, pitches, metres.
Notes = tuple[np.ndarray, np.ndarray, np.ndarray, Metres]


@dataclass(frozen=True)
class Candidate:
    """A song that a built-in corpus may take.

    Parameters
    ----------
    name : str
        Of its file, without an ending.
    label, source, title : str
        Its class, the book or collection that it comes from, and what it is called.
    filed : str
        What its transcriber filed it under.
    keys : tuple of str
        Songs with one in common are of one family, the first being its own name.
    content : str
        What `read` of its corpus makes notes of.
    """

    name: str
    label: str
    source: str
    title: str
    filed: str
    keys: tuple[str, ...]
    content: str


def candidates(
    collection: Path, sources: Mapping[str, str], classes: Mapping[str, str]
) -> Iterator[Candidate]:
    """List the melodies of exactly one class.

    Parameters
    ----------
    collection : Path
        music21's corpus.
    sources : mapping of str to str
        Pattern of .abc files in the collection to what the book is called.
    classes : mapping of str to str
        Label to a regular expression, for the function and the metre: "reel, 2/4".
    """
    for pattern, source in sources.items():
        for file in sorted(collection.glob(pattern)):
            text = file.read_text(encoding="utf-8", errors="replace")
            for number, block in enumerate(re.split(r"(?m)^(?=X:)", text)[1:]):
                tune = candidate(f"{file.stem}-{number:04d}", block, source, classes)
                if tune:
                    yield tune


def candidate(name: str, text: str, source: str, classes: Mapping[str, str]) -> Candidate | None:
    """Read a melody's headers; None unless exactly one class matches.

    Variants of one song carry numbers such as Q2055, Q2055A and Q2055B, and repeat titles.
    """
    filed = ", ".join((" ".join(_header(text, "R")).strip(), " ".join(_header(text, "M")[:1])))
    labels = [label for label, pattern in classes.items() if re.search(pattern, filed)]
    if len(labels) != 1:
        return None
    title = re.sub(r"\W+", " ", " ".join(_header(text, "T")[:1])).strip().lower()
    numbers = [n for n in _header(text, "N") if re.fullmatch(r"[A-Z]+\d+[A-Z]*", n)]
    keys = [f"number:{re.sub(r'[A-Z]+$', '', n)}" for n in numbers[:1]]
    keys += [f"title:{title}"] if title else []
    return Candidate(name, labels[0], source, title, filed, (name, *keys), text)


def _header(text: str, field: str) -> list[str]:
    return [line.strip() for line in re.findall(rf"(?m)^{field}:(.*)$", text)]


def read(text: str) -> Notes | None:
    """Read the notes of one ABC tune; None where music21 cannot.

    A tune with an upbeat begins with a rest, so that its bars are whole.
    """
    from music21 import converter, note
    from music21.exceptions21 import Music21Exception

    try:
        with read_only_to_play():
            score = converter.parseData(text, format="abc")
            metres, rest = metres_and_rest(score)
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


def metres_and_rest(score: Any) -> tuple[Metres, float]:
    """Give a score's time signatures, and the beats that its first bar is short of."""
    from music21 import meter, stream

    signatures = score.recurse().getElementsByClass(meter.TimeSignature)
    metres = [
        (float(s.getOffsetInHierarchy(score)), s.numerator, s.denominator) for s in signatures
    ]
    bar = next(iter(score.recurse().getElementsByClass(stream.Measure)), None)
    rest = float(bar.paddingLeft) if bar is not None and metres else 0.0
    return [(beat + rest if beat else 0.0, *metre) for beat, *metre in metres], rest
