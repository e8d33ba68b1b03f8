"""A window of notes to named musical quantities, checked by hand and by what must not matter."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify.corpora import load
from classify.representations.features import (
    WindowBatch,
    batch,
    compute,
    context,
    listed,
    listed_of_songs,
    of_songs,
    registry,
    whole,
    with_song,
)
from classify.representations.musical_features import SONG_FEATURES
from classify.representations.windows import WindowSettings, cut
from classify.songs import NOTE, Song

NAMES = [feature.name for feature in listed()]
SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


def song(pitch, beat=None, length=0.9, bpm=120.0, velocity=64, program=0, drum=False) -> Song:
    """Notes of given pitches; by default one a beat, `length` in beats."""
    notes = np.zeros(len(pitch), NOTE)
    notes["pitch"] = pitch
    notes["beat"] = np.arange(len(pitch)) if beat is None else beat
    notes["onset"] = notes["beat"] * 60 / bpm
    notes["duration"] = np.asarray(length) * 60 / bpm
    notes["velocity"], notes["program"], notes["drum"] = velocity, program, drum
    return Song.of(notes[np.lexsort((notes["pitch"], notes["onset"]))], Path("x.mid"))


def windows(*songs: Song) -> WindowBatch:
    """Whole songs as windows."""
    rows = np.arange(len(songs))
    return batch(songs, rows, np.zeros_like(rows), max(len(s.notes) for s in songs))


def measured(*songs: Song) -> dict[str, np.ndarray]:
    """Feature name to values."""
    return dict(zip(NAMES, compute(windows(*songs)).T, strict=True))


def band(seed: int, n_notes: int = 120) -> Song:
    """Chords, a tune and drums in C major, on a grid of quarter beats."""
    draw = np.random.default_rng(seed)
    beat = np.sort(draw.integers(0, 2 * n_notes, n_notes)) / 4
    drum = draw.random(n_notes) < 0.2
    tune = draw.choice([0, 2, 4, 5, 7, 9, 11, 0, 4, 7], n_notes) + 12 * draw.integers(4, 7, n_notes)
    return song(
        np.where(drum, draw.choice([36, 38, 42, 46], n_notes), tune),
        beat,
        draw.choice([0.25, 0.5, 1.0, 1.7], n_notes),
        velocity=draw.integers(30, 110, n_notes),
        program=draw.choice([0, 26, 33, 48], n_notes),
        drum=drum,
    )


def changed(one: Song, **columns) -> Song:
    notes = one.notes.copy()
    for name, values in columns.items():
        notes[name] = values
    return Song.of(notes, one.path, one.title)


def same(a, b) -> None:
    """Equal but for the last bits, in which a product of matrices depends on their size."""
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


BANDS = [band(seed) for seed in range(6)]


# What the list says


def test_every_feature_has_a_name_a_unit_a_family_and_a_source():
    assert len(NAMES) >= 150 and len(set(NAMES)) == len(NAMES)
    assert all(f.source and f.family and f.name.isidentifier() for f in listed())
    assert {f.family for f in listed()} == {
        "pitch", "melody", "harmony", "key", "rhythm", "metre", "dynamics", "texture",
        "instruments", "repetition",
    }  # fmt: skip


def test_families_are_columns_of_the_whole():
    whole, part = compute(windows(*BANDS)), compute(windows(*BANDS), ["key", "rhythm"])
    chosen = [NAMES.index(f.name) for f in listed(["key", "rhythm"])]
    np.testing.assert_array_equal(whole[:, chosen], part)


def test_an_unknown_family_and_a_name_used_twice_are_refused():
    with pytest.raises(ValueError, match="no family \\['timbre'\\]; there are"):
        compute(windows(BANDS[0]), ["timbre"])
    with pytest.raises(ValueError, match="pitch_mean"):
        registry.features("pitch", "x", {"pitch_mean": ""})(lambda lines, out: None)


def test_a_group_must_fill_every_column_that_it_names(monkeypatch):
    def half(lines, out):
        out[:, 0] = lines.shared[:, 0]

    monkeypatch.setattr(registry, "GROUPS", {})
    registry.features("pitch", "x", {"one": "", "two": ""})(half)
    with pytest.raises(ValueError, match="a group of features left two without a value"):
        compute(windows(BANDS[0]))


# Pitch, melody, key


def test_height():
    m = measured(song([60, 64, 67, 73]))
    assert m["pitch_mean"] == 66 and m["pitch_range"] == 13 and m["pitch_q50"] == 65.5
    assert m["register_middle"] == 0.75 and m["register_high"] == 0.25
    assert m["pitch_class_distinct"] == 4 and m["pitch_trend"] > 0.9


def test_melodic_intervals():
    m = measured(song([60, 62, 64, 60, 60]))  # up 2, up 2, down 4, 0
    assert m["melody_step"] == 0.5 and m["melody_third"] == 0.25 and m["melody_repeated"] == 0.25
    assert m["melody_interval_up_2"] == 0.5 and m["melody_interval_down_4"] == 0.25
    assert m["melody_interval_size"] == 2 and m["melody_up_size"] == 2
    assert m["melody_up_of_moves"] == pytest.approx(2 / 3)
    assert m["melody_turns"] == pytest.approx(1 / 5) and m["melody_arc_size"] == 4


def test_the_melody_is_the_skyline_without_notes_under_a_held_one():
    held = song([72, 60, 60, 74], [0, 1, 2, 3], [2.9, 0.9, 0.9, 0.9])
    m = measured(held)
    assert m["melody_share"] == 0.5 and m["melody_interval_up_2"] == 1
    assert m["bass_share"] == 1 and m["bass_octave"] == pytest.approx(1 / 3)


def test_an_arch_and_its_mirror():
    m = measured(song([60, 64, 67, 64, 60]), song([67, 64, 60, 64, 67]))
    assert m["melody_arch"][0] > 0.9 and m["melody_arch"][1] < -0.9
    assert np.abs(m["melody_pitch_trend"]).max() < 1e-6


def test_outer_voices():
    contrary = song([50, 70, 48, 72, 47, 74], [0, 0, 1, 1, 2, 2])
    parallel = song([50, 70, 52, 72, 54, 74], [0, 0, 1, 1, 2, 2])
    m = measured(contrary, parallel)
    assert m["outer_contrary"].tolist() == [1, 0] and m["outer_parallel"].tolist() == [0, 1]


def test_a_major_scale_is_major_and_a_harmonic_minor_scale_minor():
    m = measured(song(SCALE), song([57, 59, 60, 62, 64, 65, 68, 69]), song(range(60, 72)))
    assert m["key_is_minor"].tolist()[:2] == [0, 1]
    assert m["key_mode"][0] > 0.1 and m["key_mode"][1] < -0.05
    assert m["key_clarity"][0] > 0.05 and m["key_clarity"][2] < 0.01  # chromatic: no key
    assert m["degree_in_scale"][0] == pytest.approx(1) and m["degree_1"][0] == pytest.approx(0.25)
    assert m["last_note_tonic"].tolist()[:2] == [1, 1]
    assert m["melody_7_to_1"][0] == pytest.approx(1 / 7)


def test_a_change_of_key_shows_in_the_quarters():
    stay, move = song(SCALE * 4), song(SCALE * 2 + [p + 2 for p in SCALE] * 2)
    m = measured(stay, move)
    assert m["key_parts_same"][0] == 1 and m["key_parts_same"][1] <= 0.5
    assert m["key_parts_distinct"].tolist() == [1, 2]


def test_phrases_end_at_long_gaps():
    beat = [0, 1, 2, 3, 6, 7, 8, 9]
    m = measured(song([60, 64, 62, 60, 67, 64, 62, 60], beat))
    assert m["phrase_length"] == 4 and m["phrase_end_tonic"] == 1 and m["phrase_end_fall"] == 1


# Harmony


def test_a_cluster_is_more_dissonant_than_a_triad():
    m = measured(song([60, 61, 62], [0] * 3), song([60, 64, 67], [0] * 3))
    assert m["dissonant_share"].tolist() == [1, 0]
    assert m["consonance"][0] < m["consonance"][1] and m["roughness"][0] > 2 * m["roughness"][1]
    assert m["vertical_m3"][1] == m["vertical_M3"][1] == m["vertical_P5"][1] == pytest.approx(1 / 3)
    assert m["interval_class_3"][1] == m["interval_class_5"][1] == pytest.approx(1 / 3)


def test_chords_and_their_roots():
    cadence = [[60, 64, 67], [65, 69, 72], [67, 71, 74], [60, 64, 67]]
    pitch = [p for chord in cadence for p in chord for _ in range(3)]
    beat = [k + repeat / 3 for k in range(4) for _ in range(3) for repeat in range(3)]
    m = measured(song(pitch, beat, 0.3), song([60, 63, 67], [0] * 3))
    assert m["chord_major"].tolist() == [1, 0] and m["chord_minor"].tolist() == [0, 1]
    assert m["chord_root_fifth"][0] == pytest.approx(2 / 3)  # C-F and G-C; F-G is a second
    assert m["root_dominant_to_tonic"][0] == pytest.approx(1 / 3)
    assert m["root_1"][0] == 0.5


# Rhythm and metre


@pytest.mark.parametrize("bpm", [70, 90, 120, 140])
def test_the_tempo_of_regular_beats(bpm):
    one = song([60] * 40, bpm=bpm)
    m = measured(one, changed(one, beat=np.nan))
    assert m["tempo"] == pytest.approx(bpm, rel=0.01)
    assert m["pulse_tempo"] == pytest.approx(bpm, rel=0.01)
    assert m["gap_variation"] == pytest.approx(0, abs=1e-5)
    assert m["notes_per_second"] == pytest.approx(bpm / 60)


def test_gaps_and_lengths_in_seconds():
    m = measured(song([60] * 5, [0, 1, 3, 4, 6], 0.5, bpm=60))
    assert m["gap_log_mean"] == pytest.approx(np.log(2) / 2)
    assert m["gap_npvi"] == pytest.approx(100 * 2 / 3)
    assert m["gap_ratio_2_1"] == pytest.approx(2 / 3)
    assert m["duration_log_q50"] == pytest.approx(np.log(0.5)) and m["span"] == 6
    assert m["rest_share"] == pytest.approx((0.5 + 1.5 + 0.5 + 1.5) / 6)
    assert m["rest_longest"] == pytest.approx(1.5 / 6)


def test_staccato_and_legato():
    m = measured(song([60, 62, 64, 65], length=0.25), song([60, 62, 64, 65], length=1.0))
    assert m["staccato"].tolist() == [1, 0] and m["legato"].tolist() == [0, 1]
    assert m["articulation_q50"].tolist() == pytest.approx([0.25, 1])


def written(one: Song, *metres) -> Song:
    return replace(one, metres=np.array(metres, float))


def test_places_in_written_bars():
    waltz = song([60, 64, 67] * 4, bpm=90)
    m = measured(written(waltz, [0, 3, 4]), waltz, written(song([60] * 6), [0, 6, 8]))
    assert m["bar_written"].tolist() == [1, 0, 1]
    assert m["bar_length"] == pytest.approx([np.log2(3), 2, np.log2(3)])
    assert m["bar_triple"].tolist() == [1, 0, 0] and m["bar_compound"].tolist() == [0, 0, 1]
    assert m["downbeat_share"] == pytest.approx([1 / 3, 1 / 4, 1 / 3])
    assert m["downbeat_high"] == pytest.approx([60 - 65.5, 0, 0])
    assert [m[f"in_bar_6_{k}"][0] for k in range(6)] == pytest.approx([1 / 3, 0] * 3)
    assert m["melody_after_bars_1"][:2] == pytest.approx([1, 0])
    assert m["onset_after_bars_2"] == pytest.approx([1, 1, 0])  # six beats are two bars of 6/8


@pytest.mark.parametrize("metres", [[[0, 1, 4], [1, 3, 4]], [[-2, 3, 4]]], ids=["own bar", "rest"])
def test_an_upbeat_is_no_downbeat(metres):
    m = measured(written(song([67, 72, 71, 72, 74, 73, 74, 76]), *metres))
    assert m["bar_upbeat"] == pytest.approx(1 / 3) and m["downbeat_share"] == pytest.approx(3 / 8)
    assert m["bar_last"] == pytest.approx(0, abs=0.02)


def test_bars_begin_anew_where_the_metre_changes():
    m = measured(written(song([60] * 9), [0, 4, 4], [5, 2, 4]))
    assert m["downbeat_share"] == pytest.approx(4 / 9)  # beats 0, 4 (cut short), 5, 7
    assert m["bar_duple"] == pytest.approx(4 / 9)


def test_off_beats_are_syncopated():
    m = measured(
        song([60] * 8), song([60] * 8, np.arange(8) + 0.5), song([60] * 16, np.arange(16) / 2)
    )
    assert m["syncopated"].tolist() == [0, 1, 0] and m["syncopation"].tolist() == [0, 1, 0]
    assert m["off_beat"].tolist() == [0, 1, 0.5] and m["on_beat"].tolist() == [1, 0, 0.5]


def test_swing():
    straight, swung = (
        song([60] * 17, [k // 2 + k % 2 * at for k in range(17)]) for at in (0.5, 2 / 3)
    )
    m = measured(straight, swung)
    assert m["swing_ratio"].tolist() == pytest.approx([1, 2], rel=1e-6)
    assert m["swing_share"].tolist() == [0, 1]


def test_three_and_four_beats_in_a_bar():
    waltz = song([72, 60, 60] * 8, length=[2.0, 0.5, 0.5] * 8)
    march = song([72, 60, 60, 60] * 6)
    m = measured(waltz, march)
    assert m["period_high_3"][0] == pytest.approx(1) and m["period_high_3"][1] < 0.5
    assert m["period_high_4"][1] == pytest.approx(1) and m["period_high_4"][0] < 0.5
    assert m["melody_lag_3"][0] == 1 and m["melody_lag_4"][1] == 1
    assert m["bar_three_0"][0] > m["bar_three_2"][0]


def test_note_values():
    m = measured(song([60] * 6, [0, 1.5, 2, 3.5, 4, 5]))
    assert m["value_3_2"] == 0.4 and m["value_1_2"] == 0.4 and m["value_1"] == 0.2
    assert m["value_beat_and_half_to_half"] == 0.5


# Dynamics, texture, instruments, repetition


def test_a_crescendo():
    m = measured(song(SCALE, velocity=np.arange(40, 120, 10)))
    assert m["velocity_trend"] == pytest.approx(1) and m["velocity_step"] == 10
    assert m["velocity_mean"] == 75 and m["velocity_range"] == 70 and m["velocity_pitch"] > 0.9
    assert m["velocity_change"] == pytest.approx(100 - 50)


def test_polyphony_counts():
    m = measured(song([60, 64, 67, 72, 74], [0, 0, 0, 1, 3], [2, 2, 2, 1, 1]))
    # three notes, then those three and one more, then one
    assert m["polyphony_mean"] == pytest.approx((3 + 4 + 1) / 3) and m["polyphony_max"] == 4
    assert m["polyphony_one"] == m["polyphony_three"] == pytest.approx(1 / 3)
    assert m["event_size_mean"] == pytest.approx(5 / 3) and m["event_chord"] == pytest.approx(1 / 3)
    assert m["event_spread"] == pytest.approx(7 / 3)


def test_played_chords_are_one_event():
    together = song([60, 64, 67, 60], [0, 0, 0, 1])
    spread = changed(together, onset=together.notes["onset"] + [0, 0.01, 0.02, 0])
    m = measured(together, spread)
    assert m["event_size_max"].tolist() == [3, 3] and m["gap_log_mean"][0] == m["gap_log_mean"][1]


def test_drums_and_programs():
    kit = song([36, 38, 36, 38] * 2 + [60] * 8, list(range(8)) * 2, program=[0] * 8 + [26] * 8,
               drum=[True] * 8 + [False] * 8)  # fmt: skip
    m = measured(kit)
    assert m["drum_share"] == 0.5 and m["drum_kick"] == 0.5 and m["drum_snare"] == 0.5
    assert m["kick_on_odd"] == 1 and m["snare_on_even"] == 1 and m["programs"] == 1
    assert m["notes_of_guitar"] == 1 and m["notes_of_electric_guitar"] == 1
    assert m["pitch_range"] == 0  # drums have no pitch


def test_repetition():
    draw = np.random.default_rng(0)
    m = measured(song([60, 64, 62, 67] * 10), song(draw.integers(50, 80, 40)))
    assert m["return_best"][0] == 1 and m["return_lag"][0] == 4 and m["return_best"][1] < 0.2
    assert m["melody_patterns_3"][0] < 0.15 and m["melody_patterns_3"][1] > 0.9
    assert m["halves_pitch"][0] == pytest.approx(1)


# What must not matter, and what must


def test_transposition_moves_pitches_and_nothing_relative():
    moved = [changed(s, pitch=s.notes["pitch"] + 5 * ~s.notes["drum"]) for s in BANDS]
    before, after = compute(windows(*BANDS)), compute(windows(*moved))
    for place, feature in enumerate(listed()):
        if "by register" not in feature.unit:
            shift = 5 if feature.unit == "MIDI pitch" else 0
            np.testing.assert_allclose(
                after[:, place],
                before[:, place] + shift,
                rtol=1e-4,
                atol=1e-4,
                err_msg=feature.name,
            )


def test_tempo_scales_times_and_nothing_else():
    factor = 1.25
    slower = [
        changed(s, onset=s.notes["onset"] * factor, duration=s.notes["duration"] * factor)
        for s in BANDS
    ]
    before, after = compute(windows(*BANDS)), compute(windows(*slower))
    for place, feature in enumerate(listed()):
        times = {"s": factor, "1/s": 1 / factor, "bpm": 1 / factor}.get(feature.unit, 1.0)
        plus = np.log(factor) if feature.unit == "log s" else 0.0
        if "by pace" not in feature.unit:
            np.testing.assert_allclose(
                after[:, place], before[:, place] * times + plus,
                rtol=1e-4, atol=1e-4, err_msg=feature.name,
            )  # fmt: skip


def test_the_order_of_notes_that_begin_together_does_not_matter():
    draw = np.random.default_rng(1)
    shuffled = []
    for one in BANDS:
        order = np.lexsort((draw.random(len(one.notes)), one.notes["onset"]))
        shuffled.append(Song.of(one.notes[order], one.path, one.title))
    np.testing.assert_array_equal(compute(windows(*BANDS)), compute(windows(*shuffled)))


def test_each_window_is_measured_by_itself(monkeypatch):
    songs = [*BANDS, song(SCALE), song([60]), song([36], drum=True)]
    order = np.random.default_rng(2).permutation(len(songs))
    together = compute(windows(*songs))
    same(compute(windows(*(songs[i] for i in order))), together[order])
    same(np.concatenate([compute(windows(s)) for s in songs]), together)
    monkeypatch.setattr(registry, "AT_ONCE", 150)
    same(compute(windows(*songs)), together)


ODD = {
    "one note": song([60]),
    "two notes": song([60, 67]),
    "two at once": song([60, 67], [0, 0]),
    "one drum": song([36], drum=True),
    "drums only": song([36, 38, 42] * 9, drum=True),
    "all at once": song(range(20, 100), [0] * 80),
    "no lengths": song(SCALE * 4, length=0),
    "one moment without length": song([60, 60, 60], [0, 0, 0], 0),
    "one pitch": song([60] * 50),
    "lowest and highest": song([0, 127] * 20, velocity=[0, 127] * 20),
    "very long": song([60, 62, 64], [0, 40_000, 100_000], 50_000),
    "very quick": song(SCALE * 4, np.arange(32) * 1e-4),
    "drums and one note": song([36] * 10 + [60], drum=[True] * 10 + [False]),
    "chromatic": song(list(range(128))),
}


def test_every_quantity_is_finite_for_every_window():
    songs = [s for one in ODD.values() for s in (one, changed(one, beat=np.nan))]
    with np.errstate(all="raise", under="ignore"):
        x = compute(windows(*songs))
        alone = [compute(windows(s)) for s in songs]
    assert x.dtype == np.float32 and np.isfinite(x).all()
    same(np.concatenate(alone), x)


def test_what_cannot_be_measured_is_nought():
    m = measured(song([60]), song([36] * 4, drum=True))
    for name in ("melody_step", "melody_interval_size", "gap_log_std", "vertical_pairs"):
        assert m[name].tolist() == [0, 0]
    assert m["pitch_mean"].tolist() == [60, 0] and m["degree_1"][1] == 0
    assert m["tempo"].tolist() == [120, 120] and m["swing_ratio"].tolist() == [1, 1]


def test_a_hundred_thousand_notes():
    draw = np.random.default_rng(3)
    long = song(draw.integers(40, 90, 100_000), np.sort(draw.integers(0, 50_000, 100_000)) / 2)
    assert np.isfinite(compute(windows(long, song([60])))).all()


VALUES = Path(__file__).with_name("features.npz")


def test_values_are_those_of_another_implementation():
    """The file holds what the same features were in NumPy, computed for all windows at once."""
    songs = [s for one in ODD.values() for s in (one, changed(one, beat=np.nan))]
    songs += BANDS + [changed(one, beat=np.nan) for one in BANDS]
    known = np.load(VALUES)
    places = [NAMES.index(name) for name in known["names"].tolist()]
    made = compute(windows(*songs))[:, places]
    np.testing.assert_allclose(made, known["values"], rtol=1e-6, atol=2e-6)


@pytest.mark.slow
def test_no_index_is_out_of_bounds():
    """Compiled code does not look; the same code does, where it is not compiled."""
    test = f"{__file__}::{test_values_are_those_of_another_implementation.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-n0", test]
    subprocess.run(command, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True)


# Windows and songs


def test_a_batch_holds_the_windows_that_were_cut():
    songs = [band(0, 50), band(1, 7), band(2, 36)]
    cuts = cut(songs, WindowSettings(20, 15, ("pitch", "drum")))
    made = batch(songs, cuts.song, cuts.start, 20)
    assert len(made) == len(cuts.song)
    real = np.concatenate([x[~np.isnan(x[:, 0])] for x in cuts.x])
    np.testing.assert_array_equal(made.pitch, real[:, 0])
    np.testing.assert_array_equal(made.drum, real[:, 1])
    assert made.lengths.tolist() == [(~np.isnan(x[:, 0])).sum() for x in cuts.x]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"lengths": np.array([0, 8])}, "window 0 has no note"),
        ({"pitch": np.zeros(3)}, "one shape"),
        ({"onset": np.arange(8.0)[::-1]}, "onsets of a window must never fall"),
    ],
)
def test_arrays_that_are_no_windows_are_refused(columns, message):
    good = windows(song(SCALE))
    fields = {name: getattr(good, name) for name in WindowBatch.__dataclass_fields__}
    with pytest.raises(ValueError, match=message):
        compute(WindowBatch(**fields | columns))


def test_windows_beside_their_song():
    x = np.array([[1.0, 10], [5, 10], [3, 20]], np.float32)
    wide = with_song(x, np.array([7, 2, 7]))
    assert wide.dtype == np.float32
    assert wide.tolist() == [[1, 10, 2, 15, 1, 5], [5, 10, 5, 10, 0, 0], [3, 20, 2, 15, 1, 5]]


def test_whole_songs_are_measured_as_one_window_each_in_any_company(monkeypatch):
    songs = [*BANDS, song(SCALE), band(7, 300)]
    one_by_one = np.concatenate([compute(windows(one)) for one in songs])
    same(whole(songs), one_by_one)
    monkeypatch.setattr(context, "AT_ONCE", 250)  # several batches, and a song longer than one
    same(whole(songs), one_by_one)


def test_a_song_is_its_whole_and_the_mean_of_its_passages():
    songs = [BANDS[0], song(SCALE), BANDS[1]]
    cuts = cut(songs, WindowSettings(50, 50))
    assert np.bincount(cuts.song).tolist() == [2, 1, 2]
    x = of_songs(songs, 50)
    parts = compute(batch(songs, cuts.song, cuts.start, 50))
    assert x.dtype == np.float32 and x.shape == (3, len(listed_of_songs()))
    for index, one in enumerate(songs):
        same(x[index, : len(NAMES)], compute(windows(one))[0])
        mean = parts[cuts.song == index].mean(axis=0)
        np.testing.assert_allclose(x[index, len(NAMES) :], mean, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("window", [10, 400])
def test_a_songs_description_does_not_depend_on_how_it_is_cut(window):
    cuts = cut(BANDS, WindowSettings(window, window))
    table = np.concatenate(list(SONG_FEATURES.encode(BANDS, cuts)))[:, 0]
    np.testing.assert_allclose(table, of_songs(BANDS)[cuts.song], rtol=1e-5, atol=1e-6)


def test_quantities_of_songs_keep_family_and_unit():
    named = {f.name: f for f in listed_of_songs()}
    assert len(named) == 2 * len(NAMES)
    assert named["song_tempo"].family == named["mean_tempo"].family == "metre"
    assert named["song_tempo"].unit == named["mean_tempo"].unit == "bpm"


@pytest.mark.parametrize(("name", "window"), [("emopia", 100), ("vgmidi", 200), ("genre8", 800)])
def test_real_songs(real_data, name, window):
    songs = load(str(real_data / name)).songs[::20]
    cuts = cut(songs, WindowSettings(window, window))
    x = compute(batch(songs, cuts.song, cuts.start, window))
    assert x.shape == (len(cuts.song), len(NAMES)) and np.isfinite(x).all()
