"""Networks that learn against an adversary: layers, turns, published sizes, variety, measures."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from classify.errors import InputError
from classify.evaluation import variety
from classify.generation import bar_measures
from classify.generation.adversarial import chords, convolutions, tracks, varied
from classify.generation.adversarial.bar_shape import PITCHES, BarShape
from classify.generation.adversarial.bars import bars_of, decided, lines_of
from classify.generation.adversarial.convolutions import as_trained, n_learned
from classify.generation.adversarial.phrase_shape import BARS, PhraseShape
from classify.generation.generators.midi_net import MidiNet
from classify.generation.generators.muse_gan import MuseGAN
from classify.generation.generators.muse_gan_composer import MuseGANComposer
from classify.generation.generators.muse_gan_jamming import MuseGANJamming
from classify.generation.generators.seq_gan import SeqGAN
from classify.generation.latent.phrases import on_grid
from classify.generation.request import Passage, Request
from classify.representations import melody as melodies
from classify.representations.melody import REST, Melody
from classify.representations.sequences import note_array, song_of
from tests.generation.songs import made

SMALL = BarShape(known=16, dense=12, filters=6, before=4, critic=5, critic_dense=7, noise=3)


def some_weights(shape) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {
        name: np.abs(draw.normal(1, 0.2, size)) if name.endswith("variance")
        else draw.normal(0, 0.3, size)
        for name, size in shape.shapes().items()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("width", "stride", "length"), [(2, 2, 6), (4, 2, 11), (3, 1, 5), (3, 2, 8)]
)
def test_slopes_of_convolutions_are_those_that_differences_give(width, stride, length):
    draw = np.random.default_rng(0)
    weights = {"a.kernel": draw.normal(size=(width, 2, 3)), "a.bias": draw.normal(size=3)}
    x = draw.normal(size=(1, 2, length, 2))
    y = convolutions.convolve(np, weights, "a", x, 2, stride)
    back = draw.normal(size=y.shape)
    slope = convolutions.slope_of_convolution(np, weights, "a", back, 2, stride, length)
    assert slope.shape == x.shape
    for place in [(0, 0, 0, 0), (0, 1, length // 2, 1), (0, 0, length - 1, 0)]:
        moved = x.copy()
        moved[place] += 1.0
        change = ((convolutions.convolve(np, weights, "a", moved, 2, stride) - y) * back).sum()
        assert slope[place] == pytest.approx(change)


def test_published_sizes_of_midi_net():
    """Layer by layer as in the authors' code, with 13 numbers for the chord and 128 pitches."""
    shape = BarShape(known=13, columns=PITCHES)
    normalised = lambda inputs, units: inputs * units + 3 * units  # noqa: E731
    before = normalised(128, 16) + 3 * normalised(2 * 16, 16)
    dense = normalised(113, 1024) + normalised(1024 + 13, 256)
    told = 128 + 13 + 16
    up = 3 * normalised(2 * told, 128) + told * 128 + 128
    assert n_learned(shape.shapes()) - n_learned(shape.shapes(), "critic") == before + dense + up
    critic = (2 * 128 * 14 * 14 + 14) + normalised(4 * 27, 77) + normalised(3 * 77 + 13, 1024)
    assert n_learned(shape.shapes(), "critic") == critic + 1024 + 13 + 1


def test_numpy_writes_and_judges_what_keras_does():
    from keras import ops

    weights, draw = some_weights(SMALL), np.random.default_rng(1)
    noise, known = draw.normal(size=(5, 3)), draw.normal(size=(5, 16))
    before = draw.random((5, 16, 130))
    one = SMALL.write(np, weights, as_trained(weights), noise, known, before)
    other = SMALL.write(ops, weights, as_trained(weights), noise, known, before)
    np.testing.assert_allclose(one, ops.convert_to_numpy(other), atol=1e-5)
    assert one.shape == before.shape
    heard = [SMALL.judge(xp, weights, as_trained(weights), one, known)[0] for xp in (np, ops)]
    np.testing.assert_allclose(heard[0], ops.convert_to_numpy(heard[1]), atol=1e-4)


def test_each_learns_by_its_own_loss_when_it_is_its_turn():
    """Of two batches, the adversary learns in the first only, and the generator in both."""
    from classify.generation.networks import phrase_network, rivals_network
    from classify.generation.networks.bar_rivals import BarRivals

    layer = BarRivals(SMALL)
    bars = (16, 130)
    model = rivals_network.build(
        layer, {"bars": bars, "before": bars, "known": (16,), "within": (16,)}
    )
    optimiser = rivals_network.TurnTaking(1e-2, generator_every=1, critic_every=2)
    model.compile(optimizer=optimiser, loss=phrase_network.loss, run_eagerly=True)
    draw = np.random.default_rng(0)
    x = [
        draw.random((4, 16, 130)),
        draw.random((4, 16, 130)),
        draw.random((4, 16)),
        np.ones((4, 16)),
    ]
    history = [rivals_network.weights(layer)]
    for _ in range(2):
        model.train_on_batch([part.astype(np.float32) for part in x], np.zeros((4, 1)))
        history.append(rivals_network.weights(layer))
    changed = [
        {name for name in SMALL.shapes() if name.endswith("kernel")
         if not np.array_equal(one[name], other[name])}
        for one, other in pairwise(history)
    ]  # fmt: skip
    critic = {name for name in changed[0] if name.startswith("critic")}
    assert len(critic) == 4 and len(changed[0] - critic) == 10
    assert changed[1] == changed[0] - critic


def test_melodies_are_bars_and_bars_are_melodies():
    tune = Melody((60, 60, REST, 64, 62), (2, 2, 4, 8, 16), 4)
    song = melodies.decode(tune.transposed(2))
    grid = on_grid(song)
    bars = bars_of(song, grid, 16, 130)
    pitch, begins = lines_of(bars.astype(np.float32), 16)
    starts = np.flatnonzero(begins)
    assert (pitch[starts] + grid.shift * (pitch[starts] != REST)).tolist() == [62, 62, REST, 66, 64]
    assert np.diff([*starts, 32]).tolist() == list(tune.ticks)
    without = bars_of(song, grid, 16, PITCHES)
    assert (without.sum(axis=-1) == 1).all()  # rests are counted to the note before


def test_the_most_probable_pitch_within_the_range_is_written():
    said = np.zeros((1, 2, 130), np.float32)
    said[0, :, 70], said[0, :, 60], said[0, :, 129] = 0.9, 0.5, 0.6
    assert decided(said, 0, 65).argmax(axis=-1).tolist() == [[129, 129]]
    assert decided(said, 0, 65, heard=True).argmax(axis=-1).tolist() == [[60, 129]]
    assert decided(said, 0, 127).argmax(axis=-1).tolist() == [[70, 70]]


def test_chords_are_those_of_most_notes():
    notes = note_array(
        onset=np.repeat([0.0, 2.0, 4.0], 3), duration=1.9, beat=np.repeat([0.0, 4.0, 8.0], 3),
        pitch=[60, 64, 67, 57, 60, 64, 55, 59, 62], velocity=80,
    )  # fmt: skip
    song = song_of(notes, np.array([[0.0, 120]]), np.array([[0.0, 4, 4]]), "cadence")
    grid = on_grid(song)
    home = [(root - grid.shift) % 12 + kind for root, kind in ((0, 0), (9, 12), (7, 0))]
    assert chords.of_bars(grid).tolist() == home
    counts = chords.counted([chords.of_bars(grid)] * 50)
    drawn = chords.drawn(counts, 3, np.random.default_rng(0))
    assert drawn.tolist() == home


def test_a_generator_that_writes_the_same_over_and_over_says_so():
    draw = np.random.default_rng(0)
    real = draw.random((12, 2, 16, 24)) < 0.1
    same = np.repeat(real[:1], 12, axis=0)
    assert not varied.Variety.of((real, real), (real, real)).collapsed
    found = varied.Variety.of((real, real), (same, same))
    assert found.collapsed and found.distinct == pytest.approx(1 / 12)
    generator = MidiNet()
    generator.distinct, generator.apart = found.distinct, found.apart
    (remark,) = generator.remarks()
    assert remark.startswith("MidiNet: the generator has collapsed (8% of its pieces differ")
    generator.distinct = generator.apart = 1.0
    assert generator.remarks() == []


@pytest.mark.slow
def test_a_song_goes_on_from_another_and_follows_its_own_metre():
    generator = MidiNet(quick=True, epochs=1).fit(made(24), ["calm", "wild"] * 12)
    assert generator.metres == [[4, 4], [3, 4]] and len(generator.history) == 1
    one, other = (generator.generate(Request(bars=4, primer=song), 3) for song in made(2))
    assert one.notes.tobytes() != other.notes.tobytes()
    song = generator.generate(Request(bars=5, metre=(3, 4), tempo=60, low=60, high=70), 0)
    assert 12 < song.seconds <= 15 and song.metres[0, 1:].tolist() == [3, 4]
    assert song.notes["pitch"].min() >= 60 and song.notes["pitch"].max() <= 70


def test_bars_are_measured_as_they_were_made():
    """Two voices in octaves share their harmony; a drum between sixteenths is in no pattern."""
    begin = np.array([0, 0, 4, 4, 12, 12, 1, 2 + 1 / 24, 3 + 1 / 12])
    notes = note_array(
        onset=begin / 2, duration=[0.5] * 4 + [0.05] * 2 + [0.1] * 3, beat=begin,
        pitch=[48, 60, 50, 62, 52, 64, 36, 36, 36], velocity=80,
        drum=np.arange(9) > 5,
    )  # fmt: skip
    song = song_of(notes, np.array([[0.0, 120]]), np.array([[0.0, 4, 4]]), "octaves")
    found = bar_measures.measure(song)
    assert found["empty_bars"] == pytest.approx(1 / 4)
    assert found["pitch_classes_used"] == 1 and found["tonal_distance"] == pytest.approx(0)
    assert found["qualified_notes"] == pytest.approx(2 / 3) == found["long_notes"]
    assert found["drums_in_pattern"] == pytest.approx((1 + 0.1) / 3)


PHRASES = PhraseShape(
    tracks=3, noise=2, temporal=5, dense=8, ups=((2, 4), (2, 4), (2, 4)), octave=3, given=2,
    bar_critic=(("pitch", 12, 12, 3), ("pitch", 7, 7, 3), ("step", 4, 2, 3), ("step", 3, 2, 4)),
    phrase_critic=(("bar", 2, 1, 3), ("bar", 3, 3, 3)), critic_dense=5,
)  # fmt: skip


@pytest.mark.parametrize("kind", ["hybrid", "jamming", "composer"])
def test_adversaries_of_phrases_know_their_own_slope(kind):
    shape = replace(PHRASES, kind=kind)
    weights, draw = some_weights(shape), np.random.default_rng(1)
    noise = draw.normal(size=(2, shape.n_noise))
    given = draw.normal(size=(2, BARS, 16, 84))
    phrases = shape.write(np, weights, as_trained(weights), noise, given)
    assert phrases.shape == (2, BARS, 16, 84, 3) and np.abs(phrases).max() <= 1
    said, steep = shape.judge(np, weights, phrases)
    assert said.shape == (2,) and steep.shape == (2, 3 if kind == "jamming" else 1)
    own = phrases if kind != "jamming" else phrases[..., :1]
    one, slope = shape._said(np, weights, "critic.0", own)
    for place in [(0, 0, 0, 0), (1, 3, 14, 83), (0, 2, 7, 40)]:
        moved = own.copy()
        moved[(*place, 0)] += 1e-6
        change = shape._said(np, weights, "critic.0", moved)[0] - one
        assert change[place[0]] / 1e-6 == pytest.approx(slope[(*place, 0)], rel=1e-3, abs=1e-7)
    np.testing.assert_allclose(steep[:, 0], np.sqrt((slope**2).sum(axis=(1, 2, 3, 4)) + 1e-8))


@pytest.mark.slow
def test_keras_writes_and_judges_the_same_phrases():
    from keras import ops

    weights, draw = some_weights(PHRASES), np.random.default_rng(1)
    weights = {name: part.astype(np.float32) for name, part in weights.items()}
    noise, given = (
        draw.normal(size=(2, *size)).astype(np.float32) for size in ((12 + 4,), (BARS, 16, 84))
    )
    assert noise.shape[1] == PHRASES.n_noise
    made = [PHRASES.write(xp, weights, as_trained(weights), noise, given) for xp in (np, ops)]
    np.testing.assert_allclose(made[0], ops.convert_to_numpy(made[1]), atol=1e-4)
    judged = [PHRASES.judge(xp, weights, made[0]) for xp in (np, ops)]
    for one, other in zip(*judged, strict=True):
        np.testing.assert_allclose(one, ops.convert_to_numpy(other), rtol=1e-3, atol=1e-4)


def test_what_is_kept_of_a_generator_is_the_mean_of_its_weights():
    """The first weights at once, and then more and more slowly; the adversary's own."""
    from classify.generation.networks import phrase_network, rivals_network
    from classify.generation.networks.phrase_rivals import SILENT, PhraseRivals

    layer = PhraseRivals(replace(PHRASES, tracks=1))
    whole = (BARS, 16, 84, 1)
    model = rivals_network.build(layer, {"phrases": whole, "given": (), "within": (16,)})
    model.compile(optimizer=rivals_network.TurnTaking(1e-2), loss=phrase_network.loss,
                  run_eagerly=True)  # fmt: skip
    draw = np.random.default_rng(0)
    kernel, held = "bar.0.0.kernel", layer.parts["bar.0.0.kernel"].numpy()
    assert np.corrcoef(held[0].ravel(), held[1].ravel())[0, 1] > 0.8  # steps begin alike
    assert layer.parts["bar.0.write.bias"].numpy() == pytest.approx(SILENT)
    mean = 0.0
    for batch in range(3):
        slow = min(0.99, (1 + batch) / (10 + batch)) if batch else 0.0
        mean = slow * mean + (1 - slow) * layer.parts[kernel].numpy()
        rolls = 2 * (draw.random((4, *whole)) < 0.1).astype(np.float32) - 1
        x = [rolls, np.zeros(4, np.float32), np.ones((4, 16), np.float32)]
        model.train_on_batch(x, np.zeros((4, 1)))
        found = rivals_network.weights(layer)
        np.testing.assert_allclose(found[kernel], mean, rtol=1e-5)
    assert not np.allclose(found[kernel], layer.parts[kernel].numpy())
    own = layer.parts["critic.0.out.kernel"].numpy()
    np.testing.assert_array_equal(found["critic.0.out.kernel"], own)


def test_published_sizes_of_muse_gan():
    """Of bar and temporal generators as in the authors' code, with and without a track given."""

    def normalised(inputs, units):
        return inputs * units + 3 * units

    for given in (0, 16):
        shape = PhraseShape(tracks=5, given=given)
        bar = normalised(128, 1024) + normalised(2 * (512 + given), 512)
        bar += normalised(2 * (512 + given), 256) + normalised(2 * (256 + given), 256)
        bar += normalised(2 * (256 + given), 128) + normalised(3 * (128 + given), 128)
        bar += normalised(7 * (128 + given), 64) + 12 * (64 + given) + 1
        assert shape.steps == 96 and n_learned(shape.shapes(), "bar.0") == bar
        assert n_learned(shape.shapes(), "bar.") == 5 * bar
        temporal = normalised(2 * 32, 1024) + normalised(3 * 1024, 32)
        assert n_learned(shape.shapes(), "shared") == temporal
        assert n_learned(shape.shapes(), "private") == 5 * temporal
    layers = 12 * 5 * 128 + 7 * 128 * 128 + 2 * 2 * 128 * 128 + 4 * 128 * 256 + 3 * 256 * 512
    layers += 4 * 128 + 256 + 512
    bars = 2 * 5 * 512 * 512 + 512 + 3 * 512 * 128 + 128
    last = 128 * 1024 + 1024 + 1024 + 1
    assert n_learned(shape.shapes(), "critic") == layers + bars + last


def test_songs_are_rolls_of_tracks_and_rolls_are_songs():
    """A note that is struck again ends a step before; voices are told by place."""
    begin = np.array([0, 0, 0, 1, 2, 4, 4.0])
    notes = note_array(
        onset=begin / 2, duration=[0.5, 0.5, 0.5, 0.5, 1, 1, 0.1], beat=begin,
        pitch=[72, 64, 48, 72, 72, 67, 36], velocity=80, drum=[False] * 6 + [True],
    )  # fmt: skip
    song = song_of(notes, np.array([[0.0, 120]]), np.array([[0.0, 4, 4]]), "tracks")
    grid = on_grid(song)
    rolls = tracks.encode(grid, 16)
    again = tracks.decode(rolls, 16, grid.shift, 120.0, (4, 4), 80, {})
    assert sorted(again.notes["pitch"].tolist()) == [36, 48, 64, 67, 72, 72, 72]
    found = {name: len(places) for name, places in tracks.of_notes(grid).items()}
    assert found == {"melody": 4, "inner voice": 1, "bass": 1, "drums": 1}
    melody = again.notes[again.notes["pitch"] == 72]
    np.testing.assert_allclose(melody["beat"], [0, 1, 2])
    np.testing.assert_allclose(melody["duration"], [0.375, 0.375, 1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MuseGAN, MuseGANJamming, MuseGANComposer])
def test_a_melody_that_is_given_stays_note_for_note(kind):
    songs = [with_bass(song) for song in made(24)]
    generator = kind(quick=True, epochs=1).fit(songs)
    assert generator.tracks == ["melody", "bass"] and generator.metres == [[4, 4]]
    song = made(30)[-2]
    bars = int(np.ceil(song.seconds / (4 * 60 / song.tempi[0, 1]) - 1e-6))
    passage = Passage(song, 1, bars)
    new = generator.generate(Request(renew=passage, voices=(1,)), 1)
    for name in ("onset", "duration", "pitch"):
        pairs = {tuple(np.round(n[[name, "beat"]].tolist(), 3)) for n in new.notes}
        assert pairs >= {tuple(np.round(n[[name, "beat"]].tolist(), 3)) for n in song.notes}
    with pytest.raises(InputError, match="lets voice 1, the melody, stay in all bars"):
        generator.generate(Request(renew=passage, voices=(2,)), 1)
    with pytest.raises(InputError, match="learned bars of 4/4"):
        generator.generate(Request(renew=Passage(made(2)[1], 1, 99), voices=(1,)), 1)
    beats = replace(song, metres=np.array([[0.0, 1, 4]]))  # bars of one beat: joined, and kept
    joined = generator.generate(Request(renew=Passage(beats, 1, 4 * bars), voices=(1,)), 1)
    assert joined.metres.tolist() == [[0.0, 1.0, 4.0]]
    generator.programs = {"melody": 0}  # as it is of songs of single notes
    with pytest.raises(InputError, match="learned songs of one part"):
        generator.generate(Request(renew=passage, voices=(1,)), 1)
    kept = {tuple(np.round(n[["onset", "pitch"]].tolist(), 3)) for n in joined.notes}
    assert kept >= {tuple(np.round(n[["onset", "pitch"]].tolist(), 3)) for n in song.notes}


def with_bass(song):
    """Add a lower note to every other one."""
    lower = song.notes[::2].copy()
    lower["pitch"] -= 24
    return song_of(np.concatenate([song.notes, lower]), song.tempi, song.metres, "two voices")


def sequence_rivals(architecture, weights):
    from classify.generation.networks.policy_training import Contest, Contestants
    from classify.generation.networks.row_training import Example

    draw = np.random.default_rng(0)
    songs = []
    for _ in range(12):
        rows = np.stack([draw.integers(0, 6, 8), draw.integers(1, 4, 8)], axis=1)
        nothing = np.zeros((8, 0), int)
        songs.append(Example(rows, np.zeros(8, int), nothing, np.ones(rows.shape, bool),
                             np.ones(1, np.float32)))  # fmt: skip
    contest = Contest(rows=8, units=4, windows=((1, 4), (20, 4)), batch=6, rollouts=2, every=3)
    return Contestants(architecture, weights, contest, songs[:8], songs[8:], 0)


def test_sequences_are_rewarded_by_how_they_go_on():
    """What stays is left as it is; the last rows are rewarded by the sequence itself."""
    from classify.generation.networks.architecture import Architecture

    shape = Architecture((6, 4), trunk="lstm", conditions=1, units=5, layers=1, context=8)
    draw = np.random.default_rng(2)
    weights = {n: draw.normal(0, 0.4, s).astype(np.float32) for n, s in shape.shapes().items()}
    both, random = sequence_rivals(shape, weights), np.random.default_rng(3)
    np.testing.assert_array_equal(both.weights()["0.kernel"], weights["0.kernel"])
    rows, known, states = both.written(weights, 6, random)
    assert rows[..., 1].min() >= 1 and len({row.tobytes() for row in rows}) > 1
    on = both._gone_on(weights, rows, known, states[3], random)
    assert on.shape == (12, 8, 2) and (on[6:, 3:] != on[:6, 3:]).any()
    np.testing.assert_array_equal(on[:, :3], np.tile(rows, (2, 1, 1))[:, :3])
    rewards = both.rewards(weights, rows, known, states, random)
    said = both.critic.predict_on_batch(rows.astype(np.int32))[:, 0]
    np.testing.assert_allclose(rewards[:, 6:], said[:, None].repeat(2, axis=1), rtol=1e-4)
    assert (rewards[:, :3] == rewards[:, :1]).all()
    found = both.measured(5, 0)
    assert 0 <= found["bleu"] <= 1 and np.isfinite(found["nats"])


@pytest.mark.slow
def test_the_second_stage_is_kept_where_it_is_better_and_given_up_otherwise():
    generator = SeqGAN(quick=True).fit(made(40))
    last = generator.history[-1]
    if not generator.remarks():  # kept: not by writing the same over and over
        assert last["stage 2, bleu"] > last["stage 1, bleu"]
    assert len(generator.history) == 1 + SeqGAN.QUICK_CONTEST.rounds + 1
    few = SeqGAN(quick=True, epochs=1).fit(made(8))
    assert few.history == [] and "too few songs" in few.remarks()[0]


def test_few_songs_cover_little_of_what_many_do():
    songs = np.random.default_rng(0).normal(size=(120, 3))
    shares = [variety.density_and_coverage(songs[:60], songs[60:n])[1].mean() for n in (62, 120)]
    assert shares[0] < 0.3 < 0.7 < shares[1]
