"""Which files are songs, which reader takes them, and within which limits.

Every format becomes MIDI first (`as_midi`), so that one reader makes all notes.
"""

import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from classify.compute.executor import TaskDied, deadline
from classify.songs import audio, midi, score, transcribers
from classify.songs.song import SCORE, UnusableSong

MEGABYTE = 2**20

#: A collection of tunes may take so many times as long as one tune.
LONGEST = 30


@dataclass(frozen=True)
class FileFormat:
    """One kind of files.

    Parameters
    ----------
    name, plural : str
        For people, and the key of `KINDS`.
    endings : tuple of str
        Of its files, in small letters.
    library : str
        What reads it; another version of it may find other notes.
    most_bytes : int
        Of a file.
    seconds : float
        That reading a file may take.
    memory : int
        Bytes that the reading process may have.
    batch : tuple of int and int
        How many files, or bytes, are read as one piece of work.
    """

    name: str
    endings: tuple[str, ...]
    library: str
    most_bytes: int
    seconds: float
    memory: int
    batch: tuple[int, int]

    @property
    def reader(self) -> str:
        """The library that reads it, with its version; results of other readers are not reused."""
        if self.name == "audio":
            return f"audio: {transcribers.of_songs().name()}{_decoder()}"
        return f"{self.name}: {self.library} {_version(self.library)}"

    @property
    def too_much_memory(self) -> str:
        """What is said of a file that its process has not enough memory for."""
        return f"needs more than {self.memory / 2**30:.0f} GB of memory to be read"

    def why_died(self, death: TaskDied) -> str:
        """Say, as the end of a sentence on a file, why the process that read it ended."""
        if death.signal == "SIGALRM":
            return f"takes longer than {self.seconds:.0f} s to read"
        if death.signal == "SIGKILL":
            return "could not be read: the reader was ended, which often means memory ran out"
        return f"makes the reader crash ({death.signal or death.exit_code})"


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


@cache
def _decoder() -> str:
    """Name what else decides whether a recording can be read."""
    return " with ffmpeg" if shutil.which("ffmpeg") else ""


#: Kinds of scores; the same bytes mean another thing under another ending.
SCORES = {
    "musicxml": (".musicxml", ".xml"),
    "compressed musicxml": (".mxl",),
    "abc": (".abc",),
    "humdrum": (".krn",),
}

KINDS = {
    kind.name: kind
    for kind in (
        FileFormat(
            "midi", midi.ENDINGS, "symusic", 32 * MEGABYTE, 20, 3 * 2**30, (512, 6 * MEGABYTE)
        ),
        *(
            FileFormat(name, endings, "music21", 32 * MEGABYTE, 60, 3 * 2**30, (16, MEGABYTE))
            for name, endings in SCORES.items()
        ),
        FileFormat("audio", audio.ENDINGS, "basic-pitch", 4096 * MEGABYTE, 7200, 8 * 2**30, (1, 1)),
    )
}

_KIND_OF = {ending: kind for kind in KINDS.values() for ending in kind.endings}

#: Endings of the songs that can be read, for people.
READABLE = (
    "MIDI (.mid .midi .kar .rmi), scores (.musicxml .xml .mxl .abc .krn) and recordings (.wav …)"
)


def kind_of(name: str) -> FileFormat | None:
    """Give the kind of file that a name says it is; None for one that is not a song."""
    place = name.rfind(".")  # a plain look-up: a large library asks this for each of its files
    return _KIND_OF.get(name[place:].lower()) if place >= 0 else None


class File(NamedTuple):
    """A file to read: a path, and the name in it if it is an archive."""

    path: str
    member: str = ""

    @property
    def ending(self) -> str:
        """Of its name, in small letters, with the dot."""
        return os.path.splitext(self.member or self.path)[1].lower()


class SongBytes(NamedTuple):
    """One song of a file: the bytes of a MIDI file and what it does not say, or why there are none.

    `origin`, `loudness` and `artist` are those of a `Song`.
    """

    title: str = ""
    data: bytes = b""
    reason: str = ""
    origin: str = ""
    loudness: float = math.nan
    artist: str = ""


def as_midi(
    data: bytes, file: File, kind: FileFormat, seconds: float = math.inf
) -> Iterator[SongBytes]:
    """Give each song of a file as MIDI.

    Parameters
    ----------
    data : bytes
        What is in the file.
    file : File
        Where it is; its ending counts.
    kind : FileFormat
        What kind of file it is.
    seconds : float
        Time that each tune of a collection may take, and all of them `LONGEST` times that.

    Raises
    ------
    UnusableSong
        If the file holds nothing that can be read.
    """
    if kind.name == "midi":
        for song in midi.songs(data):
            yield SongBytes(data=song)
    elif kind.name in SCORES:
        end = time.monotonic() + LONGEST * seconds
        for piece in score.to_midi(data, file.ending):
            if isinstance(piece, score.Piece):
                yield SongBytes(piece.title, piece.midi, origin=SCORE)
            else:
                yield SongBytes(piece.title, reason=piece.reason)
            deadline(max(0.0, min(seconds, end - time.monotonic())) or 0.1)
    else:
        made = _unpacked(data, file) if file.member else _heard(Path(file.path))
        yield SongBytes(made.title, made.midi, loudness=made.loudness, artist=made.artist)


def transcription(path: Path, kind: FileFormat, by: str) -> bytes | str:
    """Give the MIDI file of a recording, or why there is none; done in a process with limits."""
    try:
        return audio.to_midi(path, transcribers.find(by)).midi
    except UnusableSong as reason:
        return str(reason)
    except MemoryError:
        return kind.too_much_memory


def _unpacked(data: bytes, file: File) -> audio.Transcription:
    """Transcribe a recording of an archive; decoders want a file, with the right ending."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"recording{file.ending}"
        path.write_bytes(data)
        return _heard(path)


def _heard(path: Path) -> audio.Transcription:
    """Transcribe a recording that lies among songs."""
    return audio.to_midi(path, transcribers.of_songs())
