"""Songs come back from rows: what each representation says that it keeps, it keeps."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify.corpora import builtin, builtin_scores
from classify.representations import compound, performance_events
from classify.representations.compound import COMPOUND
from classify.representations.grid import GRID_16, GRID_48, GRID_TRIPLETS, HOLD, SILENCE, Grid
from classify.representations.performance_events import PERFORMANCE_EVENTS
from classify.representations.piano_roll import (
    DRUMS,
    PIANO_ROLL,
    TRACK_OF,
    TRACK_ROLL,
    TRACKS,
)
from classify.representations.reference import piece
from classify.representations.sequences import note_array, song_of
from classify.representations.windows import WindowSettings, cut
from classify.songs import midi


def sounding(symbols):
    """Replace what holds by what is held."""
    symbols = symbols.copy()
    for step in range(1, len(symbols)):
        symbols[step] = np.where(symbols[step] == HOLD, symbols[step - 1], symbols[step])
    return symbols


#: Of each representation: what it counts time in, steps of it, and half a bin of velocity.
ROOMY = Grid("roomy", 12, voices=32)
KEEPS = {
    ROOMY: ("beat", 12, None),
    PIANO_ROLL: ("beat", 4, 0),
    TRACK_ROLL: ("beat", 4, 0),
    PERFORMANCE_EVENTS: ("onset", 100, 2),
    COMPOUND: ("beat", 12, 2),
}
#: Representations that make one note, the louder, of two that begin together on a pitch.
MERGE = (PIANO_ROLL, TRACK_ROLL, PERFORMANCE_EVENTS)


def rich_song():
    """Chords, two instruments and drums, 6/8 after an upbeat, a tempo that changes in a bar."""
    draw = np.random.default_rng(0)
    step = np.cumsum(np.append(0, draw.choice([0.25, 0.5, 1 / 3, 1, 2], 59)))
    step = np.repeat(step, 3)
    song = replace(
        piece(),
        tempi=np.array([[0.0, 90.0], [3.1, 133.0], [9.7, 61.5]]),
        metres=np.array([[0.0, 1.0, 4.0], [1.0, 6.0, 8.0], [37.0, 3.0, 4.0]]),
    )
    begin = song.seconds_at(step)
    notes = note_array(
        onset=begin,
        duration=song.seconds_at(step + draw.choice([0.25, 0.5, 1.5], len(step))) - begin,
        beat=step,
        pitch=np.tile([43, 60, 71], 60) + draw.integers(0, 5, len(step)),
        velocity=draw.integers(1, 128, len(step)),
        program=np.tile([33, 0, 0], 60),
    )
    notes["drum"][::30] = True
    notes["program"][::30] = 0
    return song_of(notes, song.tempi, song.metres, "rich")


def events(given, song):
    """Nearest step, pitch, instrument, drum and velocity of the notes that should be kept."""
    field, per_unit, _ = KEEPS[given]
    notes = song.notes
    program = np.zeros(len(notes), int)
    if given is COMPOUND:
        program = np.where(notes["drum"], 0, notes["program"])
    if given is TRACK_ROLL:
        track = np.where(notes["drum"], DRUMS, TRACK_OF[notes["program"]])
        program = np.array(list(TRACKS.values()))[track]
    step = np.round(notes[field].astype(float) * per_unit)
    rows = np.stack([step, notes["pitch"], program, notes["drum"], notes["velocity"]], 1)
    rows = rows.astype(int)
    if given not in (COMPOUND, TRACK_ROLL):
        rows = rows[~notes["drum"]]
    rows = rows[np.lexsort(rows.T[::-1])]
    if given in MERGE:
        same_as_next = (rows[1:, :4] == rows[:-1, :4]).all(axis=1)
        rows = rows[np.append(~same_as_next, True)]
    return rows


def check_round_trip(given, song):
    """Pitches and instruments exactly, onsets at the nearest step, velocities to half a bin."""
    one, other = events(given, song), events(given, given.song(given.rows(song).table))
    np.testing.assert_array_equal(other[:, :4], one[:, :4])
    half_bin = KEEPS[given][2]
    if half_bin is not None:
        assert np.abs(other[:, 4] - one[:, 4]).max() <= half_bin


@pytest.mark.parametrize("given", KEEPS, ids=lambda given: given.name)
@pytest.mark.parametrize("make", [piece, rich_song])
def test_songs_come_back(given, make):
    check_round_trip(given, make())


@pytest.mark.parametrize("given", KEEPS, ids=lambda given: given.name)
def test_real_songs_come_back(given, real_data):
    paths = sorted(real_data.glob("*/midi/*.mid"))
    for path in [paths[i] for i in np.linspace(0, len(paths) - 1, 25).astype(int)]:
        check_round_trip(given, midi.read(path))


@pytest.mark.parametrize("given", [ROOMY, PIANO_ROLL, COMPOUND], ids=lambda given: given.name)
def test_tempo_and_time_signatures_come_back(given):
    song = rich_song()
    back = given.song(given.rows(song).table)
    np.testing.assert_array_equal(back.metres, song.metres)
    beats = np.arange(0, 50, 0.5)
    relative = 0.02 if given is COMPOUND else 1e-5  # bins of tempo, and changes between notes
    np.testing.assert_allclose(
        np.diff(back.seconds_at(beats)).sum(), np.diff(song.seconds_at(beats)).sum(), rtol=relative
    )


@pytest.mark.parametrize("given", [GRID_16, GRID_48, GRID_TRIPLETS], ids=lambda given: given.name)
def test_a_grid_holds_as_many_notes_as_it_has_voices(given):
    table = given.rows(rich_song()).table
    symbols = table[:, 4:]
    assert symbols.shape[1] == 4 and set(np.unique(symbols)) <= set(range(SILENCE + 1))
    assert not (symbols[0] == HOLD).any()
    begins = given.song(table).notes["beat"].astype(float) * given.steps_per_beat
    np.testing.assert_allclose(begins, begins.round(), atol=1e-3)


def test_of_more_notes_than_voices_the_outer_ones_stay():
    chord = note_array(pitch=[48, 55, 60, 64, 67, 72], duration=1.0, velocity=64)
    song = song_of(chord, [[0, 60]], [[0, 4, 4]], "chord")
    kept = GRID_16.song(GRID_16.rows(song).table).notes["pitch"]
    assert kept.tolist() == [48, 64, 67, 72]


def test_triplets_are_exact_on_their_grid_and_not_on_sixteenths():
    beats = np.arange(12) / 3
    notes = note_array(onset=beats, beat=beats, duration=1 / 3, pitch=60, velocity=64)
    song = song_of(notes, [[0, 60]], [[0, 4, 4]], "triplets")
    for given, exact in ((GRID_TRIPLETS, True), (GRID_48, True), (GRID_16, False)):
        back = given.song(given.rows(song).table).notes
        assert np.allclose(back["onset"], beats, atol=1e-6) == exact


def test_performances_have_no_grid_and_errors_do_not_add_up():
    onsets = np.cumsum(np.full(1000, 0.0149))
    notes = note_array(onset=onsets, duration=0.01, pitch=np.arange(1000) % 100, velocity=64)
    back = PERFORMANCE_EVENTS.song(PERFORMANCE_EVENTS.rows(song_of(notes, [], [], "x")).table)
    assert np.abs(back.notes["onset"] - onsets).max() <= 0.0051


def test_a_note_ends_where_the_next_on_its_pitch_begins():
    notes = note_array(onset=[0, 1, 1], duration=[2, 1, 1], pitch=60, velocity=[9, 50, 70])
    back = PERFORMANCE_EVENTS.song(PERFORMANCE_EVENTS.rows(song_of(notes, [], [], "x")).table)
    assert back.notes["onset"].tolist() == [0, 1] and back.notes["duration"].tolist() == [1, 1]
    assert back.notes["velocity"].tolist() == [10, 70]


def test_any_events_make_a_song():
    draw = np.random.default_rng(1)
    for _ in range(20):
        events = draw.integers(0, performance_events.EVENTS, 300)
        notes = PERFORMANCE_EVENTS.song(events[:, None]).notes
        assert (notes["duration"] > 0).all() and (np.diff(notes["onset"]) >= 0).all()


def test_compound_rows_count_bars():
    song = rich_song()
    rows = COMPOUND.rows(song).table.astype(int)
    assert rows[:, compound.STEP].max() < rows[:, compound.BAR_LENGTH].max()
    assert rows[:, compound.BAR].sum() == 1 + int(song.notes["beat"][-1] - 1) // 3


@pytest.mark.parametrize("given", [PIANO_ROLL, COMPOUND, GRID_48], ids=lambda given: given.name)
def test_windows_end_to_end_are_the_song(given):
    song, settings = rich_song(), WindowSettings(20, 20)
    x = np.concatenate(list(given.encode([song], cut([song], settings))))
    rows = x[x[..., 0] >= 0]
    np.testing.assert_array_equal(rows, given.rows(song).table)
    notes = given.decode(x, settings)
    again = given.song(given.rows(song).table).notes
    np.testing.assert_array_equal(notes["pitch"], again["pitch"])


def test_what_is_lost_is_said():
    for given in KEEPS:
        text = type(given).__module__
        source = Path(__import__(text, fromlist=["x"]).__file__).read_text()
        assert re.search(r"What is\s+lost: .*What is\s+kept:\s", source, re.DOTALL), text


def chorales(n_songs):
    """Bach's chorales from music21's collection, as files that were written and read."""
    songs = sorted(builtin.CORPORA["chorales"].candidates(), key=lambda song: song.name)
    return [builtin_scores.read(song.content, as_written=True) for song in songs[:n_songs]]


def test_chorales_come_back_in_four_voices_with_notes_that_two_voices_share(tmp_path):
    shared = 0
    for number, notes in enumerate(chorales(4)):
        path = tmp_path / f"{number}.mid"
        midi.write(path, *notes)
        song = midi.read(path)
        back = GRID_16.song(GRID_16.rows(song).table)
        for name in ("pitch", "beat"):
            np.testing.assert_array_equal(np.sort(back.notes[name]), np.sort(song.notes[name]))
        np.testing.assert_allclose(back.notes["duration"].sum(), song.notes["duration"].sum())
        np.testing.assert_array_equal(back.metres, song.metres)
        moments = np.stack([song.notes["beat"], song.notes["pitch"]], 1)
        shared += len(moments) - len(np.unique(moments, axis=0))
    assert shared > 0


def test_voices_are_told_by_pitch_alone(real_data):
    """Of published chorales, whose voices are known: wrong where voices cross, and hardly else."""
    parts = json.loads((real_data / "likelihood" / "jsb-chorales-16th.json").read_text())
    right = []
    for frames in parts["test"][:20]:
        if all(len(frame) == 4 for frame in frames):
            true = np.array(frames).astype(int)
            held = np.append(np.zeros((1, 4), bool), true[1:] == true[:-1], axis=0)
            about = np.array([[100, step % 16, 16, 4] for step in range(len(true))])
            table = np.concatenate([about, np.where(held, HOLD, true)], axis=1)
            back = GRID_16.rows(GRID_16.song(table.astype(np.float32))).table[:, 4:]
            right.append((sounding(back) == true).mean())
    assert len(right) > 15 and np.mean(right) > 0.98


def test_chords_of_few_notes_go_to_the_voices_they_are_nearest_to():
    chords = [[50, 60, 67, 72], [51, 71], [62], [50, 60, 67, 72]]
    notes = note_array(
        onset=np.repeat(np.arange(4.0), [len(chord) for chord in chords]),
        beat=np.repeat(np.arange(4.0), [len(chord) for chord in chords]),
        pitch=np.concatenate(chords), duration=1.0, velocity=64,
    )  # fmt: skip
    table = GRID_16.rows(song_of(notes, [[0, 60]], [[0, 4, 4]], "chords")).table[::4, 4:]
    assert table[1].tolist() == [71, SILENCE, SILENCE, 51]
    assert table[2].tolist() == [SILENCE, SILENCE, 62, SILENCE]
