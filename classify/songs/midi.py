"""MIDI files to notes, and notes to MIDI files, with symusic.

symusic reads ten thousand files a second and more, so what Python does beside it decides the speed:
files are scanned one by one here, and `classify.songs.table` turns many at once into notes.

symusic refuses damaged files with messages for programmers, and some it reads wrongly without one.
The container is checked here first; what symusic refuses goes to the second reader
(`classify.songs.repair`).
"""

import struct
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import symusic

from classify.files import Unreadable, atomic_write, pieces
from classify.songs import repair
from classify.songs.song import GENERATED, TRANSCRIBED, Song, UnusableSong
from classify.songs.table import NoteTableBuilder, ScannedFile, as_notes

#: File endings that are read as MIDI.
ENDINGS = (".mid", ".midi", ".kar", ".rmi", ".smf")


#: Ticks in a quarter note of the files that are written.
TICKS = 480


def digest(data: bytes) -> str:
    """Hash of a file's bytes: BLAKE2b of 32 bytes, in hexadecimal digits."""
    return blake2b(data, digest_size=32).hexdigest()


def read(path: Path) -> Song:
    """Read one MIDI file.

    Parameters
    ----------
    path : Path
        A Standard MIDI File, plain or in a RIFF (.rmi).

    Returns
    -------
    Song
        Every note of every track, drums included, in seconds and in beats.

    Raises
    ------
    UnusableSong
        If the file cannot be opened, is no MIDI file, is damaged beyond repair, or holds no music.
    """
    return parse(contents(path), path)


def contents(path: Path | str, most_bytes: int = 2**25) -> bytes:
    """Read the bytes of a file.

    Raises
    ------
    UnusableSong
        If it is not there, may not be opened, is a pipe or a device, or is too large.
    """
    return b"".join(_pieces(path, most_bytes, most_bytes))


def digest_of(path: Path | str, most_bytes: int) -> str:
    """Hash a file's bytes as `digest` does, a megabyte at a time. Raises as `contents` does."""
    hashed = blake2b(digest_size=32)
    for piece in _pieces(path, most_bytes, 2**20):
        hashed.update(piece)
    return hashed.hexdigest()


def _pieces(path: Path | str, most_bytes: int, at_once: int) -> Iterator[bytes]:
    try:
        yield from pieces(path, most_bytes, at_once)
    except Unreadable as reason:
        raise UnusableSong(str(reason)) from None
    except OSError as error:
        raise UnusableSong(f"cannot be opened: {error.strerror}") from None


def parse(data: bytes, path: Path) -> Song:
    """Make a Song of the bytes of a MIDI file; `path` only names it. Raises as `read` does."""
    file = scan(data)
    gathered = NoteTableBuilder()
    gathered.add(file)
    table = gathered.table()
    if table.problems[0]:
        raise UnusableSong(table.problems[0])
    notes = as_notes(table.columns)
    return Song(
        path,
        path.stem,
        len(notes),
        float(table.seconds[0]),
        lambda: notes,
        table.tempi(0),
        table.metres(0),
        digest(data),
        file.repaired,
        table.origin[0],
    )


# --- one file


def scan(data: bytes) -> ScannedFile:
    """Read the bytes of one MIDI file, by the second reader if the first refuses them.

    Raises
    ------
    UnusableSong
        If neither can read them.
    """
    reason = container_problem(data)
    if not reason:
        try:
            score = symusic.Score.from_midi(data)
            if score.note_num():
                return ScannedFile(score, origin=_origin(score))
            reason = "has no notes"
        except Exception as error:  # bare RuntimeErrors and, rarely, kinds of its own
            message = str(error).removeprefix("MiniMidi: ").removesuffix(": iostream error")
            reason = f"is a damaged MIDI file: {message}"
    repaired_file = repair.repair_file(data, reason)
    try:
        return ScannedFile(
            symusic.Score.from_midi(repaired_file.data), repaired_file.repairs, repaired_file.beats
        )
    except Exception:  # the repaired file is no better: the first reason holds
        raise UnusableSong(reason) from None


def _origin(score: symusic.Score) -> str:
    """Say what transcribed or generated a file, where that shows.

    What is written here has it in a track's name; basic-pitch's own program writes one electric
    piano, in ticks that hardly any other has.
    """
    tracks = score.tracks
    names = [track.name for track in tracks]
    for name in names:
        if name.startswith(GENERATED):
            return str(name)
    if names and names[0].startswith(TRANSCRIBED) and len(set(names)) == 1:
        return str(names[0])
    if score.ticks_per_quarter == 220 and len(names) == 1:
        (track,) = tracks
        return f"{TRANSCRIBED} basic-pitch" if track.program == 4 and not track.is_drum else ""
    return ""


def songs(data: bytes) -> list[bytes]:
    """Split a file of type 2, whose tracks are separate songs (SMF 1.0), into its songs."""
    if data[:4] != b"MThd" or data[8:10] != b"\0\2" or container_problem(data):
        return [data]
    tracks, place = [], 8 + int.from_bytes(data[4:8], "big")
    while place + 8 <= len(data):
        end = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
        if data[place : place + 4] == b"MTrk":
            header = data[:8] + b"\0\0\0\1" + data[12:14]
            tracks.append(header + data[place:end])
        place = end
    return tracks or [data]


def container_problem(data: bytes) -> str:
    """Give what is wrong with a file as a container (SMF 1.0: MThd, then MTrk chunks)."""
    if not data:
        return "is an empty file (0 bytes)"
    if data[:4] != b"MThd":
        begins = data[:12].decode("ascii", "replace")
        return f"is not a MIDI file: it begins with {begins!r}, and a MIDI file begins with 'MThd'"
    if len(data) < 14:
        return f"is cut short: {len(data)} bytes, and a MIDI header alone has 14"
    length, _, n_tracks, division = struct.unpack_from(">IHHH", data, 4)
    if division == 0:
        return "has 0 ticks per quarter note, so its notes have no times"
    if division >= 0x8000:
        return "counts time in SMPTE frames"
    if length != 6:
        return f"has a header of {length} bytes, and 6 are usual"
    place, track, size = 8 + length, 0, len(data)
    while track < n_tracks and place < size:
        (n_bytes,) = struct.unpack_from(">I", data, place + 4) if place + 8 <= size else (0,)
        kind = data[place : place + 4]
        track += kind == b"MTrk"
        place += 8 + n_bytes
        if place > size:
            chunk = f"track {track} of {n_tracks}" if kind == b"MTrk" else "a chunk"
            there = max(0, size - place + n_bytes)
            return f"is cut short: {chunk} declares {n_bytes:,} bytes, and {there:,} are there"
    if track < n_tracks:
        return f"is cut short: {n_tracks} tracks are declared, and {track} are there"
    if b"\xf7" in data and _runs_on_after_sysex(data):
        return "has running status after a system-exclusive message"
    return ""


def _runs_on_after_sysex(data: bytes) -> bool:
    """Whether an event after a system-exclusive message leaves out its status byte.

    symusic skips what follows such a message without an error.
    """
    place = data.find(b"\xf0")
    while place >= 0:
        size, begin = repair.variable_length(data, place + 1)
        if size and data[begin + size - 1 : begin + size] == b"\xf7":
            _, event = repair.variable_length(data, begin + size)
            if data[event : event + 1] < b"\x80" and event < len(data):
                return True
        place = data.find(b"\xf0", place + 1)
    return False


def write(
    path: Path,
    beats: np.ndarray,
    lengths: np.ndarray,
    pitches: np.ndarray,
    metres: Sequence[tuple[float, int, int]] = (),
) -> None:
    """Write a MIDI file of one instrument at 120 quarter notes a minute.

    Parameters
    ----------
    path : Path
        The file to write.
    beats, lengths : ndarray of float, shape (n_notes,)
        Onsets and durations in quarter notes.
    pitches : ndarray of int, shape (n_notes,)
        MIDI 0-127.
    metres : sequence of (float, int, int), optional
        Time signatures, as in `Song.metres`; denominators are powers of 2.
    """
    score = symusic.Score(TICKS)
    for beat, numerator, denominator in metres:
        score.time_signatures.append(
            symusic.TimeSignature(round(beat * TICKS), numerator, denominator)
        )
    score.tempos.append(symusic.Tempo(0, 120))
    tracks = _Tracks(score)
    ticks = np.round(np.asarray(beats) * TICKS).astype(int)
    ends = np.round((np.asarray(beats) + np.asarray(lengths)) * TICKS).astype(int)
    for tick, end, pitch in zip(ticks.tolist(), ends.tolist(), pitches, strict=True):
        tracks.add(0, False, symusic.Note(tick, end - tick, int(pitch), 64))
    score.dump_midi(str(path))


def write_song(path: Path, song: Song) -> None:
    """Write a song with its tempo map, time signatures, instruments and loudness.

    Times are rounded to ticks of 1/480 of a quarter note. A song without a tempo map is written at
    120 quarter notes a minute. Where the song was generated or transcribed, each track is named by
    that origin, so that the file says so wherever it goes.

    Parameters
    ----------
    path : Path
        The file to write.
    song : Song
        Any.
    """
    score = symusic.Score(TICKS)
    for second, tempo in song.tempi if len(song.tempi) else [(0.0, 120.0)]:
        score.tempos.append(symusic.Tempo(_ticks(song, second), float(tempo)))
    for beat, numerator, denominator in song.metres.tolist():
        signature = (int(numerator), int(denominator))
        score.time_signatures.append(symusic.TimeSignature(round(beat * TICKS), *signature))
    tracks = _Tracks(score, song.origin if song.generated or song.transcribed else "")
    for note in song.notes:
        begin = _ticks(song, note["onset"])
        length = max(1, _ticks(song, note["onset"] + note["duration"]) - begin)
        one = symusic.Note(begin, length, int(note["pitch"]), int(note["velocity"]))
        tracks.add(int(note["program"]), bool(note["drum"]), one)
    with atomic_write(path) as temporary:
        score.dump_midi(str(temporary))


class _Tracks:
    """The tracks of a file: one for each instrument, and more where it plays a note twice at once.

    On one track a file cannot say which of two notes of one pitch ends.
    """

    def __init__(self, score: symusic.Score, name: str = "") -> None:
        self.score, self.name = score, name
        self.tracks: dict[tuple[int, bool], list[symusic.Track]] = {}
        self.ends: dict[tuple[int, bool, int, int], int] = {}

    def add(self, program: int, is_drum: bool, note: symusic.Note) -> None:
        """Add a note; notes come in the order in which they begin."""
        tracks = self.tracks.setdefault((program, is_drum), [])
        for place in range(len(tracks) + 1):
            key = (program, is_drum, note.pitch, place)
            if self.ends.get(key, 0) <= note.time:
                break
        if place == len(tracks):
            tracks.append(symusic.Track(self.name, program=program, is_drum=is_drum))
            self.score.tracks.append(tracks[-1])
            tracks[-1] = self.score.tracks[-1]
        self.ends[key] = note.time + note.duration
        tracks[place].notes.append(note)


def _ticks(song: Song, second: float) -> int:
    return round(float(song.beats_at(np.array([second]))[0]) * TICKS)
