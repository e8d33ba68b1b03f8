"""Recordings that nobody rendered from notes: each ends in a line of its own or in "not sure"."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from classify import api
from classify.inference import saved_model
from classify.inference.prediction import predict
from tests.recordings import RATE, needs_extra, piece, record, sound

SECONDS = 12


def voice(notes: list[tuple[float, float, int]]) -> np.ndarray:
    """Sing: pulses with vibrato through the formants of an open vowel (Peterson, Barney 1952)."""
    time = np.arange(SECONDS * RATE) / RATE
    pitch = np.zeros(len(time))
    for begin, end, number in notes:
        pitch[(time >= begin) & (time < end)] = number - 12
    hertz = 440 * 2 ** ((pitch + 0.3 * np.sin(2 * np.pi * 5.5 * time) - 69) / 12)
    phase = np.cumsum(hertz) / RATE % 1
    source = np.where(pitch > 0, np.diff(phase, prepend=0) < 0, False).astype(float)
    for formant, width in ((730, 90), (1090, 110), (2440, 170)):
        radius = np.exp(-np.pi * width / RATE)
        angle = 2 * np.pi * formant / RATE
        source = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], source)
    return source / np.abs(source).max()


def band() -> np.ndarray:
    """A voice over chords, with a bass drum and a snare."""
    random = np.random.default_rng(0)
    notes = piece()
    lead = [note for note in notes if note[2] > 60]
    chords = sound([note for note in notes if note[2] <= 60])[: SECONDS * RATE]
    mixed = 0.5 * voice(lead)
    mixed[: len(chords)] += 0.5 * chords
    for beat in np.arange(0.5, SECONDS - 1, 0.6):
        at, length = int(beat * RATE), int(0.2 * RATE)
        decay = np.exp(-np.arange(length) / RATE * 25)
        mixed[at : at + length] += 0.5 * decay * np.sin(2 * np.pi * 55 * np.arange(length) / RATE)
        mixed[at + 13230 : at + 13230 + length] += 0.2 * decay * random.standard_normal(length)
    return (0.9 * mixed / np.abs(mixed).max()).astype(np.float32)


def speech(path: Path) -> Path:
    """Let a synthesiser speak, or make syllables where none is installed."""
    if shutil.which("espeak-ng"):
        text = "This is no music. It is a sentence that somebody reads aloud, and then another one."
        subprocess.run(["espeak-ng", "-w", str(path), text], check=True)
        return path
    syllables = [(0.25 * n, 0.25 * n + 0.17, 57 + (5 * n) % 7) for n in range(4 * SECONDS)]
    return record(path, voice(syllables).astype(np.float32))


def claims_ten_hours(path: Path) -> Path:
    """A WAV file whose header states ten hours that are not there."""
    n_bytes = 10 * 3600 * 8000
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", n_bytes + 36, b"WAVE", b"fmt ", 16, 1, 1,
                         8000, 8000, 1, 8, b"data", n_bytes)  # fmt: skip
    path.write_bytes(header + bytes(800))
    return path


@pytest.mark.slow
@needs_extra
def test_every_recording_ends_in_its_line_or_in_not_sure(trained, tmp_path):
    import mutagen

    library = tmp_path / "library"
    mixed = band()
    record(library / "band.flac", mixed)
    tags = mutagen.File(library / "band.flac", easy=True)
    tags["title"], tags["artist"] = "Chords", "The Band"
    tags.save()
    record(library / "clipped.wav", np.clip(8 * mixed, -1, 1))
    record(library / "silent.wav", np.zeros(3 * RATE, np.float32))
    record(library / "noise.wav", np.random.default_rng(0).normal(0, 0.2, SECONDS * RATE))
    speech(library / "speech.wav")
    claims_ten_hours(library / "long.wav")
    (library / "text.mp3").write_text("no recording\n" * 100)
    model = saved_model.load(trained)
    said = predict(model, [library], tmp_path / "moods.csv")
    why = {Path(item.name).name: item.reason for item in said.skipped}
    assert "holds no notes" in why["silent.wav"]
    assert "is not a recording that can be decoded" in why["text.mp3"]
    assert why["long.wav"]
    names = {Path(name).name for name in said.table.song}
    assert names | set(why) == {path.name for path in library.iterdir()}
    assert {"band.flac", "clipped.wav"} <= names
    assert (said.table.prediction == "").all() and not said.table.in_distribution.any()
    (row,) = said.table[said.table.song.str.endswith("band.flac")].to_dict("records")
    assert (row["title"], row["artist"]) == ("Chords", "The Band")
    loud = said.table.set_index(said.table.song.map(lambda name: Path(name).name)).loudness
    assert loud["clipped.wav"] > loud["band.flac"]


@pytest.mark.slow
@needs_extra
def test_a_playlist_of_recordings_points_at_them(trained, tmp_path):
    library = tmp_path / "library"
    for number in range(3):
        shifted = [(begin, end, pitch + number) for begin, end, pitch in piece()]
        record(library / f"An Artist - Piece {number}.flac", sound(shifted))
    table = predict(saved_model.load(trained), [library]).table
    table["prediction"], table["in_distribution"] = table.best, True  # as a listener may decide
    wishes = {"minutes": 0.5, "min_confidence": 0.0, "tempo_change": None}
    api.playlist(table, str(table.best[0]), tmp_path / "list.m3u8", **wishes)
    lines = (tmp_path / "list.m3u8").read_text(encoding="utf-8").splitlines()
    files = [tmp_path / line for line in lines if line and not line.startswith("#")]
    assert files and all(file.suffix == ".flac" and file.is_file() for file in files)
    assert any("An Artist - Piece" in line for line in lines if line.startswith("#EXTINF"))
