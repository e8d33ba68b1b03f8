"""The Markov generator keeps what it was asked to keep, or says why it cannot."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from classify.errors import InputError
from classify.generation import knobs
from classify.generation.generators.markov import Markov
from classify.generation.request import Passage, Request, read_chord, read_key
from classify.representations import melody as melodies
from classify.representations.features.key import key_of
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


def holds(request, song, markov):
    """Hold a song against every wish of its request; bars that were to stay are as they were."""
    melody, begin, pitch = notes(song)
    bar = melody.bar_ticks
    new = np.ones(len(pitch), bool)
    if keep := request.keep:
        new = (begin < (keep.first - 1) * bar) | (begin >= keep.last * bar)
        old = melodies.encode(keep.song)
        known = zip(np.cumsum((0, *old.ticks[:-1])).tolist(), old.pitch, strict=True)
        kept = {(b, p) for b, p in known if (keep.first - 1) * bar <= b < keep.last * bar}
        assert kept == set(zip(begin[~new].tolist(), pitch[~new].tolist(), strict=True))
    sounding = new & (pitch != REST)
    assert sum(melody.ticks) == request.bars * bar and pitch.max() <= 127
    assert request.metre in (None, melody.metre) and song.tempi[0, 1] == pytest.approx(
        request.tempo
    )
    assert all((request.low or 0) <= p <= (request.high or 127) for p in pitch[sounding].tolist())
    assert pitch[0] != REST or not new[0]
    if new[-1]:
        assert pitch[-1] != REST
        assert not request.key or request.bridge or pitch[-1] % 12 == read_key(request.key)[0]
    assert not request.mode or knobs.mode(song) == (request.mode == "major")
    assert not request.key or key_of(song.notes) == read_key(request.key)
    if request.loudness:
        assert set(song.notes["velocity"]) == {round(request.loudness)}
    if request.instruments:
        assert set(song.notes["program"]) == set(request.instruments)
    if request.chords:
        for place, value in zip(begin[sounding].tolist(), pitch[sounding].tolist(), strict=True):
            chord = read_chord(request.chords[place // bar % len(request.chords)])
            assert place % 4 or value % 12 in chord
    if most := request.repeats:
        given = request.bridge[0] if request.bridge else request.primer
        before = list(melodies.encode(given).pitch[-most:]) if given else []
        joined, fresh = [*before, *pitch.tolist()], [False] * len(before) + new.tolist()
        for i in range(len(joined) - most):
            stretch = joined[i : i + most + 1]
            assert len(set(stretch)) > 1 or REST in stretch or not any(fresh[i : i + most + 1])
    limit = request.longest_copy or markov.longest_copy
    assert markov.repertoire.longest_run(song, request.kept_beats(song)) <= limit


#: Requests for all that can be wished for together.
REQUESTS = dict(
    bars=st.integers(1, 12), metre=st.sampled_from([None, *METRES]),
    mood=st.sampled_from([None, "calm", "wild"]), tonic=st.sampled_from([None, *range(12)]),
    mode=st.sampled_from(["major", "minor"]), low=st.sampled_from([None, *range(40, 64)]),
    width=st.integers(7, 40), repeats=st.sampled_from([None, 1, 2, 3]), seed=st.integers(0, 99),
    chords=st.sampled_from([None, None, ("C", "F", "G7", "C"), ("Am", "Dm")]),
    instrument=st.sampled_from([None, 40, 73]), loudness=st.sampled_from([None, 50.0, 90.5]),
    density=st.sampled_from([None, None, 1.0, 2.0]),
    longest_copy=st.sampled_from([None, None, 6, 12]),
    other=st.sampled_from([None, "primer", "keep", "bridge"]),
)  # fmt: skip

#: Ends of sentences that say why there is no song.
REASONS = "|".join([r"without \w+( or \w+)* there is one", "no single wish is the reason",
                    "was not learned", "longest_copy", "keep:"])  # fmt: skip


def is_kept_or_refused(
    markov, songs, bars, metre, mood, tonic, mode, low, width, repeats, seed, chords, instrument,
    loudness, density, longest_copy, other,
):  # fmt: skip
    names = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
    given = songs[0 if metre == (4, 4) else 1]
    if other == "keep":
        metre = melodies.encode(given).metre
    request = Request(
        bars=bars, metre=metre, mood=mood, key=None if tonic is None else f"{names[tonic]} {mode}",
        mode=mode if tonic is None and seed % 2 else None, low=low, high=low and low + width,
        repeats=repeats, chords=chords, tempo=90, loudness=loudness, density=density,
        instruments=instrument and (instrument,), primer=given if other == "primer" else None,
        keep=Passage(given, min(2, bars), min(3, bars)) if other == "keep" else None,
        bridge=(given, songs[2]) if other == "bridge" else None, longest_copy=longest_copy,
    )  # fmt: skip
    try:
        song = markov.generate(request, seed)
    except InputError as error:
        assert re.search(REASONS, str(error)), str(error)
        return False
    holds(request, song, markov)
    return True


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(**REQUESTS)
def test_every_wish_is_kept_or_refused_with_a_reason(markov, songs, **request):
    is_kept_or_refused(markov, songs, **request)


@pytest.mark.slow
def test_a_thousand_requests_are_kept_or_refused_with_a_reason(markov, songs):
    kept = []

    @settings(
        max_examples=1000,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        derandomize=True,
    )
    @given(**REQUESTS)
    def asked(**request):
        kept.append(is_kept_or_refused(markov, songs, **request))

    asked()
    assert len(kept) >= 1000 and np.mean(kept) > 0.4


def test_songs_are_in_keys_of_those_that_were_learned_from():
    tune = melodies.Melody((60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 60), (4,) * 12)
    markov = Markov().fit([melodies.decode(tune.transposed(n)) for n in (2, 7, 2)])
    in_d, in_g = ({(n + key) % 12 for n in (0, 2, 4, 5, 7)} for key in (2, 7))
    new = [set(markov.generate(Request(bars=4), seed).notes["pitch"] % 12) for seed in range(8)]
    assert all(song <= in_d or song <= in_g for song in new)
    assert any(not song <= in_d for song in new) and any(not song <= in_g for song in new)
    (style,) = markov.styles.values()
    arrays, values = style.state()
    before = type(style).of_state(arrays | {"facts": arrays["facts"][:, :5]}, values)
    assert [style.above("", False, share) for share in (0.1, 0.9)] == [-5, 2]
    assert before.above("", False, 0.9) == 0 and before.habits() == style.habits()


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


@pytest.mark.parametrize("place", [0, 1])
def test_a_song_that_another_goes_with_gives_its_metre(markov, songs, place):
    old, bars = songs[place], {"bars": 4}
    for request in (Request(keep=Passage(old, 2, 3), **bars), Request(primer=old, **bars)):
        new = markov.generate(request, 1)
        assert tuple(new.metres[0, 1:].astype(int)) == METRES[place]


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
    chain = markov.styles[4, 4].chain("", minor=False)
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
