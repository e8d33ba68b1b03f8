"""Accompaniments: exact against enumeration; the melody stays what it is, and wishes are kept."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from classify.errors import InputError
from classify.generation.accompanied import Setting, accompany
from classify.generation.accompaniment import N_HARMONIES, Accompaniment, Attacks, Sampler
from classify.generation.generators.markov import Markov
from classify.generation.request import Passage, Request, read_chord
from classify.representations import melody as melodies
from classify.representations.melody import bar_ticks
from classify.representations.sequences import song_of
from tests.generation.songs import BASS, GUITAR, PIANO, accompanied, made


@pytest.mark.parametrize("seed", range(4))
def test_samples_have_the_probabilities_of_enumeration(seed):
    draw, n = np.random.default_rng(seed), 6
    table = draw.random((n, N_HARMONIES)) * (draw.random((n, N_HARMONIES)) < 0.7)
    after = draw.integers(0, 4, n)
    choices = [np.append(draw.choice(n, 3, replace=False), -1) for _ in range(5)]
    weights = [draw.random(4) for _ in choices]
    sampler, mass = Sampler(table, after, choices, weights), {}
    for places in product(range(4), repeat=5):
        harmony, share = 0, 1.0
        for note, place in enumerate(places):
            attack = choices[note][place]
            share *= weights[note][place] * (table[attack, harmony] if attack >= 0 else 1)
            harmony = after[attack] if attack >= 0 else harmony
        mass[places] = share
    total = sum(mass.values())
    assert np.exp(sampler.messages()[1]) == pytest.approx(total, rel=1e-12)
    for places, share in mass.items():
        if share > 0:
            found = np.exp(sampler.log_probability(places))
            assert found == pytest.approx(share / total, rel=1e-12)
    drawn = sampler.draw(np.random.default_rng(seed))
    assert all(one in some for one, some in zip(drawn, choices, strict=True))


@pytest.fixture(scope="module")
def songs():
    return accompanied(40)


@pytest.fixture(scope="module")
def markov(songs):
    return Markov().fit(songs)


def by_tick(song):
    """Pitches that begin at each sixteenth."""
    ticks = np.round(song.notes["beat"] * 4).astype(int).tolist()
    found = {}
    for tick, pitch in zip(ticks, song.notes["pitch"].tolist(), strict=True):
        found.setdefault(tick, set()).add(pitch)
    return found


def test_the_states_follow_from_the_songs(markov):
    assert markov.accompaniment is not None and markov.voices is None
    assert "what sounds beneath is drawn to it" in markov.remarks()[0]
    assert Accompaniment.of(made(4), [""] * 4) is None


def test_what_two_parts_play_is_heard_once(songs):
    notes = songs[0].notes
    doubled = song_of(np.concatenate([notes, notes]), songs[0].tempi, songs[0].metres, "doubled")
    one, both = (Attacks.of(song, 0) for song in (songs[0], doubled))
    np.testing.assert_array_equal(one.lower[:, :, 0], both.lower[:, :, 0])


def test_the_melody_stays_what_it_is(markov):
    tune = melodies.Melody((72, 76, -1, 79, 72), (4, 2, 6, 4, 16), 4)
    for seed in range(10):
        setting = Setting("", False, 0, 100.0, 80)
        random = np.random.default_rng(seed)
        song = accompany(markov.accompaniment, tune, setting, Request(), random)
        assert melodies.encode(song) == tune and song.n_notes > 5
        assert song.seconds <= 8 * 60 / 100 + 1e-6


def test_no_note_is_further_below_the_melody_than_in_a_song(markov):
    learned = markov.accompaniment
    shallow = replace(learned, facts=np.append(learned.facts[:, :4], np.full((40, 1), 10), 1))
    tune = melodies.Melody((64, 79, 64, 79), (4, 4, 4, 4), 4)  # 71.5 in the mean
    for seed in range(10):
        setting, random = Setting("", False, 0, 100.0, 80), np.random.default_rng(seed)
        assert accompany(learned, tune, setting, Request(), random).notes["pitch"].min() < 61
        assert accompany(shallow, tune, setting, Request(), random).notes["pitch"].min() >= 61


def test_songs_are_as_full_as_those_they_were_learned_from(markov, songs):
    def notes_together(some):
        return np.mean([one.n_notes / len(by_tick(one)) for one in some])

    new = [markov.generate(Request(bars=8), seed) for seed in range(8)]
    assert notes_together(new) == pytest.approx(notes_together(songs), rel=0.25)
    assert {int(p) for song in new for p in song.notes["program"]} == {PIANO, GUITAR, BASS}


def test_range_chords_and_instruments_are_kept_by_all_notes(markov):
    chords = ("C", "F", "G7", "C")
    for seed in range(5):
        song = markov.generate(Request(bars=4, metre=(4, 4), chords=chords, low=43), seed)
        assert song.notes["pitch"].min() >= 43
        for tick, pitches in by_tick(song).items():
            if tick % 4 == 0:
                assert {p % 12 for p in pitches} <= read_chord(chords[tick // 16])
        song = markov.generate(Request(bars=4, instruments=(40, 41, 42)), seed)
        top = {max(pitches): tick for tick, pitches in by_tick(song).items()}
        assert set(song.notes["program"].tolist()) == {40, 41, 42}
        assert len(top) and song.notes["program"][song.notes["pitch"].argmax()] == 40


@pytest.mark.parametrize("place", [0, 1])
def test_bars_that_stay_have_all_their_notes(markov, songs, place):
    song = songs[place]
    bar, old = bar_ticks(melodies.encode(song).metre, 4), by_tick(song)
    for request, stays in (
        (Request(bars=6, keep=Passage(song, 2, 3)), lambda n: n in (1, 2)),
        (Request(renew=Passage(song, 2, 3)), lambda n: n not in (1, 2)),
    ):
        new = by_tick(markov.generate(request, 1))
        within = {tick for tick in old.keys() | new.keys() if stays(tick // bar)}
        assert all(new.get(tick) == old.get(tick) for tick in within if tick in old)
        assert any(new.get(tick) != old.get(tick) for tick in old.keys() - within)


def test_notes_are_written_to_a_melody_that_is_given(markov, songs):
    tune = made(2)[0]
    n_bars = sum(melodies.encode(tune).ticks) // 16
    song = markov.generate(Request(renew=Passage(tune, 1, n_bars), voices=(1,)), 0)
    assert melodies.encode(song) == melodies.encode(tune) and song.n_notes > 1.5 * tune.n_notes
    with pytest.raises(InputError, match="voices 2: the music that was learned has 1 melody"):
        markov.generate(Request(renew=Passage(songs[0], 1, 2), voices=(1, 2)), 0)


def test_density_and_register_are_those_of_the_whole_song(markov):
    for density in (2.0, 4.0):
        song = markov.generate(Request(bars=16, density=density, tempo=100), 1)
        assert song.n_notes / song.seconds == pytest.approx(density, rel=0.25)
    for register in (55.0, 65.0):
        song = markov.generate(Request(bars=16, register=register), 1)
        assert song.notes["pitch"].mean() == pytest.approx(register, abs=4)
