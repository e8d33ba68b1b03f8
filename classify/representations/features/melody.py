"""Melody (the skyline), bass, phrases, and how the two outer voices move against each other."""

import numpy as np

from classify.representations.features.batch import WindowBatch, WindowNotes
from classify.representations.features.key import window_keys
from classify.representations.features.ragged import Floats, entropy, modulo, ragged, ratio
from classify.representations.features.registry import features

JSYMBOLIC = "jSymbolic 2.2 catalogue, melody (McKay, Cumming and Fujinaga 2018)"

#: Intervals beyond an octave count as one.
WIDEST = 12

#: A phrase ends with a note whose gap to the next is at least so many times the median gap.
PAUSE = 2.0

CLASSES = {
    "repeated": (0, 0),
    "step": (1, 2),
    "third": (3, 4),
    "fourth_fifth": (5, 7),
    "sixth_seventh": (8, 11),
    "octave": (12, 12),
    "wide": (13, 127),
}


@features(
    "melody",
    JSYMBOLIC,
    {
        "melody_pitch_mean": "MIDI pitch",
        "melody_pitch_std": "semitones",
        "melody_range": "semitones",
        "melody_q10": "MIDI pitch",
        "melody_q90": "MIDI pitch",
        "melody_pitch_trend": "correlation with time",
        "melody_arch": "correlation with an arch",
        "melody_change": "semitones",
        "melody_last_height": "semitones above the melody's mean",
        "melody_first_height": "semitones above the melody's mean",
        "melody_share": "melody notes a note",
    },
)
def line(batch: WindowBatch) -> list[Floats]:
    """Height and shape of the melody; an arch is highest in the middle of the window."""
    melody = batch.melody
    pitch = melody.of(melody.pitch)
    mean = pitch.mean()
    bent = 1 - (2 * pitch.progress - 1) ** 2
    return [
        mean,
        pitch.std(),
        pitch.max() - pitch.min(),
        pitch.quantiles(0.1, 0.9),
        pitch.correlation(pitch.progress),
        pitch.correlation(bent),
        pitch.change(),
        pitch.last() - mean,
        pitch.first() - mean,
        ratio(pitch.counts, batch.pitched.of(batch.pitched.row).counts),
    ]


@features(
    "melody",
    JSYMBOLIC,
    {f"melody_{name}": "share of melodic intervals" for name in CLASSES}
    | {
        "melody_interval_mean": "semitones",
        "melody_interval_size": "semitones",
        "melody_interval_std": "semitones",
        "melody_up_size": "semitones",
        "melody_down_size": "semitones",
        "melody_up": "share of melodic intervals",
        "melody_up_of_moves": "share of intervals that are no repetition",
        "melody_chromatic": "share of melodic intervals",
        "melody_interval_entropy": "0-1",
        "melody_interval_most_common": "share of melodic intervals",
    }
    | {
        f"melody_interval_{'down' if i < 0 else 'up'}_{abs(i)}": "share of melodic intervals"
        for i in range(-WIDEST, WIDEST + 1)
        if i
    },
)
def intervals(batch: WindowBatch) -> list[Floats]:
    """Sizes and directions of successive intervals; beyond an octave they count as octaves."""
    moves = batch.melody.of(batch.melody.pitch).steps()
    size = moves.of(np.abs(moves.values))
    kinds = [size.of((size.values >= a) & (size.values <= b)).mean() for a, b in CLASSES.values()]
    table = moves.of(np.clip(moves.values, -WIDEST, WIDEST) + WIDEST).histogram(2 * WIDEST + 1)
    up, down = moves.where(moves.values > 0), moves.where(moves.values < 0)
    return [
        *kinds,
        moves.mean(),
        size.mean(),
        size.std(),
        up.mean(),
        -down.mean(),
        moves.of(moves.values > 0).mean(),
        ratio(up.counts, up.counts + down.counts),
        moves.of(size.values == 1).mean(),
        entropy(table),
        table.max(axis=1),
        np.delete(table, WIDEST, axis=1),
    ]


@features(
    "melody",
    "jSymbolic 2.2 (melodic arcs); Narmour 1990; von Hippel and Huron 2000",
    {
        "melody_turns": "share of melody notes",
        "melody_arc_length": "notes",
        "melody_arc_size": "semitones",
        "melody_step_inertia": "share of steps followed by a step on",
        "melody_leap_return": "share of leaps turned back",
        "melody_leap_fill": "share of leaps followed by a step back",
        "melody_interval_autocorrelation": "correlation",
        "melody_mobility": "correlation of pitch with the pitch before",
        "melody_trill": "share of notes equal to the one before last",
    },
)
def contour(batch: WindowBatch) -> list[Floats]:
    """Arcs, inertia and gap filling. Repetitions are passed over in search of turns."""
    pitch = batch.melody.of(batch.melody.pitch)
    moves = pitch.steps()
    moves = moves.where(moves.values != 0)
    before, after = moves.pairs()
    a, b = moves.values[before], moves.values[after]
    pair = ragged(a, moves.row[before], moves.n_rows)
    turns = pair.of(np.sign(a) != np.sign(b))
    n_arcs = turns.total() + (moves.counts > 0)
    step, leap = (np.abs(a) <= 2), (np.abs(a) >= 5)
    back = np.sign(a) == -np.sign(b)
    on = pair.of(~back & (np.abs(b) <= 2))
    here, there = pitch.pairs()
    two_back = pitch.pairs(2)
    lagged = ragged(pitch.values[here], pitch.row[here], pitch.n_rows)
    return [
        ratio(turns.total(), pitch.counts),
        ratio(moves.counts, n_arcs),
        ratio(moves.of(np.abs(moves.values)).total(), n_arcs),
        on.where(step).mean(),
        pair.of(back).where(leap).mean(),
        pair.of(back & (np.abs(b) <= 2)).where(leap).mean(),
        pair.correlation(b),
        lagged.correlation(pitch.values[there]),
        ragged(
            pitch.values[two_back[0]] == pitch.values[two_back[1]],
            pitch.row[two_back[0]],
            pitch.n_rows,
        ).mean(),
    ]


@features(
    "melody",
    JSYMBOLIC + ", bass",
    {
        "bass_pitch_mean": "MIDI pitch",
        "bass_range": "semitones",
        "bass_repeated": "share of bass intervals",
        "bass_step": "share of bass intervals",
        "bass_third": "share of bass intervals",
        "bass_fourth_fifth": "share of bass intervals",
        "bass_octave": "share of bass intervals",
        "bass_interval_size": "semitones",
        "bass_up": "share of bass intervals",
        "bass_falling_fifth": "share of bass intervals",
        "bass_share": "bass notes a note",
        "outer_distance": "semitones between melody and bass",
    },
)
def bass_line(batch: WindowBatch) -> list[Floats]:
    """How the lowest line moves; a falling fifth may also be a rising fourth."""
    bass = batch.bass
    pitch = bass.of(bass.pitch)
    moves = pitch.steps()
    size = np.abs(moves.values)
    return [
        pitch.mean(),
        pitch.max() - pitch.min(),
        moves.of(size == 0).mean(),
        moves.of((size == 1) | (size == 2)).mean(),
        moves.of((size == 3) | (size == 4)).mean(),
        moves.of((size >= 5) & (size <= 7)).mean(),
        moves.of(size == 12).mean(),
        moves.of(size).mean(),
        moves.of(moves.values > 0).mean(),
        moves.of((moves.values == -7) | (moves.values == 5)).mean(),
        ratio(pitch.counts, batch.pitched.of(batch.pitched.row).counts),
        batch.melody.of(batch.melody.pitch).mean() - pitch.mean(),
    ]


@features(
    "melody",
    "Huron 2001 (motion of outer voices)",
    {
        "outer_parallel": "share of steps in which both move",
        "outer_contrary": "share of steps in which both move",
        "outer_oblique": "share of steps",
        "outer_both_share": "share of events with melody and bass",
    },
)
def motion(batch: WindowBatch) -> list[Floats]:
    """Melody against bass, from event to event in which both begin a note."""
    notes = batch.pitched
    low, high = notes.pitch[notes.firsts], notes.pitch[notes.lasts]
    row = notes.row[notes.firsts]
    both = high > low
    top = ragged(high[both], row[both], notes.n_rows).steps()
    bottom = ragged(low[both], row[both], notes.n_rows).steps()
    sign = np.sign(top.values) * np.sign(bottom.values)
    moving = top.of(sign).where(sign != 0)
    still = (top.values == 0) != (bottom.values == 0)
    return [
        moving.of(moving.values > 0).mean(),
        moving.of(moving.values < 0).mean(),
        top.of(still).mean(),
        ragged(both, row, notes.n_rows).mean(),
    ]


def phrase_ends(melody: WindowNotes) -> np.ndarray:
    """Whether a melody note is followed by a pause (or by nothing, at the window's end)."""
    gaps = melody.of(melody.gaps)
    known = ~np.isnan(melody.gaps)
    median = gaps.where(known).quantiles(0.5)[:, 0][melody.row]
    return ~known | ((melody.gaps >= PAUSE * median - 1e-6) & (median > 0))


@features(
    "melody",
    "after Cambouropoulos 2001 (boundaries at long gaps)",
    {
        "phrase_length": "melody notes",
        "phrase_end_tonic": "share of phrase ends",
        "phrase_end_third": "share of phrase ends",
        "phrase_end_fifth": "share of phrase ends",
        "phrase_end_other": "share of phrase ends",
        "phrase_end_fall": "share of phrase ends reached from above",
        "phrase_end_interval": "semitones, mean size",
        "phrase_end_height": "semitones above the melody's mean",
        "phrase_end_length": "times the melody's mean note",
        "phrase_start_height": "semitones above the melody's mean",
        "last_note_tonic": "0-1",
        "last_note_third": "0-1",
        "last_note_fifth": "0-1",
        "first_note_tonic": "0-1",
        "first_note_fifth": "0-1",
        "last_bass_tonic": "0-1",
    },
)
def phrases(batch: WindowBatch) -> list[Floats]:
    """Look at ends of phrases, and at the window's first and last note, from the tonic."""
    melody, tonic = batch.melody, batch.once(window_keys).tonic
    degree = modulo(melody.pitch - tonic[melody.row], 12)
    pitch, length = melody.of(melody.pitch), melody.of(melody.duration)
    ends = phrase_ends(melody)
    at_end = melody.of(degree).where(ends)
    kinds = [at_end.of(np.isin(at_end.values, d)) for d in ((0,), (3, 4), (7,))]
    other = at_end.of(~np.isin(at_end.values, (0, 3, 4, 7)))
    here, there = pitch.pairs()
    into = ragged(pitch.values[there] - pitch.values[here], pitch.row[there], pitch.n_rows)
    into = into.where(ends[there])
    starts = np.r_[False, ends[:-1]] | (pitch.places.number == 0)
    outer = [melody.of(degree).last(), melody.of(degree).first()]
    some = pitch.counts > 0
    bass = from_bass(batch, tonic)
    return [
        ratio(pitch.counts, at_end.counts),
        *(kind.mean() for kind in kinds),
        other.mean(),
        into.of(into.values < 0).mean(),
        into.of(np.abs(into.values)).mean(),
        pitch.where(ends).mean() - pitch.mean(),
        ratio(length.where(ends).mean(), length.mean()),
        pitch.where(starts).mean() - pitch.mean(),
        *(some & np.isin(outer[0], d) for d in ((0,), (3, 4), (7,))),
        *(some & np.isin(outer[1], d) for d in ((0,), (7,))),
        some & (bass == 0),
    ]


def from_bass(batch: WindowBatch, tonic: np.ndarray) -> Floats:
    """Last bass note in semitones above the tonic, 0-11."""
    return (batch.bass.of(batch.bass.pitch).last() - tonic) % 12


@features(
    "melody",
    "transitions between tones of a key, after Krumhansl 1990",
    {
        f"melody_{a}_to_{b}": "share of melodic intervals"
        for a, b in (("5", "1"), ("7", "1"), ("2", "1"), ("1", "5"), ("1", "3"), ("3", "1"),
                     ("3", "2"), ("4", "3"), ("5", "4"), ("5", "3"), ("3", "5"), ("5", "6"),
                     ("6", "5"), ("1", "1"), ("5", "5"), ("1", "2"), ("2", "3"), ("1", "7"))
    },
)  # fmt: skip
def transitions(batch: WindowBatch) -> list[Floats]:
    """Scale degree to scale degree, where thirds, sixths and sevenths are of either size."""
    melody, tonic = batch.melody, batch.once(window_keys).tonic
    step = np.array([1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7])
    degree = melody.of(step[modulo(melody.pitch - tonic[melody.row], 12)])
    here, there = degree.pairs()
    code = ragged(8 * degree.values[here] + degree.values[there], degree.row[here], degree.n_rows)
    table = code.histogram(64)
    wanted = (51, 71, 21, 15, 13, 31, 32, 43, 54, 53, 35, 56, 65, 11, 55, 12, 23, 17)
    return [table[:, [8 * (w // 10) + w % 10 for w in wanted]]]
