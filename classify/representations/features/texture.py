"""Texture: how many notes and voices sound at once, and which instruments and drums play."""

import math

import numpy as np

from classify.representations.features.compiled import compiled, inner
from classify.representations.features.lines import (
    BEAT,
    DRUM,
    DURATION,
    END,
    EVENT,
    EVENTS,
    FILLED,
    MELODY,
    NOTES,
    ONSET,
    PITCH,
    PITCHED,
    PROGRAM,
    VELOCITY,
    Lines,
    widest,
)
from classify.representations.features.metre import NEAR
from classify.representations.features.registry import features
from classify.representations.features.statistics import (
    Floats,
    change,
    count,
    entropy,
    greatest,
    mean,
    offset,
    ratio,
    std,
    to_shares,
    total,
)

JSYMBOLIC = "jSymbolic 2.2 catalogue, {} (McKay, Cumming and Fujinaga 2018)"


@inner
def sounding(w: Lines, row: int, times: Floats, now: Floats) -> int:
    """Count the notes that sound at each event, those that begin there included.

    Parameters
    ----------
    times : ndarray, shape (n_notes + NEAR_EVENTS,)
        Room for the times of events, in microseconds.
    now : ndarray, shape (n_notes + 1,)
        Notes that sound: filled.

    Returns
    -------
    int
        Number of events.
    """
    t, a, b, n = w.table, w.begin[PITCHED, row], w.end[PITCHED, row], 0
    for i in range(a, b):
        if i == a or t[EVENT, i] != t[EVENT, i - 1]:
            times[n] = np.rint(t[ONSET, i] * 1e6)
            now[n] = 0.0
            n += 1
    now[n] = 0.0
    times[n : n + NEAR_EVENTS] = math.inf
    event = -1
    for i in range(a, b):
        event += (i == a) | (t[EVENT, i] != t[EVENT, i - 1])
        end = np.rint(min(max(t[END, i], 0.0), 2.0**17) * 1e6)
        now[event] += 1
        now[_ended(times, event, n, end)] -= 1
    for k in range(1, n):
        now[k] += now[k - 1]
    return n


@inner
def _ended(times: Floats, event: int, n: int, end: float) -> int:
    """Find the first event at which a note has ended: among the next, or by steps that double.

    `times` go on with `NEAR_EVENTS` infinities.
    """
    near = event + 1
    for k in range(event + 1, event + 1 + NEAR_EVENTS):
        near += times[k] < end  # times rise; a loop that stops would be a branch
    if near <= event + NEAR_EVENTS:
        return min(near, n)
    step, low, high = NEAR_EVENTS, event + NEAR_EVENTS, n  # at `low` it sounds
    while low + step < n and times[low + step] < end:
        low += step
        step *= 2
    high = min(low + step, n)
    while high - low > 1:
        middle = (low + high) // 2
        if times[middle] < end:
            low = middle
        else:
            high = middle
    return high


#: Events among which the end of most notes is found.
NEAR_EVENTS = 4


@features(
    "texture",
    JSYMBOLIC.format("texture"),
    {
        "polyphony_mean": "notes",
        "polyphony_std": "notes",
        "polyphony_max": "notes",
        "polyphony_one": "share of events",
        "polyphony_two": "share of events",
        "polyphony_three": "share of events",
        "polyphony_four_or_more": "share of events",
        "polyphony_change": "notes",
        "polyphony_time_mean": "sounding seconds a second",
        "event_size_mean": "notes that begin together",
        "event_size_std": "notes that begin together",
        "event_size_max": "notes that begin together",
        "event_single": "share of events",
        "event_chord": "share of events with three notes or more",
        "event_spread": "semitones from lowest to highest, mean of events",
        "event_octaves": "share of events with two notes or more that hold an octave",
        "arpeggio": "share of single events that move by a third to an octave",
        "hand_alternation": "share of single events across middle C, by register",
        "low_notes_per_event": "notes below middle C an event, by register",
        "repeated_notes": "share of notes whose pitch is in the event before",
    },
)
@compiled
def polyphony(w: Lines, out: Floats) -> None:
    """Count notes at once; drums are left out."""
    most = widest(w, PITCHED)
    times, now = np.empty(most + NEAR_EVENTS), np.empty(most + 1)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[PITCHED, row], w.end[PITCHED, row]
        o[:] = 0.0
        n, low, time = sounding(w, row, times, now), 0, 0.0
        for k in range(n):
            o[2 + int(min(now[k], 4.0))] += 1
        for k in range(3, 7):
            o[k] = ratio(o[k], n)
        o[0], o[1], o[2] = mean(now, 0, n), std(now, 0, n), greatest(now, 0, n)
        o[7] = change(now, 0, n)
        for i in range(a, b):
            time += min(w.table[DURATION, i], 30.0)
            low += w.table[PITCH, i] < 60
        o[8] = time / max(w.shared[row, FILLED], 0.05)
        o[18], o[19] = ratio(low, n), _repeated(w, row)
        _sizes(w, row, n, now, o)


@inner
def _sizes(w: Lines, row: int, n: int, sizes: Floats, o: Floats) -> None:
    """Fill in how large events are, and how single notes follow each other."""
    pitch, first, k, chords, singles = w.table[PITCH], w.begin[PITCHED, row], 0, 0, 0
    before, large, spread = 0.0, 0, 0.0
    for i in range(first, w.end[PITCHED, row]):
        if i + 1 < w.end[PITCHED, row] and w.table[EVENT, i + 1] == w.table[EVENT, i]:
            continue
        size = i + 1 - first
        sizes[k] = size
        k += 1
        large += size >= 3
        spread += pitch[i] - pitch[first]
        if size > 1:
            chords += 1
            o[15] += _octave(pitch, first, i + 1)
        else:
            if singles:
                o[16] += 3 <= abs(pitch[i] - before) <= 12
                o[17] += (pitch[i] >= 60) != (before >= 60)
            before = pitch[i]
            singles += 1
        first = i + 1
    o[9], o[10], o[11] = mean(sizes, 0, n), std(sizes, 0, n), greatest(sizes, 0, n)
    o[12], o[13], o[14] = ratio(singles, n), ratio(large, n), ratio(spread, n)
    o[15] = ratio(o[15], chords)
    o[16], o[17] = ratio(o[16], max(singles - 1, 0)), ratio(o[17], max(singles - 1, 0))


@inner
def _octave(pitch: Floats, a: int, b: int) -> bool:
    """Whether an event holds two notes one octave apart, among four neighbours."""
    for i in range(a, b):
        for j in range(i + 1, min(i + 5, b)):
            if pitch[j] - pitch[i] == 12:
                return True
    return False


@inner
def _repeated(w: Lines, row: int) -> float:
    """Share of notes whose pitch is in the event before."""
    pitch, event, a, b = w.table[PITCH], w.table[EVENT], w.begin[PITCHED, row], w.end[PITCHED, row]
    seen, number, again, hit, before = np.full(128, -2), -1, 0, False, -1
    for i in range(a, b):
        key, new = int(pitch[i]), (i == a) | (event[i] != event[i - 1])
        number += new
        hit = hit if (not new) & (key == before) else seen[key] == number - 1  # pitches rise
        again += hit
        seen[key], before = number, key
    return ratio(again, b - a)


#: General MIDI's families of eight programs each.
FAMILIES = ("piano", "chromatic_percussion", "organ", "guitar", "bass", "strings", "ensemble",
            "brass", "reed", "pipe", "synth_lead", "synth_pad", "synth_effects", "ethnic",
            "percussive", "sound_effects")  # fmt: skip

#: First program and the one after the last of instruments that are distinguished; what General MIDI
#: calls guitar harmonics counts with the overdriven and distorted guitars.
KINDS = {"acoustic_guitar": (24, 26), "electric_guitar": (26, 29), "distorted_guitar": (29, 32),
         "saxophone": (64, 68), "acoustic_bass": (32, 33), "electric_piano": (4, 6)}  # fmt: skip


@features(
    "instruments",
    JSYMBOLIC.format("instrumentation") + "; General MIDI families",
    {f"notes_of_{name}": "share of pitched notes" for name in FAMILIES}
    | {f"notes_of_{name}": "share of pitched notes" for name in KINDS}
    | {
        "programs": "instruments",
        "program_entropy": "0-1",
        "program_most_common": "share of pitched notes",
        "melody_program_most_common": "share of melody notes",
    },
)
@compiled
def instruments(w: Lines, out: Floats) -> None:
    """Which families of General MIDI instruments play, and how many instruments."""
    program, table, tune = w.table[PROGRAM], np.zeros(128), np.zeros(128)
    for row in range(len(out)):
        o = out[row]
        o[:] = 0.0
        count(program, w.begin[PITCHED, row], w.end[PITCHED, row], table)
        count(program, w.begin[MELODY, row], w.end[MELODY, row], tune)
        for k in range(128):
            o[22] += table[k] > 0
        to_shares(table)
        to_shares(tune)
        for k in range(128):
            o[k // 8] += table[k]
        for k in range(len(RANGES)):
            o[16 + k] = total(table, RANGES[k, 0], RANGES[k, 1])
        o[23], o[24], o[25] = entropy(table), greatest(table, 0, 128), greatest(tune, 0, 128)


RANGES = np.array(list(KINDS.values()))


#: General MIDI percussion keys, in groups of our own: snares with side stick and clap, closed hats
#: with the pedal, crashes with splash and Chinese cymbal, all bongos, congas and timbales, and what
#: is shaken (tambourine, vibraslap, cabasa, maracas; 82 is the shaker of General MIDI 2).
DRUMS = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),
    "tom": (41, 43, 45, 47, 48, 50),
    "closed_hat": (42, 44),
    "open_hat": (46,),
    "crash": (49, 52, 55, 57),
    "ride": (51, 53, 59),
    "hand_drum": (60, 61, 62, 63, 64, 65, 66),
    "shaker": (54, 58, 69, 70, 82),
}
#: Number of each key's kind, -1 of others.
KIND_OF = np.array([
    next((k for k, keys in enumerate(DRUMS.values()) if key in keys), -1) for key in range(128)
])  # fmt: skip
KICK, SNARE, CLOSED_HAT, OPEN_HAT, RIDE = (
    list(DRUMS).index(name) for name in ("kick", "snare", "closed_hat", "open_hat", "ride")
)


@features(
    "instruments",
    JSYMBOLIC.format("instrumentation") + "; General MIDI percussion",
    {"drum_share": "share of notes", "drums_per_second": "1/s", "drum_kinds": "drums"}
    | {f"drum_{name}": "share of drum notes" for name in DRUMS}
    | {
        "drum_velocity_std": "MIDI velocity",
        "kick_on_beat": "share of kicks",
        "kick_on_odd": "share of kicks on beats 1 and 3",
        "snare_on_beat": "share of snares",
        "snare_on_even": "share of snares on beats 2 and 4",
        "hat_on_half": "share of hi-hats and rides midway between beats",
        "hat_on_quarter": "share of hi-hats and rides on quarters of the beat",
        "hat_on_third": "share of hi-hats and rides on thirds of the beat",
        "kicks_per_beat": "kicks a beat",
        "hats_per_beat": "hi-hats and rides a beat",
    },
)
@compiled
def drums(w: Lines, out: Floats) -> None:
    """Which drums play, and where in the beat; 0 throughout without drums."""
    t, seen = w.table, np.zeros(128)
    for row in range(len(out)):
        o, a, b = out[row], w.begin[NOTES, row], w.end[NOTES, row]
        o[:] = 0.0
        seen[:] = 0.0
        n, kicks, snares, hats, velocity = 0, 0, 0, 0, 0.0
        for i in range(a, b):
            if t[DRUM, i] == 0:
                continue
            n += 1
            velocity += t[VELOCITY, i]
            seen[int(t[PITCH, i])] = 1.0
            kind, beat = KIND_OF[int(t[PITCH, i])], t[BEAT, i]
            if kind >= 0:
                o[3 + kind] += 1
            if kind == KICK:
                kicks += 1
                o[13] += offset(beat, 1.0) < NEAR
                o[14] += offset(beat, 2.0) < NEAR
            elif kind == SNARE:
                snares += 1
                o[15] += offset(beat, 1.0) < NEAR
                o[16] += offset(beat + 1, 2.0) < NEAR
            elif kind in (CLOSED_HAT, OPEN_HAT, RIDE):
                hats += 1
                o[17] += offset(beat + 0.5, 1.0) < NEAR
                o[18] += offset(beat + 0.25, 0.5) < NEAR
                o[19] += abs(offset(beat, 1.0) - 1 / 3) < NEAR
        o[0], o[1] = ratio(n, b - a), ratio(n, w.shared[row, FILLED])
        o[2] = total(seen, 0, 128)
        for k in range(3, 12):
            o[k] = ratio(o[k], n)
        for i in range(a, b):
            if t[DRUM, i] != 0:
                o[12] += (t[VELOCITY, i] - velocity / n) ** 2 / n
        o[12] = math.sqrt(o[12])
        o[13], o[14] = ratio(o[13], kicks), ratio(o[14], kicks)
        o[15], o[16] = ratio(o[15], snares), ratio(o[16], snares)
        for k in range(17, 20):
            o[k] = ratio(o[k], hats)
        first, last = w.begin[EVENTS, row], w.end[EVENTS, row] - 1
        span = max(t[BEAT, last] - t[BEAT, first], 1.0)
        o[20], o[21] = kicks / span, hats / span
