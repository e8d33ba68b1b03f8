"""MIDI files to Songs, and notes to MIDI files, with symusic.

symusic reads several thousand files a second and refuses damaged ones with a RuntimeError, but
its messages speak to programmers. The containers are therefore looked at here first, so that the
reason a file was left out reads as a sentence.
"""

import hashlib
import struct
from pathlib import Path

import numpy as np
import symusic

from classify.songs.song import NOTE, Song, UnusableSong, check

#: File endings that are read as MIDI.
ENDINGS = (".mid", ".midi")


def read(path: Path) -> Song:
    """Read one MIDI file.

    Parameters
    ----------
    path : Path
        A Standard MIDI File.

    Returns
    -------
    Song
        Every note of every track, drums included, in seconds and in beats.

    Raises
    ------
    UnusableSong
        If the file cannot be opened, is no MIDI file, is cut short, or holds no notes.
    """
    if path.exists() and not path.is_file():
        raise UnusableSong("is not a file that can be read from start to end")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnusableSong(f"cannot be opened: {error.strerror}") from None
    return parse(data, path)


def parse(data: bytes, path: Path) -> Song:
    """Make a Song of the bytes of a MIDI file; `path` only names it. Raises as `read` does."""
    _check_container(data)
    try:
        score = symusic.Score.from_midi(_plain_header(data))
        in_seconds = score.to("second")
    except Exception as error:  # symusic raises bare RuntimeErrors and, rarely, its own kinds
        said = str(error).removeprefix("MiniMidi: ").removesuffix(": iostream error")
        raise UnusableSong(f"is a damaged MIDI file: {said}") from None
    tempi = np.array([(t.time, t.qpm) for t in in_seconds.tempos], dtype=float).reshape(-1, 2)
    if not np.isfinite(tempi[:, 1]).all() or (tempi[:, 1] <= 0).any():
        raise UnusableSong("sets a tempo of 0 microseconds per quarter note")
    digest = hashlib.sha256(data).hexdigest()
    song = Song(_notes(score, in_seconds), path, path.stem, tempi, digest)
    check(song)
    return song


def _notes(score: "symusic.Score", in_seconds: "symusic.Score") -> np.ndarray:
    """All tracks as one sorted NOTE array; the two scores hold the same notes in two units."""
    parts = []
    for by_tick, by_second in zip(score.tracks, in_seconds.tracks, strict=True):
        table = by_second.notes.numpy()
        part = np.zeros(len(table["time"]), NOTE)
        part["onset"], part["duration"] = table["time"], table["duration"]
        part["beat"] = by_tick.notes.numpy()["time"] / score.ticks_per_quarter
        part["pitch"], part["velocity"] = table["pitch"], table["velocity"]
        part["program"], part["drum"] = by_second.program, by_second.is_drum
        parts.append(part)
    notes = np.concatenate(parts) if parts else np.zeros(0, NOTE)
    return notes[np.lexsort((notes["pitch"], notes["onset"]))]


def _check_container(data: bytes) -> None:
    """Name what is wrong with the file as a container (SMF 1.0: MThd, then MTrk chunks)."""
    if not data:
        raise UnusableSong("is an empty file (0 bytes)")
    if data[:4] != b"MThd":
        begins = data[:12].decode("ascii", "replace")
        raise UnusableSong(
            f"is not a MIDI file: it begins with {begins!r}, and a MIDI file begins with 'MThd'"
        )
    if len(data) < 14:
        raise UnusableSong(f"is cut short: {len(data)} bytes, and a MIDI header alone has 14")
    length, _, n_tracks, division = struct.unpack(">IHHH", data[4:14])
    if division == 0:
        raise UnusableSong("has 0 ticks per quarter note, so its notes have no times")
    if division >= 0x8000:
        raise UnusableSong("counts time in SMPTE frames; only ticks per quarter note can be read")
    place, track = 8 + length, 0
    while track < n_tracks and place < len(data):
        kind, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
        track += kind == b"MTrk"
        what = f"track {track} of {n_tracks}" if kind == b"MTrk" else f"a chunk after track {track}"
        place += 8 + size
        if place > len(data):
            raise UnusableSong(
                f"is cut short: {what} promises {size:,} bytes, "
                f"and {max(0, len(data) - place + size):,} are there"
            )
    if track < n_tracks:
        raise UnusableSong(f"is cut short: {n_tracks} tracks are promised, and {track} are there")


def _plain_header(data: bytes) -> bytes:
    """Cut a longer header to the six bytes that mean something, as the SMF standard allows."""
    length = int.from_bytes(data[4:8], "big")
    return (
        data if length == 6 else data[:4] + (6).to_bytes(4, "big") + data[8:14] + data[8 + length :]
    )


def write(path: Path, beats: np.ndarray, lengths: np.ndarray, pitches: np.ndarray) -> None:
    """Write a one-voice MIDI file at 120 quarter notes a minute.

    Parameters
    ----------
    path : Path
        The file to write.
    beats, lengths : ndarray of float, shape (n_notes,)
        Onsets and durations in quarter notes.
    pitches : ndarray of int, shape (n_notes,)
        MIDI 0-127.
    """
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 120))
    track = symusic.Track(program=0, is_drum=False)
    ticks = np.round(np.asarray(beats) * 480).astype(int)
    ends = np.round((np.asarray(beats) + np.asarray(lengths)) * 480).astype(int)
    for tick, end, pitch in zip(ticks, ends, pitches, strict=True):
        track.notes.append(symusic.Note(int(tick), int(end - tick), int(pitch), 64))
    score.tracks.append(track)
    score.dump_midi(str(path))
