"""A piece whose notes are known, and the sound of it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

RATE = 44100

#: For tests that transcribe: the libraries are an extra, and the model takes seconds.
needs_extra = pytest.mark.skipif(
    importlib.util.find_spec("basic_pitch") is None, reason="needs the audio extra: make audio"
)

CHORDS = [(48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50)]  # C, Am, F, G
MELODY = [72, 76, 79, 76, 77, 74, 72, 71]


def piece(n_bars: int = 4) -> list[tuple[float, float, int]]:
    """Onset and end in seconds and MIDI pitch of every note: 2.4 s a bar, a chord and quavers."""
    notes = []
    for bar in range(n_bars):
        begin = 0.5 + 2.4 * bar
        notes += [(begin, begin + 2.3, pitch) for pitch in CHORDS[bar % 4]]
        for place in range(8):
            onset = begin + 0.3 * place
            notes.append((onset, onset + 0.28, MELODY[(place + 3 * bar) % 8]))
    return notes


def sound(notes: list[tuple[float, float, int]]) -> np.ndarray:
    """Render notes as struck strings: eight partials, the higher the fainter and the shorter.

    The partials lie a little above the multiples of the fundamental, as a piano's do
    (f_h = h f sqrt(1 + B h^2), B = 0.0004).
    """
    partial = np.arange(1, 9)[:, np.newaxis]
    samples = np.zeros(int((max(end for _, end, _ in notes) + 1) * RATE))
    for onset, end, pitch in notes:
        time = np.arange(int((end - onset) * RATE)) / RATE
        hertz = 440 * 2 ** ((pitch - 69) / 12) * partial * np.sqrt(1 + 4e-4 * partial**2)
        partials = np.sin(2 * np.pi * hertz * time) * np.exp(-(1.5 + 1.5 * partial) * time)
        tone = (partials / partial**2).sum(axis=0)
        tone *= np.minimum(1, time / 0.005) * np.minimum(1, (time[-1] - time) / 0.03)
        begin = round(onset * RATE)
        samples[begin : begin + len(time)] += tone
    return (0.8 * samples / np.abs(samples).max()).astype(np.float32)


def record(path: Path, samples: np.ndarray, rate: int = RATE, **kind: str) -> Path:
    """Write samples to a recording; its ending says the format, and `kind` more of it."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **kind)
    return path
