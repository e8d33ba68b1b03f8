"""The Markov generator keeps what it was asked to keep, or says why it cannot."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classify.errors import InputError
from classify.generation.generators.markov import Markov
from classify.generation.request import Passage, Request, read_chord, read_key
from classify.representations import melody as melodies
from classify.representations.melody import REST
from tests.generation.songs import METRES, made


@pytest.fixture(scope="module")
def songs():
    return made(60)


@pytest.fixture(scope="module")
def markov(songs):
    return Markov().fit(songs, ["calm" if n % 3 else "wild" for n in range(len(songs))])


def notes(song):
    melody = melodies.encode(song)
    begin = np.cumsum((0, *melody.ticks[:-1]))
    return melody, begin, np.array(melody.pitch)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    bars=st.integers(1, 12), metre=st.sampled_from([None, *METRES]),
    mood=st.sampled_from([None, "calm", "wild"]), tonic=st.integers(0, 11), minor=st.booleans(),
    low=st.integers(40, 64), width=st.integers(7, 40), repeats=st.sampled_from([None, 1, 2, 3]),
    chords=st.sampled_from([None, ("C", "F", "G7", "C"), ("Am", "Dm")]), seed=st.integers(0, 99),
)  # fmt: skip
def test_every_wish_is_kept_or_refused_with_a_reason(
    markov, bars, metre, mood, tonic, minor, low, width, repeats, chords, seed
):
    key = f"{['C', 'C#', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B'][tonic]} " + (
        "minor" if minor else "major")  # fmt: skip
    request = Request(bars=bars, metre=metre, mood=mood, key=key, low=low, high=low + width,
                      repeats=repeats, chords=chords, tempo=90)  # fmt: skip
    try:
        song = markov.generate(request, seed)
    except InputError as error:
        assert "bar" in str(error) and ("without" in str(error) or "single" in str(error))
        return
    melody, begin, pitch = notes(song)
    sounding = pitch != REST
    assert sum(melody.ticks) == bars * melody.bar_ticks
    assert metre in (None, melody.metre) and song.tempi[0, 1] == 90
    assert low <= pitch[sounding].min() and pitch[sounding].max() <= low + width
    assert sounding[0] and sounding[-1] and pitch[-1] % 12 == read_key(key)[0]
    runs, last, count = [], None, 0
    for value in pitch.tolist():
        count = count + 1 if value == last and value != REST else 1
        last = value
        runs.append(count)
    assert repeats is None or max(runs) <= repeats
    for place, value in zip(begin.tolist(), pitch.tolist(), strict=True):
        if chords and place % 4 == 0 and value != REST:
            assert value % 12 in read_chord(chords[place // melody.bar_ticks % len(chords)])


def test_the_same_request_and_seed_give_the_same_song(markov):
    one, same, other = (markov.generate(Request(bars=8), seed).notes for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_bars_that_are_kept_stay_and_all_else_is_new(markov, songs):
    old = melodies.encode(songs[0])
    for seed in range(5):
        request = Request(bars=6, metre=old.metre, keep=Passage(songs[0], 2, 3))
        new, begin, pitch = notes(markov.generate(request, seed))
        first, last = old.bar_ticks, 3 * old.bar_ticks
        at = np.cumsum((0, *old.ticks[:-1]))
        inside = [(b, p) for b, p in zip(at, old.pitch, strict=True) if first <= b < last]
        assert [(b, p) for b, p in zip(begin, pitch, strict=True) if first <= b < last] == inside
        assert sum(new.ticks) == 6 * new.bar_ticks


def test_runs_of_training_songs_are_no_longer_than_asked(markov):
    for seed in range(10):
        song = markov.generate(Request(bars=16, longest_copy=8), seed)
        assert markov.repertoire.longest_run(melodies.encode(song)) <= 8


def test_a_training_song_is_recognised_in_any_key(markov, songs):
    for n in range(5):
        melody = melodies.encode(songs[n]).transposed(3)
        n_notes = sum(p != REST for p in melody.pitch)
        assert markov.repertoire.longest_run(melody) >= n_notes - 2


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"mood": "sad"}, "mood 'sad': was not learned; known are calm, wild"),
        ({"metre": (7, 8)}, "metre 7/8: was not learned; known are 3/4, 4/4"),
        ({"low": 60, "high": 61, "key": "A major", "bars": 4}, "without range"),
        ({"longest_copy": 1, "bars": 8}, "longest_copy 1: each of"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(markov, wishes, reason):
    with pytest.raises(InputError, match=reason):
        markov.generate(Request(**wishes), 0)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_repeats_are_counted_from_what_came_before(markov, songs, most):
    """A start that ends in as many equal pitches as are allowed goes on with another."""
    chain = markov.styles["", 4, 4].chain
    pitch = 60  # which songs here begin and end with, so that much may follow it
    assert (pitch, 4) in chain.symbols
    start = melodies.Melody((pitch,) * most, (4,) * most)
    request = Request(
        bars=4, metre=(4, 4), key="C major", repeats=most, primer=melodies.decode(start)
    )
    for seed in range(20):
        _, _, new = notes(markov.generate(request, seed))
        joined = [pitch] * most + new.tolist()
        stretches = [set(joined[i : i + most + 1]) for i in range(len(joined) - most)]
        assert all(len(stretch) > 1 or stretch == {REST} for stretch in stretches)
