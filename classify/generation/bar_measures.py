"""How bars of songs are filled, by what MuseGAN and MidiNet were judged by.

Empty bars (EB), pitch classes used in a bar (UPC), qualified notes (QN: not shorter than a 32nd),
drums in a pattern of sixteenths (DP) and the tonal distance between voices (TD): Dong et al., AAAI
2018, section "Objective metrics"; tonal centroids are those of Harte, Sandler and Gasser 2006. On a
grid of sixteenths all notes are qualified, so that the share of notes longer than a sixteenth
stands beside it. Voices are told by place: the highest and the lowest of notes that begin together,
and all others.
"""

import numpy as np
from numpy.typing import NDArray

from classify.representations import melody as melodies
from classify.representations.sequences import in_beats
from classify.songs import Song

Floats = NDArray[np.float64]

#: What they are called in tables, by the columns of songs.csv.
TITLES = {
    "empty_bars": "empty bars, %",
    "pitch_classes_used": "pitch classes a bar",
    "qualified_notes": "qualified notes, %",
    "long_notes": "longer than a 16th, %",
    "drums_in_pattern": "drums in pattern, %",
    "tonal_distance": "tonal distance",
}

#: Those that are shares.
SHARES = ("empty_bars", "qualified_notes", "long_notes", "drums_in_pattern")

#: Quarter notes of the shortest qualified note, and of a sixteenth; how much shorter a note may be
#: that counts as that long, since players leave gaps.
SHORTEST, SIXTEENTH, GAP = 1 / 8, 1 / 4, 0.9

#: Steps in a quarter note of the grid of drums; what a drum counts that is a step beside a
#: sixteenth.
DRUM_GRID, BESIDE = 24, 0.1


def _centroids() -> Floats:
    """Give the tonal centroid of each pitch class: circles of fifths, minor and major thirds."""
    classes = np.arange(12)
    return np.concatenate([
        [radius * wave(classes * turn * np.pi) for wave in (np.sin, np.cos)]
        for turn, radius in ((7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5))
    ])  # fmt: skip


CENTROIDS = _centroids()


def measure(song: Song) -> dict[str, float]:
    """Measure a song.

    Returns
    -------
    dict of str to float
        Each of `TITLES`; NaN where there is nothing to measure.

    Examples
    --------
    >>> tune = melodies.Melody((60, 64, melodies.REST, 67), (4, 12, 16, 1))
    >>> found = measure(melodies.decode(tune))
    >>> [round(found[name], 2) for name in ("empty_bars", "pitch_classes_used", "long_notes")]
    [0.33, 1.5, 0.67]
    """
    notes = song.notes[np.isfinite(song.notes["beat"])]
    found = dict.fromkeys(TITLES, np.nan)
    drum = notes["drum"]
    if drum.any():
        found["drums_in_pattern"] = _in_pattern(notes["beat"][drum].astype(float))
    if drum.all():
        return found
    begin, end = in_beats(song)
    kept = np.isfinite(song.notes["beat"]) & ~song.notes["drum"]
    begin, end, pitch = begin[kept], end[kept], song.notes["pitch"][kept].astype(int)
    tune = melodies.encode(song)
    assert tune is not None, "notes with beats that are no drums have a melody"
    first = float(begin[0]) - tune.position / tune.ticks_per_beat
    used = _used(begin - first, end - first, pitch, tune.bar_ticks / tune.ticks_per_beat)
    found["empty_bars"] = float(np.mean(~used.any(axis=1)))
    found["pitch_classes_used"] = float(used[used.any(axis=1)].sum(axis=1).mean())
    lengths = end - begin
    found["qualified_notes"] = float(np.mean(lengths >= GAP * SHORTEST))
    found["long_notes"] = float(np.mean(lengths > SIXTEENTH / GAP))
    found["tonal_distance"] = _tonal_distance(begin, end, pitch)
    return found


def _used(begin: Floats, end: Floats, pitch: NDArray[np.int64], unit: float) -> NDArray[np.bool_]:
    """Say which pitch classes sound in each bar, shape (n_bars, 12)."""
    n = int(np.ceil(end.max() / unit - 1e-6))
    used = np.zeros((max(1, n), 12), bool)
    first = np.floor(begin / unit + 1e-6).astype(int).clip(0, len(used) - 1)
    last = (np.ceil(end / unit - 1e-6).astype(int) - 1).clip(first, len(used) - 1)
    for a, b, k in zip(first.tolist(), last.tolist(), (pitch % 12).tolist(), strict=True):
        used[a : b + 1, k] = True
    return used


def _in_pattern(beat: Floats) -> float:
    """Give the share of drums on sixteenths, those beside them counted a little."""
    off = np.round(beat * DRUM_GRID).astype(int) % (DRUM_GRID // 4)
    weights = np.where(off == 0, 1.0, np.where(np.isin(off, (1, DRUM_GRID // 4 - 1)), BESIDE, 0.0))
    return float(weights.mean())


def _tonal_distance(begin: Floats, end: Floats, pitch: NDArray[np.int64]) -> float:
    """Give the mean distance of the tonal centroids of voices, over beats in which both sound."""
    place = np.round(begin * DRUM_GRID).astype(int)
    order = np.lexsort((pitch, place))
    begin, end, pitch, place = begin[order], end[order], pitch[order], place[order]
    highest = np.append(np.diff(place) > 0, True)
    lowest = np.append(True, np.diff(place) > 0) & ~highest
    voices = [highest, lowest, ~highest & ~lowest]
    heard = [_chroma(begin[v], end[v], pitch[v], float(end.max())) for v in voices if v.any()]
    apart = []
    for n, one in enumerate(heard):
        for other in heard[n + 1 :]:
            both = one.any(axis=1) & other.any(axis=1)
            a, b = ((v[both] / v[both].sum(axis=1, keepdims=True)) @ CENTROIDS.T
                    for v in (one, other))  # fmt: skip
            apart += np.linalg.norm(a - b, axis=1).tolist()
    return float(np.mean(apart)) if apart else np.nan


def _chroma(begin: Floats, end: Floats, pitch: NDArray[np.int64], until: float) -> Floats:
    """Say how long each pitch class sounds in each beat, shape (n_beats, 12)."""
    chroma = np.zeros((int(np.ceil(until)) + 1, 12))
    for a, b, k in zip(begin.tolist(), end.tolist(), (pitch % 12).tolist(), strict=True):
        for beat in range(max(0, int(a)), min(len(chroma), int(np.ceil(b)))):
            chroma[beat, k] += max(0.0, min(b, beat + 1) - max(a, beat))
    return chroma
