"""How songs were played is learned, and new ones are played so, each note in its step."""

from dataclasses import replace

import numpy as np
import pytest

from classify.errors import InputError
from classify.generation.generators.markov import Markov
from classify.generation.playing import Playing
from classify.generation.request import Passage, Request
from classify.representations import melody as melodies
from classify.representations.sequences import note_array, song_of
from classify.songs.song import PERFORMED, SCORE
from tests.generation.songs import accompanied

STEP = 0.25  # quarter notes


def played(songs, louder=12.0):
    """Songs as somebody plays them: high notes louder, off the beat by some milliseconds."""
    draw = np.random.default_rng(0)
    made = []
    for song in songs:
        notes = song.notes.copy()
        notes["velocity"] = np.clip(64 + louder * (notes["pitch"] - 60.0) / 12, 1, 127)
        notes["onset"] = np.maximum(0, notes["onset"] + draw.normal(0, 0.01, len(notes)))
        made.append(replace(song_of(notes, song.tempi, song.metres, "a"), origin=PERFORMED))
    return made


@pytest.fixture(scope="module")
def songs():
    return played(accompanied(12))


@pytest.fixture(scope="module")
def playing(songs):
    return Playing.of(songs, ["calm"] * 6 + ["wild"] * 3 + [""] * 3)


def test_the_melody_is_the_highest_note_of_a_chord_whichever_is_struck_last():
    onsets = [(0.0, 72), (0.01, 60), (0.5, 64), (0.515, 48), (1.0, 67)]
    notes = note_array(
        onset=[at for at, _ in onsets], beat=[2 * at for at, _ in onsets], duration=0.4,
        pitch=[pitch for _, pitch in onsets], velocity=60,
    )  # fmt: skip
    song = song_of(notes, np.array([[0.0, 120.0]]), np.array([[0.0, 4, 4]]), "a")
    tune = melodies.encode(song)
    assert [pitch for pitch in tune.pitch if pitch != melodies.REST] == [72, 64, 67]


def test_scores_are_not_played():
    assert Playing.of([replace(song, origin=SCORE) for song in accompanied(4)], [""] * 4) is None


def test_a_mood_of_few_songs_is_played_as_all(playing):
    assert playing.moods == ("", "calm")
    assert len(playing.goes_on) == 2 and set(playing.manners[:, 0]) == {0, 1}


def test_high_notes_are_louder_and_all_together_as_loud_as_asked(playing):
    song = accompanied(1)[0]
    notes = playing.play(song, "calm", np.random.default_rng(1)).notes
    assert np.corrcoef(notes["pitch"], notes["velocity"])[0, 1] > 0.7
    assert notes["velocity"].mean() == pytest.approx(song.notes["velocity"].mean(), abs=1)


def test_music_whose_notes_are_all_as_loud_is_written_so_beside_music_that_is_not(songs):
    even = [replace(song, origin=PERFORMED) for song in accompanied(6)]
    playing = Playing.of([*even, *songs], ["even"] * 6 + ["played"] * len(songs))
    random, loud = np.random.default_rng(0), dict[str, list[int]]()
    for mood in ("even", "played"):
        new = [playing.play(even[0], mood, random) for _ in range(3)]
        loud[mood] = np.concatenate([song.notes["velocity"] for song in new]).tolist()
    assert np.std(loud["even"]) == 0 and np.std(loud["played"]) > 3
    arrays, values = playing.state()
    del arrays["manners"]  # as it was saved when all songs were thought to be played in one manner
    with pytest.raises(InputError, match="train it again"):
        Playing.of_state(arrays, values)


def test_every_note_stays_in_its_step_and_none_lasts_beyond_the_next_of_its_pitch(playing):
    song = accompanied(1)[0]
    new = playing.play(song, "", np.random.default_rng(2))
    notes = new.notes
    assert len(set(notes["onset"] % (60 / song.tempi[0, 1] * STEP))) > len(notes) / 2
    assert {(n["pitch"], round(n["beat"] / STEP)) for n in notes} == {
        (n["pitch"], round(n["beat"] / STEP)) for n in song.notes
    }
    assert new.seconds <= song.seconds + 1e-6 and (notes["duration"] > 0).all()
    for pitch in set(notes["pitch"]):
        of_pitch = notes[notes["pitch"] == pitch]
        ends = of_pitch["onset"] + of_pitch["duration"]
        assert (ends[:-1] <= of_pitch["onset"][1:] + 1e-6).all()


def test_bars_that_stay_are_played_as_they_were(songs):
    markov = Markov().fit(songs, [""] * len(songs))
    first = markov.generate(Request(bars=4), 1)
    again = markov.generate(Request(renew=Passage(first, 2, 2)), 2)
    bar = first.metres[0, 1] * 4 / first.metres[0, 2]
    before, after = (
        {
            (note["pitch"], round(note["beat"] / STEP)): (note["velocity"], note["onset"])
            for note in song.notes
            if not bar - STEP < note["beat"] < 2 * bar + STEP
        }
        for song in (first, again)
    )
    assert before.keys() == after.keys()
    assert all(after[note] == pytest.approx(value, abs=1e-4) for note, value in before.items())
