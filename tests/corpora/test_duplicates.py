"""Copies are found whatever was done to them, and songs that merely resemble each other are not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from classify.cli.main import main
from classify.corpora import load
from classify.corpora.duplicates import (
    COMMON,
    MOST_IDENTICAL,
    DuplicatePair,
    find_duplicates,
    merge_groups,
    pair_records,
    with_merged_groups,
)
from classify.songs import NOTE, Song, midi

MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])
BLUES = np.array([0, 3, 5, 6, 7, 10])


def song(onset, pitch, drum=False):
    """Give a song of notes in any order."""
    notes = np.zeros(len(onset), NOTE)
    notes["onset"], notes["pitch"], notes["drum"] = onset, pitch, drum
    notes["duration"], notes["velocity"] = 0.2, 80
    return Song.of(notes[np.lexsort((notes["pitch"], notes["onset"]))], Path("made.mid"))


def tune(seed, n_notes=120, scale=MAJOR, rhythm=None):
    """Give onsets (seconds) and pitches of a melody that walks about two octaves of a scale."""
    draw = np.random.default_rng(seed)
    beats = np.random.default_rng(seed if rhythm is None else rhythm).choice([0.2, 0.4], n_notes)
    walk = np.abs(np.cumsum(draw.choice([-2, -1, -1, 0, 1, 1, 2], n_notes)) + 7) % 28
    walk = np.minimum(walk, 28 - walk)
    return np.cumsum(beats), 55 + walk // len(scale) * 12 + scale[walk % len(scale)]


def chords(seed=0):
    """Give a tune with a triad under every fourth note."""
    onset, pitch = tune(seed)
    under = np.add.outer(np.arange(0, 120, 4) % 7, [36, 40, 43])
    return np.append(onset, np.repeat(onset[::4], 3)), np.append(pitch, under.ravel())


@pytest.mark.parametrize("made", [tune, chords])
def test_every_transposition_is_found_and_named(made):
    onset, pitch = made(0)
    for shift in range(-24, 25):
        (pair,) = find_duplicates([song(onset, pitch), song(*tune(1)), song(onset, pitch + shift)])
        assert pair == DuplicatePair(0, 2, 1.0, shift, 1.0)


@pytest.mark.parametrize("tempo", [0.5, 0.8, 1.25, 2.0])
def test_every_tempo_is_found_and_named(tempo):
    onset, pitch = tune(0)
    (pair,) = find_duplicates([song(onset + 3, pitch), song(onset / tempo, pitch - 5)])
    assert (pair.similarity, pair.transposition) == (1.0, -5)
    assert pair.tempo_ratio == pytest.approx(tempo)
    (back,) = find_duplicates([song(onset / tempo, pitch - 5), song(onset + 3, pitch)])
    assert (back.transposition, back.tempo_ratio) == (5, pytest.approx(1 / tempo))


def thinned(onset, pitch, draw):
    kept = draw.random(len(onset)) >= 0.05
    return onset[kept], pitch[kept]


def jittered(onset, pitch, draw):
    return onset + 0.02 + draw.uniform(-0.02, 0.02, len(onset)), pitch


def first_third(onset, pitch, draw):
    kept = onset < onset.max() / 3
    return onset[kept], pitch[kept]


def wrong_notes(onset, pitch, draw):
    return onset, pitch + (draw.random(len(pitch)) < 0.05)


@pytest.mark.parametrize("change", [thinned, jittered, first_third, wrong_notes])
def test_a_changed_copy_is_found_in_another_key_and_tempo(change):
    missed = 0
    for seed in range(10):
        whole = chords(seed)
        onset, pitch = change(*whole, np.random.default_rng(seed))
        pairs = find_duplicates(
            [song(onset * 1.1, pitch + 3), song(*whole), song(*chords(seed + 100))]
        )
        assert {(p.a, p.b) for p in pairs} <= {(0, 1)}
        missed += not pairs
        for pair in pairs:
            assert pair.transposition == -3
            assert pair.tempo_ratio == pytest.approx(1.1, rel=0.02)
            assert 0.7 < pair.similarity <= 1.0
    assert missed == 0


def test_another_melody_of_the_same_rhythm_and_scale_is_another_song():
    songs = [song(*tune(seed, 300, rhythm=0)) for seed in range(40)]
    assert find_duplicates(songs) == []


def test_scales_and_figures_going_round_make_no_copies():
    """Nine tenths of each song are the same runs and the same accompaniment; the tunes differ."""
    runs = np.tile(60 + np.append(np.cumsum(np.append(0, np.diff(MAJOR))), 12), 20)
    rounds = np.tile([60, 67, 64, 67], 60)
    songs = []
    for seed in range(5):
        own = tune(seed, 40)[1]
        pitch = np.concatenate([runs, own[:20], rounds, own[20:], runs])
        songs.append(song(np.arange(len(pitch)) * 0.25, pitch))
    assert find_duplicates(songs) == []


def test_two_blues_over_the_same_bass_in_the_same_key_are_two_songs():
    """Twelve bars, four choruses; the walking bass is note for note the same."""
    roots = np.repeat([0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7], 8)
    bass = 36 + roots + np.tile([0, 4, 7, 9, 10, 9, 7, 4], 12)
    songs = []
    for seed in range(6):
        pitch = tune(seed, 4 * 96, scale=BLUES)[1]
        onset = np.arange(4 * 96) * 0.2
        songs.append(song(np.tile(onset, 2), np.append(pitch, np.tile(bass, 4))))
    assert find_duplicates(songs) == []


def test_the_order_of_songs_does_not_matter():
    draw = np.random.default_rng(0)
    songs = [song(*chords(seed)) for seed in range(6)]
    for seed in (1, 4, 4):
        onset, pitch = thinned(*chords(seed), draw)
        songs.append(song(onset * draw.uniform(0.8, 1.2), pitch + draw.integers(-6, 7)))

    def known(order):
        pairs = find_duplicates([songs[place] for place in order])
        return {
            (
                *sorted((order[p.a], order[p.b])),
                round(p.similarity, 9),
                p.transposition * (1 if order[p.a] < order[p.b] else -1),
            )
            for p in pairs
        }

    first = known(list(range(9)))
    assert {pair[:2] for pair in first} == {(1, 6), (4, 7), (4, 8), (7, 8)}
    for _ in range(5):
        assert known(draw.permutation(9).tolist()) == first


def test_songs_without_a_tune_are_left_alone():
    onset, pitch = tune(0)
    assert find_duplicates([]) == []
    assert find_duplicates([song(onset, pitch)]) == []
    drums = song(onset, pitch, drum=True)
    assert find_duplicates([drums, drums, song([], []), song([], [])]) == []
    one_note = song([0.0], [60])
    assert find_duplicates([one_note, one_note]) == []
    chord = song(np.zeros(10), np.arange(60, 70))
    assert find_duplicates([chord, chord]) == []
    same = song(np.arange(300) * 0.2, np.full(300, 60))
    assert (
        find_duplicates([same, song(*tune(1)), song(np.arange(250) * 0.2, np.full(250, 64))]) == []
    )


def test_drums_are_not_heard():
    onset, pitch = tune(0)
    beat = np.arange(100) * 0.31
    drums = np.random.default_rng(0).integers(35, 80, 100)
    both = song(
        np.append(onset, beat), np.append(pitch, drums), np.repeat([False, True], [120, 100])
    )
    assert find_duplicates([song(onset, pitch + 1), both]) == [DuplicatePair(0, 1, 1.0, -1, 1.0)]


def test_short_songs_are_compared_note_for_note():
    onset, pitch = tune(0, 14)
    other = pitch.copy()
    other[7] += 1
    slow = onset.copy()
    slow[7:] += 1.0
    songs = [song(onset, pitch), song(onset, other), song(slow, pitch), song(onset * 2, pitch + 4)]
    (pair,) = find_duplicates(songs)
    assert (pair.a, pair.b, pair.similarity, pair.transposition) == (0, 3, 1.0, 4)
    assert pair.tempo_ratio == pytest.approx(0.5)


@pytest.mark.parametrize("n_copies", [COMMON + 20, MOST_IDENTICAL + 20])
def test_a_song_that_stands_very_often_is_one_group(n_copies):
    onset, pitch = tune(0)
    copies = [song(onset, pitch + k % 12) for k in range(n_copies)]
    thin = song(*thinned(onset, pitch, np.random.default_rng(0)))
    pairs = find_duplicates([*copies, song(*tune(1)), thin])
    groups = merge_groups([f"group {k}" for k in range(n_copies + 2)], pairs)
    assert set(groups) == {"group 0", f"group {n_copies}"}
    assert groups.count("group 0") == n_copies + 1
    assert len(pairs) <= n_copies**2 / 2 + n_copies


def test_groups_are_joined_through_pairs_and_through_groups():
    pairs = [DuplicatePair(0, 2, 1.0, 0, 1.0), DuplicatePair(3, 4, 0.7, 5, 1.0)]
    groups = ["a", "b", "c", "c", "d", "e"]
    assert merge_groups(groups, pairs) == ["a", "b", "a", "a", "a", "e"]
    assert merge_groups(groups, pairs[::-1]) == ["a", "b", "a", "a", "a", "e"]
    assert merge_groups(groups, []) == groups
    assert merge_groups(["pair:0", "x", "y"], [DuplicatePair(1, 2, 1.0, 0, 1.0)]) == [
        "pair:0",
        "x",
        "x",
    ]


def test_progress_is_told():
    seen = []
    find_duplicates(
        [song(*tune(0)), song(*tune(1))], lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]


@pytest.fixture
def with_copies(corpus_folder):
    """Add a transposed copy under another label, and a copy of the same label."""
    onset, pitch = tune(0)
    midi.write(corpus_folder / "Calming/tune.mid", onset, np.full(120, 0.1), pitch)
    midi.write(corpus_folder / "Happy/other.mid", onset * 2, np.full(120, 0.1), pitch + 3)
    shutil.copy(corpus_folder / "Happy/00.mid", corpus_folder / "Happy/copy.mid")
    return corpus_folder


def test_a_corpus_is_given_joined_groups_and_a_record(with_copies):
    corpus = load(str(with_copies))
    pairs = find_duplicates(corpus.songs)
    regrouped = with_merged_groups(corpus, pairs)
    group = dict(zip([e.name for e in corpus.entries], regrouped.groups, strict=True))
    assert group["Calming/tune.mid"] == group["Happy/other.mid"] == "song:Calming/tune.mid"
    assert len(set(regrouped.groups)) == len(set(corpus.groups)) - 1
    assert regrouped.fingerprint != corpus.fingerprint
    records = json.loads(json.dumps(pair_records(corpus, pairs)))
    assert [record["names"] for record in records] == [
        ["Calming/tune.mid", "Happy/other.mid"],
        ["Happy/00.mid", "Happy/copy.mid"],
    ]
    assert records[0]["labels"] == ["Calming", "Happy"]
    assert (records[0]["similarity"], records[0]["transposition"]) == (1.0, 3)
    assert records[0]["tempo_ratio"] == pytest.approx(0.5, abs=0.001)


def test_corpus_show_counts_and_lists_them(with_copies, capsys):
    assert main(["corpus", "show", str(with_copies), "--window", "16"]) == 0
    assert (
        "2 pairs of songs seem to be the same music (transposition and tempo aside), 1 of them "
        "under different labels, 1 in different groups; --duplicates lists them."
    ) in capsys.readouterr().out
    assert main(["corpus", "show", "--duplicates", str(with_copies)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "  Calming/tune.mid (Calming)",
        "  = Happy/other.mid (Happy): 100% alike, +3 semitones, tempo ×0.50; different groups",
        "  Happy/00.mid (Happy)",
        "  = Happy/copy.mid (Happy): 100% alike, same key, tempo ×1.00",
    ]


def test_corpus_show_says_nothing_of_duplicates_where_there_are_none(corpus_folder, capsys):
    assert main(["corpus", "show", str(corpus_folder), "--window", "16"]) == 0
    assert "same music" not in capsys.readouterr().out
    assert main(["corpus", "show", "--duplicates", str(corpus_folder)]) == 0
    assert capsys.readouterr().out == "No two songs seem to be the same music.\n"


@pytest.mark.parametrize(
    ("corpus", "one", "two"),
    [
        ("emopia", "Q4_FoTXpYZXxJs_0.mid", "Q4_Ie5koh4qvJc_16.mid"),
        ("nottingham", "hornpipe_hpps29.mid", "reel_reelsd-g37.mid"),
    ],
)
def test_real_duplicate_songs_are_found(real_data, tmp_path, corpus, one, two):
    """Two uploads of one piece; the same tune as a hornpipe and as a reel; and 60 other songs."""
    files = sorted((real_data / corpus / "midi").iterdir())
    others = [path for path in files[:: len(files) // 60] if path.name not in (one, two)]
    for label, name in (("a", one), ("b", two), *(("b", path.name) for path in others)):
        (tmp_path / label).mkdir(exist_ok=True)
        shutil.copy(real_data / corpus / "midi" / name, tmp_path / label)
    corpus = load(str(tmp_path))
    names = [entry.name for entry in corpus.entries]
    assert (f"a/{one}", f"b/{two}") in [
        (names[p.a], names[p.b]) for p in find_duplicates(corpus.songs)
    ]
