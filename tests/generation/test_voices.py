"""Music in voices: what is given stays, the rest is written around it; parallels are counted."""

import numpy as np
import pytest

from classify.corpora import builtin, builtin_scores
from classify.errors import InputError
from classify.generation import gibbs, voice_measures
from classify.generation.frames import n_bars
from classify.generation.generators.coconet import Coconet
from classify.generation.generators.deep_bach import PRESETS, DeepBach
from classify.generation.gibbs import Piece
from classify.generation.networks.neighbour_sampler import NeighbourSampler
from classify.generation.networks.neighbour_shape import REACH, NeighbourShape
from classify.generation.networks.roll_sampler import RollSampler
from classify.generation.networks.roll_shape import RollShape
from classify.generation.networks.voice_songs import VoiceSong
from classify.generation.request import Passage, Request
from classify.generation.voice_leading import of_voices, parallels
from classify.generation.voice_measures import OF_FRAME, OF_NOTE
from classify.progress import Silent
from classify.representations.sequences import song_of
from classify.representations.voices import REST, Voices
from classify.songs import midi
from tests.generation.songs import drawn_voices, made


@pytest.fixture(scope="module")
def chorale(tmp_path_factory):
    """BWV 253, as a file that was written and read."""
    songs = {song.name: song for song in builtin.CORPORA["chorales"].candidates()}
    path = tmp_path_factory.mktemp("chorale") / "bwv253.mid"
    midi.write(path, *builtin_scores.read(songs["bach-bwv253"].content, as_written=True))
    return midi.read(path)


def melody_of(song):
    """The highest voice alone, on a violin, and not quite on the grid."""
    voices = Voices.of(song, 4)
    highest = [(begin / 4, pitch) for voice, begin, _, pitch in voices.notes() if not voice]
    notes = song.notes
    chosen = [
        np.flatnonzero((notes["beat"] == beat) & (notes["pitch"] == pitch))[0]
        for beat, pitch in highest
    ]
    melody = notes[chosen].copy()
    melody["program"], melody["velocity"] = 40, 91
    melody["onset"] += 0.02
    melody["beat"] += 0.04
    return song_of(melody, song.tempi, song.metres, "melody")


KINDS = [Coconet, DeepBach]


@pytest.fixture(params=KINDS)
def composer(request):
    return drawn_voices(request.param)


def notes_of(song):
    return {tuple(note) for note in song.notes[["beat", "pitch", "velocity", "program"]].tolist()}


def test_a_melody_is_harmonised_and_stays_as_it_was_played(composer, chorale):
    melody = melody_of(chorale)
    request = Request(renew=Passage(melody, 1, n_bars(melody)), voices=(1,), loudness=60)
    song = composer.generate(request, 0)
    assert notes_of(melody) <= notes_of(song) and song.n_notes > 2 * melody.n_notes
    kept = song.notes[song.notes["velocity"] == 91]
    np.testing.assert_allclose(kept["onset"], melody.notes["onset"], atol=1e-6)
    np.testing.assert_allclose(kept["duration"], melody.notes["duration"], atol=1e-5)
    np.testing.assert_array_equal(song.metres, melody.metres)
    again = composer.generate(request, 0)
    assert again.notes.tobytes() == song.notes.tobytes()


def test_one_voice_is_written_anew_or_one_bar_of_it(composer, chorale):
    before = Voices.of(chorale, 4)
    for first, last in ((1, n_bars(chorale)), (3, 4)):
        request = Request(renew=Passage(chorale, first, last), voices=(1, 2, 4))
        after = Voices.of(composer.generate(request, 1), 4)
        same = [
            (np.sort(after.pitch[t]) == np.sort(before.pitch[t])).sum()
            for t in range(len(before.pitch))
        ]
        bar = np.cumsum(before.about[:, 1] == 0)[: len(same)]
        inside = (bar >= first) & (bar <= last)
        assert (np.array(same)[~inside] == 4).all() and (np.array(same)[inside] < 4).any()


def test_a_missing_voice_is_found(composer, chorale):
    """The others are given as a song of three voices."""
    voices = Voices.of(chorale, 4)
    tenor = {(begin / 4, pitch) for voice, begin, _, pitch in voices.notes() if voice == 2}
    keys = zip(chorale.notes["beat"].tolist(), chorale.notes["pitch"].tolist(), strict=True)
    three = song_of(chorale.notes[[key not in tenor for key in keys]], chorale.tempi,
                    chorale.metres, "three")  # fmt: skip
    request = Request(renew=Passage(three, 1, n_bars(three)), voices=(1, 2, 4))
    song = composer.generate(request, 2)
    given = {(beat, pitch) for beat, pitch, *_ in notes_of(three)}
    assert given <= {(beat, pitch) for beat, pitch, *_ in notes_of(song)}
    assert Voices.of(song, 4).pitch.shape[1] == 4 and song.n_notes > three.n_notes


def test_a_beginning_is_completed(composer, chorale):
    song = composer.generate(Request(keep=Passage(chorale, 1, 2), bars=6), 3)
    assert n_bars(song) == 6
    begin = {note for note in notes_of(chorale) if note[0] < 7}
    assert begin <= notes_of(song)


def test_parallels_are_drawn_anew_where_the_music_that_was_learned_has_none(composer):
    """Even a network that knows nothing makes hardly any then."""
    nothing, about = np.zeros((64, 4), bool), np.zeros((64, 4))
    empty = Piece(np.zeros((64, 4), int), nothing, nothing, np.ones((64, 4, 47), bool))
    counted = []
    for share in (0.0, 1.0):
        composer.parallels = share
        drawn = [composer.draw(empty, about, np.random.default_rng(n)) for n in range(2)]
        found = [of_voices(Voices(piece.classes, piece.begins, about)) for piece in drawn]
        counted.append(sum(one.fifths + one.octaves for one in found))
    assert counted[0] < counted[1] / 4


def test_range_instruments_and_length_are_kept(composer):
    for seed in range(3):
        wishes = Request(bars=3, low=50, high=61, instruments=(40, 41, 42), loudness=99)
        song = composer.generate(wishes, seed)
        assert song.notes["pitch"].min() >= 50 and song.notes["pitch"].max() <= 61
        assert set(song.notes["program"]) == {40, 41, 42} and set(song.notes["velocity"]) == {99}
        assert song.seconds == pytest.approx(3 * 4 * 60 / 100)


def test_what_cannot_stay_is_refused_in_a_sentence(composer, chorale):
    every = n_bars(chorale)
    high = chorale.notes.copy()
    high["pitch"] += 24
    high = song_of(high, chorale.tempi, chorale.metres, "high")
    refused = {
        "renew: bar 99 lies beyond": Request(renew=Passage(chorale, 1, 99)),
        "keep: nothing is left": Request(keep=Passage(chorale, 1, every)),
        "voices 5: the music that was learned has 4": Request(
            renew=Passage(chorale, 1, 2), voices=(1, 5)
        ),
        "renew: a song keeps its length": Request(renew=Passage(chorale, 1, 2), bars=40),
        "keep: what stays is longer": Request(keep=Passage(chorale, 1, 5), bars=3),
        "in bar 1 stays, and lies outside": Request(renew=Passage(high, 2, 2)),
        "the range 100-110 has no pitch": Request(bars=2, low=100, high=110),
    }
    for message, request in refused.items():
        with pytest.raises(InputError, match=message):
            composer.generate(request, 0)
    two = drawn_voices(type(composer), voices=2)
    with pytest.raises(InputError, match="has 4 notes at once, and the music that was learned"):
        two.generate(Request(renew=Passage(chorale, 1, 2)), 0)
    with pytest.raises(InputError, match="voices: give the song that they are of"):
        Request(voices=(1,))


def test_nats_are_those_of_the_network_and_songs_out_of_range_are_left_out(composer, chorale):
    high = chorale.notes.copy()
    high["pitch"] += 24
    high = song_of(high, chorale.tempi, chorale.metres, "high")
    table = voice_measures.measure_songs(composer, [high, chorale], ["a", "b"])
    assert table.song.tolist() == [1] and np.isfinite(table[OF_NOTE]).all()
    assert table[OF_FRAME].notna().all() == composer.HIDES
    song = composer.classes_of(Voices.of(chorale, 4))
    known = np.ones(song.classes.shape, bool)
    known[20, 2] = False
    total = []  # over everything that the voice could do at this step
    for value in range(composer.n_classes):
        for begins in (True, False):
            held = value > 0 and value == song.classes[19, 2]
            if not begins and value and not held:
                continue
            if begins and not value:
                continue
            classes, starts = song.classes.copy(), song.begins.copy()
            classes[20, 2], starts[20, 2] = value, begins
            changed = VoiceSong(classes, starts, song.places)
            total.append(np.exp(-composer.nats(changed, known, 20, 2)))
    assert sum(total) == pytest.approx(1, abs=1e-6)
    summary = voice_measures.summarise({"one": table})
    assert summary.of.tolist() == ([OF_NOTE, OF_FRAME] if composer.HIDES else [OF_NOTE])


def test_gibbs_sampling_draws_from_the_joint_distribution():
    """Two voices, three classes: 4,000 steps that know nothing of each other (chi-squared)."""
    joint = np.array([[0.30, 0.02, 0.08], [0.01, 0.20, 0.04], [0.05, 0.10, 0.20]])

    def predict(classes, known, begins):
        scores = []
        for voice, table in enumerate((joint, joint.T)):
            other = classes[:, 1 - voice]
            given = np.where(known[:, 1 - voice, None], table.T[other], table.sum(axis=1))
            scores.append(np.log(given))
        return np.stack(scores, axis=1)

    nothing = np.zeros((4000, 2), bool)
    piece = Piece(np.zeros((4000, 2), int), nothing, nothing, np.ones((4000, 2, 3), bool))
    drawn = gibbs.sample(predict, piece, np.random.default_rng(0), 400).classes
    counts = np.zeros((3, 3))
    np.add.at(counts, tuple(drawn.T), 1)
    assert ((counts - 4000 * joint) ** 2 / (4000 * joint)).sum() < 26.1  # 8 degrees, p = .001


def test_numpy_says_of_rolls_what_keras_says():
    from classify.generation.networks import roll_network

    attacks = True
    shape, draw = (
        RollShape(3, 50, 20, attacks, 6, deep=2, after=1, reach=5),
        np.random.default_rng(0),
    )
    model = roll_network.build(shape, 16)
    model.set_weights([np.abs(draw.normal(0, 0.3, w.shape)) + 0.1 for w in model.get_weights()])
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == shape.n_weights
    weights = roll_network.weights(model, shape)
    assert {name: part.shape for name, part in weights.items()} == shape.shapes()
    classes, known = draw.integers(0, 20, (16, 3)), draw.random((16, 3)) < 0.5
    begins = draw.random((16, 3)) < 0.3
    said = model.predict_on_batch([a[None].astype(t) for a, t in
                                   ((classes, "int32"), (known, "f"), (begins, "f"))])  # fmt: skip
    scores = RollSampler(shape, weights).scores(classes, known, begins)
    np.testing.assert_allclose(scores, said[0], rtol=1e-4, atol=1e-4)


def test_numpy_says_of_neighbours_what_keras_says():
    from classify.generation.networks import neighbour_network

    shape, draw = NeighbourShape(3, 20, 5, 6, 7, 2), np.random.default_rng(0)
    model = neighbour_network.build(shape)
    model.set_weights([draw.normal(0, 0.3, w.shape) for w in model.get_weights()])
    weights = neighbour_network.weights(model)
    assert {name: part.shape for name, part in weights.items()} == shape.shapes()
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == shape.n_weights
    symbols, places = draw.integers(0, 21, (40, 3)), np.arange(40) % 16
    padded = np.pad(symbols, ((REACH, REACH), (0, 0)), constant_values=shape.outside)
    windows = np.stack([padded[n : n + 2 * REACH + 1] for n in range(40)])
    of_bar = places[(np.arange(40)[:, None] + np.arange(-REACH, REACH + 1)).clip(0, 39)]
    said = model.predict_on_batch([windows.astype("int32"), of_bar.astype("int32")])
    for voice in range(3):
        scores = NeighbourSampler(shape, weights).scores(symbols, places, np.arange(40), voice)
        np.testing.assert_allclose(scores, said[:, voice], rtol=1e-4, atol=1e-4)


def test_deep_bach_has_the_size_of_the_authors_networks():
    """Layer by layer: embeddings, LSTMs, perceptron of the centre, what joins them, symbols."""
    voices, classes, places = 4, 47, 16
    read = (voices * (classes + 2) + places) * 200 + 200
    lstm = 4 * (200 * 200 + 200 * 200 + 200)
    centre = ((voices - 1) * (classes + 2) + places) * 200 + 200 + 200 * 200 + 200
    joined = 600 * 200 + 200 + 200 * (classes + 1) + (classes + 1)
    paper = NeighbourShape(voices, classes, *PRESETS["paper"])
    assert paper.n_weights == voices * (2 * read + 4 * lstm + centre + joined) == 6_284_992
    assert NeighbourShape(voices, classes, *PRESETS["small"]).n_weights < 500_000


def test_pseudo_gibbs_sampling_draws_from_the_joint_distribution():
    """Two voices that may begin one of two pitches: 4,000 steps apart from each other."""
    joint = np.array([[0.45, 0.05], [0.15, 0.35]])

    def score(symbols, steps, voice):
        other = symbols[steps, 1 - voice] - 1
        p = (joint.T if voice == 0 else joint)[other]
        return np.log(
            np.concatenate([np.full((len(p), 1), 1e-9), p, np.full((len(p), 1), 1e-9)], 1)
        )

    allowed = np.zeros((4000, 2, 3), bool)
    allowed[..., 1:] = True
    nothing = np.zeros((4000, 2), bool)
    piece = Piece(np.zeros((4000, 2), int), nothing, nothing, allowed)
    drawn = gibbs.pseudo_sample(score, piece, np.random.default_rng(0), 200).classes - 1
    counts = np.zeros((2, 2))
    np.add.at(counts, tuple(drawn.T), 1)
    assert ((counts - 4000 * joint) ** 2 / (4000 * joint)).sum() < 16.3  # 3 degrees, p = .001


def test_networks_are_as_small_as_they_say():
    assert RollShape(4, 36, 47, attacks=True).n_weights <= 200_000


def test_parallels_are_counted_where_bach_has_hardly_any(chorale):
    counted = parallels(chorale)
    assert counted.chords > 50 and counted.fifths + counted.octaves <= 1
    doubled = chorale.notes[chorale.notes["pitch"] > 60]
    below = doubled.copy()
    below["pitch"] -= 12
    both = song_of(np.concatenate([doubled, below]), chorale.tempi, chorale.metres, "doubled")
    assert parallels(both).octaves > 20
    assert REST not in Voices.of(chorale, 4).pitch[12:60]


class Kill(Silent):
    """Stops a training after its first epoch."""

    def advance(self, task, note="", done=None):
        raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(kind, tmp_path):
    """Its learning rate goes on falling from where it was."""
    songs = made(32)
    with pytest.raises(KeyboardInterrupt):
        kind(quick=True, epochs=3).fit(songs, progress=Kill(), work=tmp_path / "killed")
    resumed, whole = (
        kind(quick=True, epochs=3).fit(songs, work=tmp_path / work) for work in ("killed", "whole")
    )
    for name, weights in whole.weights.items():
        np.testing.assert_allclose(resumed.weights[name], weights, atol=1e-6, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_networks_learn(kind):
    """After some epochs a held-out song is likelier than before."""
    songs = made(40)
    nats = []
    for epochs in (1, 60):
        made_by = kind(quick=True, epochs=epochs).fit(songs[:36])
        nats.append(voice_measures.measure_songs(made_by, songs[36:], ["g"] * 4)[OF_NOTE].mean())
    assert nats[1] < 0.9 * nats[0]
