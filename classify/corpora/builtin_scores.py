"""Scores of several voices from music21's collection, labelled by their composer or their mode.

An editor's habits must not give a composer away. Note values are a matter of the edition (breves
or quavers for one beat), so lengths are scaled by a power of two to one pace; bar lines, tempi,
loudness and instruments, which are mostly the editor's too, are not kept. Where all scores are of
one composer there is nothing to give away: `as_written` keeps note values, time signatures, and
notes that two voices share.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from classify.corpora.builtin_tunes import Candidate, Notes, metres_and_rest
from classify.songs.score import read_only_to_play

#: The first bytes of a score name the program that wrote it.
HEAD = 6000

#: Programs by the name that a MusicXML file gives; Dolet is Finale's exporter.
PROGRAMS = {"MuseScore": "MuseScore", "Finale": "Finale", "Dolet": "Finale", "Direct": "Sibelius"}

UNNAMED = "no program named"

#: The median time between onsets is brought to this many quarter notes or up to twice as many.
PACE = 0.25


def candidates(
    collection: Path, sources: Mapping[str, str], classes: Mapping[str, str], modes: bool = False
) -> Iterator[Candidate]:
    """List the scores of exactly one class.

    Parameters
    ----------
    collection : Path
        music21's corpus.
    sources : mapping of str to str
        Pattern of files to the kind of work; a song's source is the program that wrote its file.
    classes : mapping of str to str
        Label to a regular expression, for the path in the collection.
    modes : bool
        Whether the mode of a score's key signature follows the path, after a space.
    """
    for pattern, kind in sources.items():
        for file in sorted(collection.glob(pattern)):
            path = file.relative_to(collection).as_posix()
            known = f"{path} {_mode(file)}" if modes else path
            labels = [label for label, wanted in classes.items() if re.search(wanted, known)]
            if len(labels) == 1:
                name = re.sub(r"\W+", "-", path.rsplit(".", 1)[0])
                keys = (name, f"work:{_work(path)}")
                yield Candidate(name, labels[0], _program(file), name, kind, keys, str(file))


def _work(path: str) -> str:
    """Name the work that a movement, a chorale of a cantata or a version of a piece belongs to.

    Examples
    --------
    >>> _work("mozart/k155/movement1.mxl"), _work("bach/bwv40.3.mxl"), _work("beethoven/opus74.mxl")
    ('mozart/k155', 'bach/bwv40', 'beethoven/opus74')
    >>> _work("trecento/PMFC_12_10b-Credo PMFC12.10b.xml")
    'trecento/PMFC_12_10'
    """
    parts = path.split("/")
    if len(parts) > 2:
        return "/".join(parts[:2])
    bach = re.match(r"bwv\d+", parts[1])
    trecento = re.match(r"(PMFC_\d+\w*?_?-?\w*?\d+)[ab]?-", parts[1])
    stem = parts[1].rsplit(".", 1)[0]
    return f"{parts[0]}/{bach[0] if bach else trecento[1] if trecento else stem}"


def _program(file: Path) -> str:
    """Name the program that wrote a MusicXML file."""
    named = re.findall(r"<software>\s*(\w+)", _text(file, HEAD))
    return PROGRAMS.get(named[-1], named[-1]) if named else UNNAMED


def _mode(file: Path) -> str:
    """Give the mode of a MusicXML file's first key signature; empty where it says none."""
    found = re.search(r"<mode>(\w+)", _text(file))
    return found[1] if found else ""


def _text(file: Path, most: int = -1) -> str:
    """Read the first bytes of a MusicXML file, packed or not."""
    try:
        with zipfile.ZipFile(file) as packed:
            name = next(name for name in packed.namelist() if not name.startswith("META"))
            with packed.open(name) as score:
                head = score.read(most)
    except (zipfile.BadZipFile, StopIteration):
        with file.open("rb") as score:
            head = score.read(most)
    return head.decode("utf-8", errors="replace")


def read(path: str, as_written: bool = False) -> Notes | None:
    """Read the notes of a score; None where music21 cannot.

    Parameters
    ----------
    path : str
        Its file.
    as_written : bool
        Whether all stays as the score has it; see the module.
    """
    from music21 import converter
    from music21.exceptions21 import Music21Exception

    try:
        with read_only_to_play():
            score: Any = converter.parse(path, forceSource=True, storePickle=False)
            score.toSoundingPitch(inPlace=True)
            metres, rest = metres_and_rest(score)
            parts = [part.flatten().stripTies() for part in score.parts]  # together, it takes long
    except (Music21Exception, ValueError, IndexError, KeyError, AttributeError):
        return None
    columns = [
        (float(one.offset), float(one.duration.quarterLength), pitch.midi)
        for part in parts
        for one in part.notes
        for pitch in one.pitches
        if one.duration.quarterLength > 0
    ]
    if not columns:
        return None
    if as_written:
        beats, lengths, pitches = np.array(sorted(columns)).T
        return beats + rest, lengths, pitches.astype(int), sorted(set(metres))
    beats, lengths, pitches = np.array(sorted(set(columns))).T
    scale = at_pace(beats)
    return beats * scale, lengths * scale, pitches.astype(int), []


def at_pace(beats: np.ndarray) -> float:
    """Give the power of two that brings onsets to the common pace.

    Examples
    --------
    >>> at_pace(np.array([0.0, 0.0, 2.0, 4.0, 6.0])), at_pace(np.arange(4) * 0.25)
    (0.125, 1.0)
    """
    steps = np.diff(np.unique(beats))
    if not len(steps):
        return 1.0
    return float(2.0 ** -np.floor(np.log2(np.median(steps) / PACE)))
