"""Networks over rows: NumPy says what Keras says, whatever joins the rows, and wishes are kept."""

import numpy as np
import pytest

from classify.errors import InputError
from classify.generation import events
from classify.generation.generators.conv_lstm import ConvLSTM
from classify.generation.generators.event_transformer import EventTransformer
from classify.generation.generators.performance_rnn import PerformanceRNN
from classify.generation.networks.architecture import Architecture, Relative
from classify.generation.networks.row_sampler import RowSampler, drawn
from classify.generation.request import Request
from classify.progress import Silent
from classify.representations import melody as melodies
from classify.representations.reference import piece
from classify.songs import midi
from tests.generation.songs import made

SHAPES = {
    "attention": Architecture(
        (4, 12, 20, 7), pitches=18, extras=(5,), conditions=3, units=32, layers=2, context=16,
        relative=(Relative(2, 2, 1), Relative(2, 2, 3), Relative(2, 1, 0)), longest=70,
    ),
    "lstm": Architecture((388,), trunk="lstm", conditions=2, units=16, layers=2, context=16),
    "conv-lstm": Architecture(
        (12, 7), trunk="lstm", convolution=5, conditions=1, units=16, layers=1, context=16
    ),
    "regression": Architecture(
        (12, 7), trunk="lstm", convolution=5, regression=True, units=16, layers=1, context=16
    ),
}  # fmt: skip


def log_probabilities(sampler, read, rows, extras, times):
    """What the sampler says of rows that are given, shape (n_songs, n_rows, n_fields)."""
    said = np.zeros(rows.shape)
    for t in range(rows.shape[1]):
        x = sampler.read(read[:, t], extras[:, t], times[:, t])
        for k in range(rows.shape[2]):
            scores = sampler.scores(x, k, rows[:, t]).astype(float)
            scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
            said[:, t, k] = scores[np.arange(len(rows)), rows[:, t, k]]
            x = sampler.chose(x, k, rows[:, t, k])
    return said


def example(shape, n_songs, n_rows):
    """Random rows, and the rows before them."""
    draw = np.random.default_rng(0)
    rows = np.stack([draw.integers(0, n, (n_songs, n_rows)) for n in shape.fields], axis=-1)
    begin = np.broadcast_to(np.array(shape.fields), (n_songs, 1, len(shape.fields)))
    extras = draw.integers(0, 5, (n_songs, n_rows, len(shape.extras)))
    times = np.cumsum(draw.integers(0, 9, (n_songs, n_rows)), axis=1)
    known = draw.normal(size=(n_songs, shape.conditions)).astype(np.float32)
    return np.concatenate([begin, rows[:, :-1]], axis=1), rows, extras, times, known


def network(shape, n_rows):
    """A network with weights that are not 0."""
    from classify.generation.networks import row_network

    model, draw = row_network.build(shape, n_rows), np.random.default_rng(1)
    model.set_weights([draw.normal(0, 0.2, w.shape) for w in model.get_weights()])
    return model, row_network.weights(model)


@pytest.mark.parametrize("name", SHAPES)
def test_numpy_says_what_keras_says(name):
    """Row by row, with more rows than are remembered."""
    shape = SHAPES[name]
    model, weights = network(shape, 24)
    assert {n: w.shape for n, w in weights.items()} == shape.shapes()
    read, rows, extras, times, known = example(shape, 3, 24)
    nats = model.predict_on_batch([read, rows, extras, times, known])
    said = log_probabilities(RowSampler(shape, weights, known), read, rows, extras, times)
    np.testing.assert_allclose(-said, nats, rtol=1e-4, atol=1e-4)


def test_nothing_of_a_row_is_known_before_it_is_predicted():
    shape = SHAPES["attention"]
    model, _ = network(shape, 16)
    read, rows, extras, times, known = example(shape, 2, 16)
    one = model.predict_on_batch([read, rows, extras, times, known])
    rows, read = rows.copy(), read.copy()
    rows[:, 9:] = read[:, 10:, :].max(axis=1, keepdims=True) - rows[:, 9:]
    rows = rows.clip(0, np.array(shape.fields) - 1)
    read[:, 1:] = rows[:, :-1]
    other = model.predict_on_batch([read, rows, extras, times, known])
    np.testing.assert_allclose(one[:, :9], other[:, :9], atol=1e-5)
    assert np.abs(one[:, 10:] - other[:, 10:]).max() > 0.01


def test_draws_follow_their_probabilities_and_keep_to_the_likeliest():
    scores = np.log(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32)).repeat(20_000, axis=0)
    counts = np.bincount(drawn(scores, np.random.default_rng(0)), minlength=4)
    np.testing.assert_allclose(counts / 20_000, [0.5, 0.3, 0.15, 0.05], atol=0.015)
    kept = np.bincount(drawn(scores, np.random.default_rng(0), 0.7), minlength=4)
    assert kept[2:].tolist() == [0, 0]


def test_songs_are_rows_and_rows_are_songs():
    song = piece()
    one = events.encode(song)
    again = events.decode(one.rows[:-1], one.metre, 40, 120.0, -one.shift)
    np.testing.assert_array_equal(np.sort(again.notes["pitch"]), np.sort(song.notes["pitch"]))
    steps = np.round(np.sort(song.notes["beat"]) * 12)
    np.testing.assert_allclose(np.sort(again.notes["beat"]) * 12, steps, atol=1e-3)
    assert one.rows[-1, events.BAR] == events.END and (np.diff(one.time) >= 0).all()


@pytest.fixture(scope="module")
def transformer():
    return EventTransformer(quick=True).fit(made(24), ["calm", "wild"] * 12)


@pytest.mark.parametrize("seed", range(6))
def test_a_transformer_keeps_range_metre_and_instruments(transformer, seed):
    request = Request(
        bars=1 + seed, low=58, high=62 + seed, metre=[(3, 4), (4, 4)][seed % 2],
        instruments=(40,), tempo=100, loudness=50,
    )  # fmt: skip
    song = transformer.generate(request, seed)
    notes = song.notes
    assert notes["pitch"].min() >= 58 and notes["pitch"].max() <= 62 + seed
    assert song.metres[0, 1:].tolist() == [float(n) for n in request.metre]
    assert set(notes["program"]) == {40} and abs(notes["velocity"].mean() - 50) <= 1
    begin = np.round(notes["beat"].astype(float) * 12)
    assert len(np.unique(np.stack([begin, notes["pitch"]]), axis=1).T) == len(notes)


def test_pitches_are_some_that_were_learned_unless_others_are_asked_for(transformer):
    low, high = transformer.pitches
    songs = [transformer.generate(Request(bars=8), seed) for seed in range(4)]
    pitches = np.concatenate([song.notes["pitch"] for song in songs])
    assert low <= pitches.min() and pitches.max() <= high < 100
    other = transformer.generate(Request(bars=4, low=high + 1, high=high + 12), 0).notes["pitch"]
    assert high < other.min() and other.max() <= high + 12


def test_a_metre_that_was_not_learned_is_refused(transformer):
    with pytest.raises(InputError, match="metre 7/8: was not learned; known are 4/4, 3/4"):
        transformer.generate(Request(bars=4, metre=(7, 8)), 0)


def test_a_register_that_is_asked_for_is_kept_to_a_semitone(transformer):
    for register in (48, 60, 72):
        song = transformer.generate(Request(bars=8, register=register), 1)
        assert abs(song.notes["pitch"].mean() - register) <= 0.5


def test_a_song_goes_on_from_another(transformer):
    one, other = (transformer.generate(Request(bars=4, primer=p), 3) for p in made(2))
    assert one.notes.tobytes() != other.notes.tobytes()


def test_pitches_of_the_rest_of_a_song_are_predicted():
    generator, song = ConvLSTM(quick=True).fit(made(24)), made(30)[-1]
    curves = generator.predictions(song)
    n_notes = sum(p != melodies.REST for p in melodies.encode(song).pitch)
    assert {len(curve) for curve in curves.values()} == {n_notes - n_notes // 2}
    assert (curves["one_step"] != curves["free"]).any()


def test_a_performance_has_no_grid_and_an_end(tmp_path):
    generator = PerformanceRNN(quick=True).fit(made(24))
    song = generator.generate(Request(seconds=30, tempo=120), 2)
    on_grid = np.isclose(song.notes["beat"] * 4 % 1, 0)
    assert 0 < on_grid.mean() < 0.5 and song.seconds <= 30 + 1e-6
    longest = generator.longest / 100 / (120 / generator.tempo)
    assert song.notes["duration"].max() <= longest + 60 / 120 / 100  # and a rounding
    midi.write_song(tmp_path / "song.mid", song)
    assert midi.read(tmp_path / "song.mid").n_notes == song.n_notes


class Kill(Silent):
    """Stops a training behind its first epoch, as a kill does."""

    def advance(self, key, note="", done=None):
        raise KeyboardInterrupt


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tmp_path):
    songs, moods = made(24), ["calm", "wild"] * 12
    with pytest.raises(KeyboardInterrupt):
        ConvLSTM(quick=True).fit(songs, moods, progress=Kill(), work=tmp_path)
    resumed, whole = (
        ConvLSTM(quick=True).fit(songs, moods, work=work) for work in (tmp_path, tmp_path / "other")
    )
    for name, weights in whole.weights.items():
        np.testing.assert_allclose(resumed.weights[name], weights, atol=1e-6, err_msg=name)
