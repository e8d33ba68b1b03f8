"""Texture: how many notes and voices sound at once, and which instruments and drums play."""

import numpy as np
from numpy.typing import NDArray

from classify.representations.features.batch import WindowBatch, WindowNotes
from classify.representations.features.metre import NEAR, in_beats, offset
from classify.representations.features.ragged import Floats, Ragged, changes, entropy, ragged, ratio
from classify.representations.features.registry import features

JSYMBOLIC = "jSymbolic 2.2 catalogue, {} (McKay, Cumming and Fujinaga 2018)"


def sounding(notes: WindowNotes) -> Ragged:
    """Count the notes that sound at each event, those that begin there included."""
    key = notes.row << 38
    ends = np.sort(key + np.round(np.clip(notes.end, 0, 2**17) * 1e6).astype(np.int64))
    lasts = notes.lasts
    now = key[lasts] + np.round(notes.onset[lasts] * 1e6).astype(np.int64) + 1
    starts = notes.places.starts[notes.row[lasts]]
    begun, ended = lasts + 1 - starts, np.searchsorted(ends, now) - starts
    # a note of no length has ended where it begins, and still counts there
    new = lasts - notes.firsts + 1
    return ragged(np.maximum(begun - ended, new), notes.row[lasts], notes.n_rows)


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
def polyphony(batch: WindowBatch) -> list[Floats]:
    """Count notes at once; drums are left out."""
    notes = batch.pitched
    now = sounding(notes)
    firsts, lasts = notes.firsts, notes.lasts
    size = now.of(lasts - firsts + 1)
    spread = now.of(notes.pitch[lasts] - notes.pitch[firsts])
    single = now.of(notes.pitch[lasts]).where(size.values == 1)
    moves = single.steps()
    side = single.of((single.values >= 60).astype(int)).steps()
    low = notes.of(notes.pitch < 60)
    kinds = (now.values == 1, now.values == 2, now.values == 3, now.values >= 4)
    return [
        now.mean(),
        now.std(),
        now.max(),
        *(now.of(kind).mean() for kind in kinds),
        now.change(),
        ratio(notes.of(np.minimum(notes.duration, 30)).total(), np.maximum(batch.filled, 0.05)),
        size.mean(),
        size.std(),
        size.max(),
        size.of(size.values == 1).mean(),
        size.of(size.values >= 3).mean(),
        spread.mean(),
        spread.where(size.values > 1).of(_octaves(notes)[size.values > 1]).mean(),
        moves.of((np.abs(moves.values) >= 3) & (np.abs(moves.values) <= 12)).mean(),
        side.of(side.values != 0).mean(),
        ratio(low.total(), size.counts),
        _repeated(notes),
    ]


def _octaves(notes: WindowNotes) -> NDArray[np.bool_]:
    """Whether each event holds two notes one octave apart, among its four nearest neighbours."""
    doubled = np.zeros(len(notes), bool)
    for lag in range(1, 5):
        same = notes.event[:-lag] == notes.event[lag:]
        doubled[:-lag] |= same & (notes.pitch[lag:] - notes.pitch[:-lag] == 12)
    return np.logical_or.reduceat(doubled, notes.firsts) if len(notes) else doubled


def _repeated(notes: WindowNotes) -> Floats:
    number = np.cumsum(changes(notes.event))
    key = (number << 7) + notes.pitch
    wanted = key - (1 << 7)
    place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    same_row = notes.row[place] == notes.row
    return notes.of((key[place] == wanted) & same_row).mean()


#: General MIDI's families of eight programs each.
FAMILIES = ("piano", "chromatic_percussion", "organ", "guitar", "bass", "strings", "ensemble",
            "brass", "reed", "pipe", "synth_lead", "synth_pad", "synth_effects", "ethnic",
            "percussive", "sound_effects")  # fmt: skip

#: First program and the one after the last of instruments that are told apart; what General MIDI
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
def instruments(batch: WindowBatch) -> list[Floats]:
    """Which families of General MIDI instruments play, and how many instruments."""
    notes, melody = batch.pitched, batch.melody
    program = notes.of(notes.program)
    table = program.histogram(128)
    return [
        table.reshape(len(batch), 16, 8).sum(axis=2),
        *(table[:, a:b].sum(axis=1) for a, b in KINDS.values()),
        program.distinct().astype(float),
        entropy(table),
        table.max(axis=1),
        melody.of(melody.program).histogram(128).max(axis=1),
    ]


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
def drums(batch: WindowBatch) -> list[Floats]:
    """Which drums play, and where in the beat; 0 throughout without drums."""
    everything = batch.notes
    notes = in_beats(batch, everything.where(everything.drum))
    count = notes.of(notes.row).counts
    of_kind = {name: np.isin(notes.pitch, keys) for name, keys in DRUMS.items()}
    hat = of_kind["closed_hat"] | of_kind["open_hat"] | of_kind["ride"]
    beat = notes.of(notes.beat)
    kick, snare, hats = beat.where(of_kind["kick"]), beat.where(of_kind["snare"]), beat.where(hat)
    events = in_beats(batch, batch.events)
    all_beats = events.of(events.beat)
    span = np.maximum(all_beats.last() - all_beats.first(), 1)
    odd = kick.of(offset(kick.values, 2) < NEAR)
    even = snare.of(offset(snare.values + 1, 2) < NEAR)
    return [
        everything.of(everything.drum).mean(),
        ratio(count, batch.filled),
        notes.of(notes.pitch).distinct().astype(float),
        *(notes.of(kind).mean() for kind in of_kind.values()),
        notes.of(notes.velocity).std(),
        kick.of(offset(kick.values, 1) < NEAR).mean(),
        odd.mean(),
        snare.of(offset(snare.values, 1) < NEAR).mean(),
        even.mean(),
        hats.of(offset(hats.values + 0.5, 1) < NEAR).mean(),
        hats.of(offset(hats.values + 0.25, 0.5) < NEAR).mean(),
        hats.of(np.abs(offset(hats.values, 1) - 1 / 3) < NEAR).mean(),
        kick.counts / span,
        hats.counts / span,
    ]
