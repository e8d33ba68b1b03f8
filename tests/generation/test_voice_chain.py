"""Chains over whole frames: exact against enumeration; what is asked is kept, or refused."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from classify.errors import InputError
from classify.generation import voice_style
from classify.generation.frame_chain import END, FrameCounts
from classify.generation.frames import n_bars
from classify.generation.generators.markov import Markov
from classify.generation.request import Passage, Request, read_chord, read_key
from classify.generation.sampling import Impossible, Sampler
from classify.generation.sonorities import Frames, written
from classify.generation.voice_leading import of_voices
from classify.representations.features.key import key_of
from classify.representations.voices import REST, Voices
from tests.generation.songs import METRES, chorales, made
from tests.generation.test_chain import enumerated


def few(seed, n_songs=5):
    """Songs of two voices and a few short frames, some held."""
    draw, songs = np.random.default_rng(seed), []
    for _ in range(n_songs):
        pitch = np.array([(67, 60), (69, 62), (71, 60)])[draw.integers(0, 3, 5)]
        begins = np.ones(pitch.shape, bool)
        begins[1:] = (pitch[1:] != pitch[:-1]) | (draw.random((4, 2)) < 0.5)
        keep = np.append(True, begins[1:].any(axis=1))
        pitch, begins = pitch[keep], begins[keep]
        songs.append(Frames(pitch, begins, draw.integers(1, 3, len(pitch)), np.arange(len(pitch))))
    return songs


@pytest.mark.parametrize("seed", range(4))
def test_samples_have_the_probabilities_of_enumeration(seed):
    chain, _ = FrameCounts.fit(few(seed), [0] * 5).chain(np.ones(1))
    draw = np.random.default_rng(seed)
    weights = np.where(draw.random((4, len(chain.symbols))) < 0.4, 0, 1) * draw.random(
        (4, len(chain.symbols))
    )
    mass = enumerated(chain, weights)
    if not mass:
        with pytest.raises(Impossible):
            Sampler(chain, weights)
        return
    sampler, total = Sampler(chain, weights), sum(mass.values())
    assert np.exp(sampler.log_mass) == pytest.approx(total, rel=1e-12)
    for sequence, share in mass.items():
        assert np.exp(sampler.log_probability(sequence)) == pytest.approx(share / total, rel=1e-12)


def interpolated(counts, weights):
    """The probabilities of frames after one and two sonorities, worked out song by song."""
    step = 16 << counts.n_voices
    one, two, other = Counter(), Counter(), Counter()
    rows = {tuple(row): n for n, row in enumerate(counts.sonorities.tolist())}
    for begin, end, kind in zip([0, *counts.ends], counts.ends, counts.kind, strict=False):
        song = [*counts.sequence[begin:end].tolist(), END]
        at = ["^", "^", *(key // step for key in song[:-1])]
        for n, key in enumerate(song):
            one[at[n + 1], key] += weights[kind]
            two[at[n], at[n + 1], key] += weights[kind]
    for (before, key), count in one.items():
        if before == "^" or key == END:
            continue
        for shift in range(-6, 6):
            moved = [tuple(p + shift for p in counts.sonorities[n].tolist())
                     for n in (before, key // step)]  # fmt: skip
            if shift and moved[0] in rows and moved[1] in rows:
                other[rows[moved[0]], rows[moved[1]] * step + key % step] += count
    near = {(node, key): p for (node, key), p in zip(counts.near.tolist(), counts.nearness,
                                                     strict=True)}  # fmt: skip

    def mixed(found, base):
        nodes = {tuple(c[:-1]) for c in found} | {tuple(c[:-1]) for c in base}
        result = {}
        for node in nodes:
            own = {c[-1]: n for c, n in found.items() if tuple(c[:-1]) == node}
            below = {c[-1]: p for c, p in base.items() if tuple(c[:-1]) == node}
            total, new = sum(own.values()), len(own) if below else 0
            if not own:
                total, new = 0, 1
            for key in own.keys() | below.keys():
                p = (own.get(key, 0) + new * below.get(key, 0)) / (total + new)
                result[(*node, key)] = p
        return result

    first = mixed(one, mixed(other, near))
    choices = Counter(context[:-1] for context in two)
    known = {c: n for c, n in two.items() if choices[c[:-1]] > 1 and "^" not in c}
    pairs = {context[:-1] for context in known}
    below = {(*pair, key): p for pair in pairs for (node, key), p in first.items()
             if node == pair[1]}  # fmt: skip
    return first, mixed(known, below)


@pytest.mark.parametrize("seed", range(3))
def test_backoff_interpolates_as_witten_and_bell_do(seed):
    counts = FrameCounts.fit(few(seed), [0, 1, 0, 1, 0])
    weights = np.array([1.0, 0.25])
    chain, vocabulary = counts.chain(weights)
    one, two = interpolated(counts, weights)
    expected = {**{(("^",) if c[0] == "^" else (c[0],), c[1]): p for c, p in one.items()},
                **{((c[0], c[1]), c[2]): p for c, p in two.items()}}  # fmt: skip
    found = {}
    for node, context in enumerate(chain.contexts):
        name = tuple("^" if n < 0 else n for n in context)
        edges = chain.edges(node)
        for number, p in zip(chain.symbol[edges], chain.probability[edges], strict=True):
            found[name, chain.symbols[number]] = p
        if chain.end[node]:
            found[name, END] = chain.end[node]
    assert found.keys() == {c for c, p in expected.items() if p > 0}
    for context, p in found.items():
        assert p == pytest.approx(expected[context], rel=1e-12)
    held = ~vocabulary.begins[chain.symbol] & (vocabulary.pitch[chain.symbol] != REST)
    before = vocabulary.last[chain.source]
    assert (before[held] == vocabulary.pitch[chain.symbol][held]).all()


@pytest.fixture(scope="module")
def songs():
    return chorales(40)


@pytest.fixture(scope="module")
def markov(songs):
    return Markov().fit(songs)


def test_the_states_follow_from_the_songs(songs, markov):
    assert voice_style.n_voices(songs) == 4 and voice_style.n_voices(made(4)) is None
    assert markov.voices is not None and not markov.styles
    assert "whole frames" in markov.remarks()[0] and "in 4 voices" in markov.remarks()[0]
    melodies = Markov().fit(made(10))
    assert melodies.voices is None and "notes of the melody" in melodies.remarks()[0]


@pytest.mark.parametrize("place", [0, 1])
def test_frames_are_written_as_they_were_cut(songs, place):
    voices = Voices.of(songs[place], 4)
    cut = Frames.of(voices)
    pitch, begins = written(cut)
    np.testing.assert_array_equal(pitch, voices.pitch)
    np.testing.assert_array_equal(begins, voices.begins)
    assert cut.ticks.max() <= 16


def rows(song):
    voices = Voices.of(song, 4)
    return voices, np.cumsum(voices.about[:, 1] == 0)


def holds(request, song, markov):
    """Hold a song against every wish of its request."""
    voices, bar = rows(song)
    assert request.metre is None or tuple(song.metres[0, 1:].astype(int)) == request.metre
    notes = song.notes
    new = np.ones(len(voices.pitch), bool)
    if passage := request.keep or request.renew:
        inside = (bar >= passage.first) & (bar <= passage.last)
        new = ~inside if request.keep else inside
        old = Voices.of(passage.song, 4)
        shared = min(len(old.pitch), len(voices.pitch))
        stays = ~new[:shared] & (old.pitch[:shared] != REST).any(axis=1)
        np.testing.assert_array_equal(np.sort(voices.pitch[:shared][stays]),
                                      np.sort(old.pitch[:shared][stays]))  # fmt: skip
    if request.bars and not request.renew:
        assert n_bars(song) == request.bars
    sounding = voices.pitch[new]
    low, high = request.low or 0, request.high or 127
    assert ((sounding == REST) | ((sounding >= low) & (sounding <= high))).all()
    if request.key:
        assert key_of(notes) == read_key(request.key)
        if new[-1] and not request.bridge:
            assert voices.pitch[-1].min() % 12 == read_key(request.key)[0]
    if request.instruments:
        assert set(notes["program"]) == set(request.instruments)
    if request.chords:
        for t in np.flatnonzero(new & (voices.about[:, 1] % 4 == 0)):
            chord = read_chord(request.chords[(bar[t] - 1) % len(request.chords)])
            assert {p % 12 for p in voices.pitch[t].tolist() if p != REST} <= chord
    if request.repeats:
        top, begins = voices.pitch[:, 0], voices.begins[:, 0]
        struck = [(p, n) for p, b, n in zip(top, begins, new, strict=True) if b or p == REST]
        for i in range(len(struck) - request.repeats):
            run = struck[i : i + request.repeats + 1]
            assert len({p for p, _ in run}) > 1 or not any(n for _, n in run) or run[0][0] == REST
    limit = request.longest_copy or markov.longest_copy
    assert markov.repertoire.longest_run(song, request.kept_beats(song)) <= limit


#: Requests for all that can be wished for together.
REQUESTS = dict(
    bars=st.integers(1, 8), metre=st.sampled_from([None, *METRES]),
    key=st.sampled_from([None, None, "C major", "Eb major", "A major"]),
    low=st.sampled_from([None, None, 40, 48]), width=st.integers(20, 40),
    repeats=st.sampled_from([None, 1, 2, 3]), seed=st.integers(0, 99),
    chords=st.sampled_from([None, None, ("C", "F", "G7", "C"), ("Am", "Dm")]),
    instruments=st.sampled_from([None, (40,), (40, 41, 42, 43)]),
    longest_copy=st.sampled_from([None, None, 6, 12]),
    other=st.sampled_from([None, "primer", "keep", "renew", "bridge", "voices"]),
)  # fmt: skip

#: Ends of sentences that say why there is no song.
REASONS = "|".join([r"without \w+( or \w+)* there is one", "no single wish is the reason",
                    "longest_copy", "nothing is left", "renew: ", "keep: "])  # fmt: skip


def is_kept_or_refused(
    markov, songs, bars, metre, key, low, width, repeats, seed, chords, instruments, longest_copy,
    other,
):  # fmt: skip
    song = songs[seed % 2]
    revised = other in ("keep", "renew", "voices")
    request = Request(
        bars=None if other in ("renew", "voices") else bars, metre=None if revised else metre,
        key=None if revised else key, low=low, high=low and low + width, repeats=repeats,
        chords=chords, longest_copy=longest_copy, instruments=None if revised else instruments,
        primer=song if other == "primer" else None,
        keep=Passage(song, min(2, bars), min(3, bars)) if other == "keep" else None,
        renew=Passage(song, 2, 3) if other in ("renew", "voices") else None,
        voices=(1,) if other == "voices" else None,
        bridge=(song, songs[2]) if other == "bridge" else None,
    )  # fmt: skip
    try:
        made_song = markov.generate(request, seed)
    except InputError as error:
        assert re.search(REASONS, str(error)), str(error)
        return False
    holds(replace(request, repeats=None) if revised else request, made_song, markov)
    return True


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(**REQUESTS)
def test_every_wish_is_kept_or_refused_with_a_reason(markov, songs, **request):
    is_kept_or_refused(markov, songs, **request)


@pytest.mark.slow
def test_a_thousand_requests_are_kept_or_refused_with_a_reason(markov, songs):
    kept = []

    @settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate], derandomize=True)  # fmt: skip
    @given(**REQUESTS)
    def asked(**request):
        kept.append(is_kept_or_refused(markov, songs, **request))

    asked()
    assert len(kept) >= 1000 and np.mean(kept) > 0.3


def test_a_melody_is_harmonised_and_stays(markov, songs):
    song = songs[0]
    request = Request(renew=Passage(song, 1, n_bars(song)), voices=(1,))
    new, old = (Voices.of(one, 4) for one in (markov.generate(request, 1), song))
    np.testing.assert_array_equal(new.pitch[:, 0], old.pitch[:, 0])
    np.testing.assert_array_equal(new.begins[:, 0], old.begins[:, 0])
    assert (new.pitch[:, 1:] != old.pitch[:, 1:]).any()


def test_songs_have_no_more_parallels_than_those_they_were_learned_from(markov, songs):
    def per_chord(some):
        counted = [of_voices(Voices.of(song, 4)) for song in some]
        return sum(c.fifths + c.octaves for c in counted) / sum(c.chords for c in counted)

    new = [markov.generate(Request(bars=8), seed) for seed in range(5)]
    assert per_chord(new) <= 1.5 * per_chord(songs) + 0.01


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"low": 60, "high": 64, "bars": 4}, "all fail in bar 1 or before; without range"),
        ({"metre": (7, 8)}, "metre 7/8: was not learned; known are 4/4, 3/4"),
        ({"chords": ("C", "C#dim"), "bars": 4}, "all fail in bar 2 or before; without chords"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_bar_and_the_reason(markov, wishes, reason):
    with pytest.raises(InputError, match=reason):
        markov.generate(Request(**wishes), 0)


def test_a_voice_that_does_what_none_did_is_refused(markov, songs):
    notes = songs[0].notes.copy()
    notes["pitch"][-4:] = [35, 36, 37, 90]
    strange = replace(songs[0], fetch=lambda: notes)
    request = Request(renew=Passage(strange, 1, n_bars(strange)), voices=(1,))
    with pytest.raises(InputError, match="without voices there is one"):
        markov.generate(request, 0)
