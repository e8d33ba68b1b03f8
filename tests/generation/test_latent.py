"""Latent spaces: phrases, NumPy against Keras, ways between songs, sizes as published."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from classify.cli.main import main
from classify.errors import InputError
from classify.generation import comparison
from classify.generation.generator import get
from classify.generation.generators.c_rvae import CRVAE
from classify.generation.generators.musae import MusAE
from classify.generation.generators.musae_vae import MusAESizedVAE
from classify.generation.generators.music_vae import MusicVAE
from classify.generation.generators.music_vae_flat import FlatMusicVAE
from classify.generation.knobs import register
from classify.generation.latent import measuring, moving, operations, phrases, rolls
from classify.generation.latent.architecture import Architecture
from classify.generation.latent.coder import Coder
from classify.generation.latent.collapse import NewSongs
from classify.generation.latent.flower import petal_root, petals
from classify.generation.latent.frame_architecture import FrameArchitecture
from classify.generation.latent.frame_coder import FrameCoder
from classify.generation.latent.latent_generator import ATTRIBUTES
from classify.generation.latent.phrases import HOLD, NOTHING
from classify.generation.latent.points import attribute_ways, note_agreement, of_the_middle, slerp
from classify.generation.latent.rewriting import Rewriter, chances
from classify.generation.latent.training import Example
from classify.generation.mood_scorer import MoodScorer
from classify.generation.similarity import melodic_similarity
from classify.representations import melody as melodies
from classify.representations.reference import piece
from classify.songs import midi
from tests.generation.songs import Drawn, made

SHAPES = {
    "flat": Architecture(2, 3, 8, 2, 5, (6, 5), (7, 6)),
    "hierarchical": Architecture(2, 3, 8, 2, 5, (6,), (7,), (7, 5), 6),
    "apart from the start": Architecture(2, 3, 8, 2, 5, (6, 5), (7,), apart_from_start=True),
    "voices apart": Architecture(
        2, 3, 8, 2, 5, (6,), (7, 7), feedback=False, apart=True, one_start=True
    ),
    "voices apart, a conductor": Architecture(
        2, 3, 8, 2, 5, (6,), (7,), (4,), 6, feedback=False, apart=True, one_start=True
    ),
}


def some_phrases(shape, n=4, length=6):
    draw = np.random.default_rng(1)
    symbols = draw.integers(0, phrases.SYMBOLS, (n, shape.bars, shape.bar_steps, shape.voices))
    symbols[:, :, length:] = NOTHING
    metre = np.eye(shape.metres, dtype=np.float32)[np.arange(n) % shape.metres]
    return symbols, draw.integers(0, phrases.LOUDNESS, symbols.shape), metre


@pytest.mark.parametrize("name", SHAPES)
def test_numpy_says_what_keras_says(name):
    from classify.generation.networks import phrase_network

    shape, draw = SHAPES[name], np.random.default_rng(2)
    layer = phrase_network.LatentNetwork(shape, phrase_network.Objective(free_bits=0, beta=1))
    model = phrase_network.build(layer)
    model.set_weights([draw.normal(0, 0.5, w.shape) * (w.ndim > 0) for w in model.get_weights()])
    if shape.apart_from_start:
        layer.normal.moving_variance.assign(draw.uniform(0.1, 2, shape.latent))
    parts = phrase_network.weights(layer)
    assert {n: w.shape for n, w in parts.items()} == shape.shapes()
    symbols, loudness, metre = some_phrases(shape)
    flat = len(symbols), shape.n_steps, shape.voices
    given = [part.reshape(flat) for part in (symbols, loudness, np.float32(symbols >= 0))]
    costs = model.predict_on_batch([*given, metre, np.zeros((4, 1), np.float32)])
    coder = Coder(shape, parts)
    mean, spread = coder.encode(symbols, loudness, metre)
    kl = 0.5 * (mean**2 + spread**2 - 1 - 2 * np.log(spread)).sum(axis=1)
    np.testing.assert_allclose(costs[:, 2], kl, rtol=1e-4)
    np.testing.assert_allclose(costs[:, 0], costs[:, 1] + costs[:, 2], rtol=1e-4)
    scores = coder.scores(mean, metre, symbols)
    right = (scores.argmax(axis=-1) == symbols).reshape(4, -1).sum(axis=1)
    np.testing.assert_allclose(costs[:, 3], right / (symbols >= 0).reshape(4, -1).sum(axis=1))
    written, loud = coder.decode(mean, metre, 6)
    again = coder.scores(mean, metre, written)[:, :, :6]  # each step read the last
    p = np.exp(again) / np.exp(again).sum(axis=-1, keepdims=True)
    begins = (written[:, :, :6] >= 0) & (written[:, :, :6] < HOLD)
    likeliest = again[..., :HOLD].argmax(axis=-1)
    np.testing.assert_array_equal(written[:, :, :6][begins], likeliest[begins])
    stretch = 2 if shape.conductor else (1, 2)  # in which as many begin as are expected
    surplus = (begins - p[..., :HOLD].sum(axis=-1)).sum(axis=stretch)
    assert np.abs(surplus).max() <= 1
    assert (written[:, :, 6:] == NOTHING).all() and (loud[written >= HOLD] == 0).all()
    begins = (symbols >= 0) & (symbols < HOLD)
    rewriter = Rewriter(coder, mean, metre, symbols, loudness, draw)
    there = np.stack([mean, mean + 3])
    (same, moved), (as_loud, _) = rewriter.at(there, there)
    np.testing.assert_array_equal(same, symbols)
    np.testing.assert_array_equal(as_loud, np.where(begins, loudness, 0))
    np.testing.assert_array_equal(rewriter.at(there[1:], there[:1])[0][0], moved)
    assert 0 < (moved != symbols).sum() < (coder.decode(mean + 3, metre, 6)[0] != symbols).sum()


def adversarial(cancels, apart_from_start=False, conductor=()):
    """A network whose adversary counts from the beginning, but not the slope."""
    from classify.generation.networks import adversarial_network, phrase_network

    shape = Architecture(1, 2, 8, 1, 4, (5,), (6,), feedback=False, apart=True, one_start=True,
                         apart_from_start=apart_from_start, adversary=(7, 5), labels=3,
                         conductor=conductor, conductor_output=5)  # fmt: skip
    aim = adversarial_network.Adversary(weights=(1.0,), changes=(), slope=0.0, cancels=cancels)
    layer = adversarial_network.AdversarialNetwork(shape, aim)
    return layer, phrase_network.build(layer)


@pytest.mark.slow
@pytest.mark.parametrize("cancels", [False, True])
def test_only_as_published_does_the_encoder_learn_nothing_of_the_adversary(cancels):
    """One step on phrases of which nothing counts, so that all there is to learn is the prior."""
    from classify.generation.networks import phrase_network
    from classify.models.trainer import Trainer

    layer, model = adversarial(cancels)
    Trainer(1).compile(model, phrase_network.loss)
    symbols, loudness, _ = some_phrases(layer.architecture, 6)
    flat = (6, 16, 1)
    label = np.eye(3, dtype=np.float32)[[0, 1, 2] * 2]
    given = [symbols.reshape(flat), loudness.reshape(flat), np.zeros(flat, np.float32),
             np.ones((6, 1), np.float32), label]  # fmt: skip
    before = phrase_network.weights(layer)
    model.train_on_batch(given, np.zeros((6, 1), np.float32))
    after = phrase_network.weights(layer)
    moved = {name for name in before if (before[name] != after[name]).any()}
    assert "adversary.0.kernel" in moved and "decoder.0.0.kernel" not in moved
    assert ("mean.kernel" in moved) != cancels and ("encoder.0.forward.kernel" in moved) != cancels


def test_the_slope_that_is_written_out_is_the_slope_and_draws_are_those_of_the_prior():
    layer, _ = adversarial(cancels=False)
    draw, ways = np.random.default_rng(0), np.eye(4, dtype=np.float32) / 100
    z, label = draw.normal(size=(6, 4)).astype(np.float32), np.eye(3, dtype=np.float32)[[0, 1] * 3]

    def said(z):
        return np.asarray(layer._said(z, label))

    slopes = np.stack([(said(z + way) - said(z - way)) / 0.02 for way in ways], axis=1)
    np.testing.assert_allclose(layer._steepness(z, label), np.linalg.norm(slopes, axis=1), 0.01)
    drawn = np.asarray(layer._of_prior(np.repeat(np.eye(3, dtype=np.float32), 2000, axis=0)))
    for mean, of_label in zip(petals(3, 4), drawn.reshape(3, 2000, 4), strict=True):
        np.testing.assert_allclose(of_label.mean(axis=0), mean, atol=0.03)
        root = petal_root(mean)
        np.testing.assert_allclose(np.cov(of_label.T), root @ root.T, atol=0.01)


@pytest.mark.parametrize("conductor", [(), (4,)])
def test_an_adversarial_network_counts_in_deviations_and_is_kept_without_them(conductor):
    """NumPy reads and writes vectors as the prior has them, and says what Keras says."""
    from classify.generation.networks import phrase_network

    layer, model = adversarial(False, apart_from_start=True, conductor=conductor)
    layer.gain.assign([2.0, 1.0, 0.5, 1.0])
    layer.offset.assign([0.5, 0.0, 0.0, -0.5])
    layer.normal.set_weights([np.full(4, 0.3), np.full(4, 2.0)])
    symbols, loudness, _ = some_phrases(layer.architecture, 6)
    metre, label = np.ones((6, 1), np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2] * 2]
    flat = [part.reshape(6, 16, 1) for part in (symbols, loudness)]
    coder = Coder(layer.architecture, phrase_network.weights(layer))
    mean, spread = coder.encode(symbols, loudness, metre)
    in_keras = layer.encoded(*flat, metre)
    np.testing.assert_allclose(mean, in_keras[0], atol=1e-6)
    np.testing.assert_allclose(spread, in_keras[1], atol=1e-6)
    narrow = petal_root(np.eye(4, dtype=np.float32)[0])[2, 2]
    assert 0.1 * narrow < spread[:, 2:].mean() < narrow
    costs = model.predict_on_batch([*flat, np.float32(flat[0] >= 0), metre, label])
    right = (coder.scores(mean, metre, symbols).argmax(axis=-1) == symbols).reshape(6, -1)
    known = (symbols >= 0).reshape(6, -1).sum(axis=1)
    np.testing.assert_allclose(costs[:, 4], right.sum(axis=1) / known, atol=1e-6)


FRAMES = {
    "sequence": FrameArchitecture(3, 16, 2, (2, 3, 2, 3, 2, 3), 7, 5, 4, 6),
    "step": FrameArchitecture(3, 16, 2, (2, 3, 2, 3, 2, 3), 7, 5, 4, 6, step=True),
    "leaking": FrameArchitecture(3, 16, 2, (2, 3, 2, 3, 2, 3), 7, 5, 4, 6, leaks=True),
    "apart": FrameArchitecture(3, 16, 2, (2, 3, 2, 3, 2, 3), 7, 5, 4, 6, apart_from_start=True),
}


@pytest.mark.parametrize("name", FRAMES)
def test_numpy_says_what_keras_says_of_frames(name):
    """And only the decoder in both directions knows the frame that it is to predict."""
    from classify.generation.networks import frame_network
    from classify.generation.networks.phrase_network import Objective

    shape, draw = FRAMES[name], np.random.default_rng(2)
    layer = frame_network.FrameNetwork(shape, Objective(free_bits=0, beta=1))
    model = frame_network.build(layer)
    model.set_weights([draw.normal(0, 0.4, w.shape) * (w.ndim > 0) for w in model.get_weights()])
    if shape.apart_from_start:
        layer.normal.set_weights([np.full(4, 0.3), np.full(4, 2.0)])
    parts = frame_network.weights(layer)
    assert {n: w.shape for n, w in parts.items()} == shape.shapes()
    begins = draw.random((2, 3, 16, rolls.KEYS)) < 0.02
    loudness = draw.integers(0, 16, (2, 3, 16)) * begins.any(-1)
    frames = rolls.as_frames(begins, begins | np.roll(begins, 1, axis=2), loudness)
    metre = np.eye(2, dtype=np.float32)
    costs = model.predict_on_batch([frames, loudness, np.ones((2, 3), np.float32), metre])
    coder = FrameCoder(shape, parts)
    z, _ = coder.encode(frames, metre)
    assert z.shape == (2, shape.vector)
    nats = coder.nats(z, frames, loudness, metre, 16, own=False)
    np.testing.assert_allclose(costs[:, 1], nats.sum(axis=1), rtol=1e-4)
    other = frames.copy()
    other[:, 2] = rolls.as_frames(*(np.roll(p[:, 2], 3, axis=1) for p in (begins, begins)),
                                  loudness[:, 2])  # fmt: skip
    same = coder.nats(z, other, loudness, metre, 16, own=False)[:, 1] == nats[:, 1]
    assert same.all()
    other[:, 1] = other[:, 2]
    changed = coder.nats(z, other, loudness, metre, 16, own=False)[:, 0] != nats[:, 0]
    assert changed.all() == shape.leaks
    written = coder.decode(z, metre, 12, heard=np.array([[True, False, False]] * 2))
    assert written[0][:, 0, 0].any() and not written[0][:, :, 12:].any()


@pytest.mark.parametrize("forgets", [0.0, 1.0])
def test_a_decoder_that_forgets_the_frames_before_has_only_its_vector(forgets):
    from classify.generation.networks import frame_network
    from classify.generation.networks.phrase_network import Objective

    shape, draw = FRAMES["sequence"], np.random.default_rng(2)
    layer = frame_network.FrameNetwork(shape, Objective(forgets=forgets))
    frame_network.build(layer)
    for name in ("mean", "spread"):  # the vector says nothing of the frames
        layer.parts[name].kernel.assign(np.zeros(layer.parts[name].kernel.shape))
    hidden = []
    for _ in range(2):
        layer.seed_generator.state.assign([0, 0])
        features = draw.normal(size=(2, shape.bars, shape.features)).astype(np.float32)
        told, counts = (np.ones((2, shape.bars, *n), np.float32) for n in ((shape.metres,), ()))
        hidden.append(layer._by_sequence(features, told, counts, training=True)[0].numpy())
    np.testing.assert_array_equal(hidden[0][:, 0], hidden[1][:, 0])
    assert np.array_equal(hidden[0], hidden[1]) == bool(forgets)


def test_published_sizes_of_c_rvae():
    """Worked out by hand from Koh et al.: a frame of 16 by 88 cells of three channels."""
    convolutions = [(2, 3, 64), (2, 64, 32), (2, 32, 32), (2, 32, 32), (1, 32, 32), (1, 32, 32)]
    total = sum(size**2 * i * o + o for size, i, o in convolutions)
    total += 1 * 10 * 32 * 1000 + 1000 + 1000 * 350 + 350

    def gru(inputs):
        return 3 * 350 * (inputs + 350 + 2)

    total += 2 * gru(351) + 2 * (701 * 350) + gru(350 + 351) + gru(350)
    total += 351 * (2 * 16 * 88 + 16 * 16)
    assert CRVAE.of_preset("paper").n_parameters == total


def test_a_song_of_several_voices_stays_what_it_is():
    song = piece()
    score = phrases.encode(song)
    again = phrases.decode(score)
    assert (phrases.encode(again).symbols == score.symbols).mean() > 0.99  # gaps may close
    assert note_agreement(song, again) > 0.6  # chords of more than three notes lose some
    assert len(set(again.notes["velocity"])) > 1 and again.notes["drum"].any()
    one, *_ = phrases.cut(score, 4)
    assert one.shape[1:] == (4, *score.symbols.shape[1:])


def test_published_sizes_have_the_published_numbers_of_parameters():
    """Worked out by hand from the layers of Roberts et al., section 3: melody, 130 symbols."""

    def lstm(inputs, units):
        return 4 * units * (inputs + units + 1)

    read, heads = 130 + 1 + 1, lambda units: (units + 1) * (130 + 16)
    encoder = 2 * lstm(read, 2048) + 2 * lstm(4096, 2048) + 2 * (4097 * 512)
    conductor = 2 * 513 * 2048 + lstm(1, 1024) + lstm(1024, 1024) + 1025 * 512
    bars = 2 * 514 * 2048 + lstm(513 + 130, 1024) + lstm(1024, 1024) + heads(1024)
    flat = 3 * 514 * 4096 + lstm(513 + 130, 2048) + 2 * lstm(2048, 2048) + heads(2048)
    assert MusicVAE.of_preset("paper").n_parameters == encoder + conductor + bars
    assert FlatMusicVAE.of_preset("paper").n_parameters == encoder + flat
    with pytest.raises(InputError, match="preset 'big': expected small or paper"):
        MusicVAE(preset="big")


def test_published_sizes_of_musae():
    """Worked out by hand from Valenti et al.: four voices, three layers of 512 each way."""

    def lstm(inputs):
        return 4 * 512 * (inputs + 512 + 1)

    encoder = 2 * (lstm(4 * 131 + 1) + 2 * lstm(1024)) + 2 * (1025 * 512)
    decoders = 514 * 512 + 4 * (lstm(513) + 2 * lstm(512) + 513 * (130 + 16))
    adversary = (512 + 5 + 1) * 512 + 513 * 512 + 513
    assert MusAE.of_preset("paper", voices=4, labels=5).n_parameters == (
        encoder + decoders + adversary
    )
    assert MusAESizedVAE.of_preset("paper", voices=4).n_parameters == encoder + decoders


@pytest.mark.slow
def test_songs_without_a_mood_have_a_place_of_their_own():
    songs = made(24)
    some = MusAE(quick=True, epochs=1).fit(songs, ["calm", "wild", ""] * 8)
    all_of_them = MusAE(quick=True, epochs=1).fit(songs, ["calm", "wild"] * 12)
    np.testing.assert_allclose(some.spots[""][0], petals(3, 8)[2], atol=1e-6)
    np.testing.assert_allclose(some.spots["wild"][0], petals(3, 8)[1], atol=1e-6)
    drawn = all_of_them.sample(np.random.default_rng(0), n=50)[:, :2]
    nearest = np.linalg.norm(drawn[:, None] - petals(3, 8)[None, :, :2], axis=2).argmin(axis=1)
    assert 2 not in nearest  # nothing was learned there


def test_the_way_on_the_sphere_ends_where_it_is_to_end():
    a, b = np.random.default_rng(0).normal(size=(2, 3, 8))
    np.testing.assert_allclose(slerp(a, b, 0), a)
    np.testing.assert_allclose(slerp(a, b, 1), b)
    middle = np.linalg.norm(slerp(a, b, 0.5), axis=1)
    lengths = np.linalg.norm(np.stack([a, b]), axis=2).mean(axis=0)
    np.testing.assert_allclose(middle, lengths)
    np.testing.assert_allclose(slerp(a, a, 0.5), a)


@pytest.fixture(scope="module")
def space():
    return Drawn(quick=True).fit(made(24), ["calm", "wild"] * 12)


def test_between_two_songs_are_songs(space):
    one, other = made(3)[0], made(3)[2]
    songs = operations.interpolate(space, one, other, 3)
    assert len(songs) == 3
    for end, song in ((one, songs[0]), (other, songs[-1])):
        np.testing.assert_array_equal(song.notes, space.decode(space.encode(end)).notes)
    tempi = [song.tempi[0, 1] for song in songs]
    assert tempi == sorted(tempi) and tempi[0] == pytest.approx(80)
    with pytest.raises(InputError, match=r"is in 4/4, .* in 3/4: between them there is nothing"):
        operations.interpolate(space, *made(2), 3)


def test_a_song_moves_to_a_mood_that_was_learned(space):
    """By the way that its own classifier likes best, of those that leave enough of the melody."""
    song = made(1)[0]
    assert (space.towards(space.encode(song).z, "calm") == -space.towards(None, "wild")).all()
    kept = 0.7
    where_it_is, moved = operations.change(space, song, "wild", (0, 1), kept)
    assert melodic_similarity(song, where_it_is) == 1
    assert melodic_similarity(song, moved) >= kept
    assert where_it_is.tempi[0, 1] == song.tempi[0, 1]
    assert 1 / 1.51 < moved.tempi[0, 1] / song.tempi[0, 1] < 1.51
    before, after = space.scorer.probabilities([where_it_is, moved], "wild")
    assert after > before
    with pytest.raises(InputError, match="mood 'sad': was not learned; known are calm, wild"):
        operations.change(space, song, "sad")
    anew = CRVAE(quick=True)
    anew.spots = space.spots
    with pytest.raises(InputError, match=r"kept 0\.7: C-RVAE writes moved songs anew and can prom"):
        operations.change(anew, song, "wild", kept=kept)


def test_a_song_moves_along_an_attribute(space, tmp_path):
    song = made(1)[0]
    assert set(space.directions) <= set(ATTRIBUTES) and "register" in space.directions
    far = (-8, 0, 8)
    lower, same, higher = operations.slide(space, song, "register", far)
    assert register(same) == pytest.approx(register(song))
    assert register(lower) < register(same) < register(higher)
    with pytest.raises(InputError, match="attribute 'tempo': expected one of density, register"):
        operations.slide(space, song, "tempo", far)
    space.save(tmp_path)
    again = operations.slide(MusicVAE.load(tmp_path), song, "register", far)
    assert [one.notes.tobytes() for one in again] == [
        one.notes.tobytes() for one in (lower, same, higher)
    ]


def test_what_was_drawn_is_drawn_again_and_elsewhere_as_it_is_likely_there():
    """Over all that could have been drawn, the same chances elsewhere give what is likely there."""
    random = np.random.default_rng(0)
    here, there = np.log([0.6, 0.3, 0.1]), np.log([0.1, 0.3, 0.6])
    drawn = random.choice(3, 20_000, p=np.exp(here))
    noise = chances(np.tile(here, (len(drawn), 1)), drawn, random)
    assert (here + noise).argmax(axis=1).tolist() == drawn.tolist()
    moved = (there + noise).argmax(axis=1)
    np.testing.assert_allclose(np.bincount(moved) / len(moved), np.exp(there), atol=0.015)
    assert (moved[drawn == 2] == 2).all()  # what is likelier there than here stays
    by_chance = (np.exp(here) * np.exp(there)).sum()
    assert (moved == drawn).mean() > 1.8 * by_chance


def test_attributes_are_told_apart_where_songs_have_them_together():
    """Two attributes that rise together: each has the way that is its own."""
    draw = np.random.default_rng(0)
    a = draw.normal(size=200)
    b = a + draw.normal(size=200)
    z = np.stack([a, b, np.zeros(200)], axis=1)
    ways = attribute_ways(z, {"density": a, "spread": b})
    np.testing.assert_allclose(ways["density"], [a.std(), 0, 0], atol=1e-6)
    np.testing.assert_allclose(ways["spread"], [0, b.std(), 0], atol=1e-6)


def test_similarity_is_that_of_melodies_in_any_key():
    one, other = made(4)[0], made(4)[1]
    higher = melodies.decode(melodies.encode(one).transposed(3), tempo=50)
    assert melodic_similarity(one, higher) == 1.0
    assert 0 < melodic_similarity(one, other) == melodic_similarity(other, one) < 0.9


def test_rolls_that_are_mixed_change_at_once_and_ways_in_a_space_step_by_step(space, tmp_path):
    songs = made(12)
    one, *_, other = moving.mixed(*songs[:2])
    assert one.n_notes == songs[0].n_notes and other.n_notes == songs[1].n_notes
    moving.write_ways(space, songs[::2], [str(n) for n in range(6)], tmp_path)
    table = pd.read_csv(tmp_path / moving.STEPS)
    assert len(table) == 5 and (table.mixed >= 0.5).all()  # two steps at most
    assert (table.latent >= 0.25).all() and (table.latent < 1).any()


def test_a_last_note_too_short_for_the_grid_has_a_place():
    """It ends in the step that it begins in, which is the first one of a bar."""
    tune = melodies.decode(melodies.Melody((60,) * 5, (4,) * 5, 4))
    notes = tune.notes.copy()
    notes["duration"][-1] = 0.01
    short = replace(tune, fetch=lambda: notes)
    roll, score = rolls.encode(short, 16), phrases.encode(short)
    assert roll.n_bars == score.n_bars == 2
    assert roll.begins[1].any(axis=1).tolist() == [True] + 15 * [False]


def test_songs_without_a_place_are_refused(space):
    waltz = melodies.decode(melodies.Melody((60, 62, 64) * 4, (4,) * 12, 4, (5, 4)))
    with pytest.raises(InputError, match=r"is in 5/4; MusicVAE learned 4/4, 3/4|too long"):
        space.encode(waltz)


def test_a_collapsed_space_says_so_and_what_to_do(space):
    """By what a latent vector says of its phrase: the divergence alone may be high for nothing."""
    song = made(1)[0]
    there = space.encode(song)
    assert space.nats_told(song, of_the_middle(there, space.spots[""][0])) == 0
    deaf = Drawn(quick=True)
    deaf.__dict__ |= space.__dict__
    deaf.weights = space.weights | {
        name: np.zeros_like(w) for name, w in space.weights.items() if name.startswith("conductor")
    }
    assert deaf.nats_told(song, there) == 0 != space.nats_told(song, there)
    deaf.history, deaf.told = [{"kl": 90.0}], 0.0
    (said,) = deaf.remarks()
    assert "collapsed" in said and "KL divergence 90" in said and "lower beta, raise" in said
    deaf.told, deaf.drawn = 5.0, NewSongs(24, 1.0, 1.0)
    assert not deaf.remarks()
    deaf.history = [{"kl": 0.01}]
    assert deaf.remarks()


def _higher(song):
    notes = song.notes.copy()
    notes["pitch"] += 24
    return replace(song, fetch=lambda: notes)


def test_a_space_of_one_song_or_one_mood_says_so(space, tmp_path):
    """By songs that it wrote when it had learned: beside real ones, and by what tells moods."""
    songs = made(24)
    high = [_higher(song) for song in songs[::2]]
    told = MoodScorer.fit([*songs[1::2], *high], ["calm"] * 12 + ["wild"] * 12)
    assert NewSongs.of([*songs[1::2], *high], songs, told).why == ""
    one = NewSongs.of([songs[0]] * 6, songs, None)
    assert one.apart == 0 and "its songs are one (17% of 6 new songs differ" in one.why
    calm = NewSongs.of(songs[1::2], songs, told)
    assert "its moods are one (100% of 12 new songs of 2 moods are heard as calm)" in calm.why
    deaf = Drawn(quick=True)
    deaf.__dict__ |= space.__dict__ | {"history": [{"kl": 9.0}], "told": 9.0, "drawn": calm}
    (said,) = deaf.remarks()
    assert said.startswith("MusicVAE: the space has collapsed: its moods are one")
    space.save(tmp_path)
    assert MusicVAE.load(tmp_path).drawn == space.drawn and space.drawn.n > 1
    values = json.loads((tmp_path / "values.json").read_text())
    del values["drawn"]
    (tmp_path / "values.json").write_text(json.dumps(values))
    assert MusicVAE.load(tmp_path).drawn.why == ""  # saved before this was measured


@pytest.mark.slow
def test_a_comparison_measures_spaces_on_held_out_songs(tmp_path):
    """Of the generator and its variant, song by song, and shows how each learned."""
    folder = tmp_path / "songs"
    for n, song in enumerate(made(30)):
        place = folder / ("calm" if n % 4 < 2 else "wild")
        place.mkdir(parents=True, exist_ok=True)
        midi.write_song(place / f"{n}.mid", song)
    out = tmp_path / "run"
    arguments = ["--models", "music-vae,music-vae-flat", "--songs", "2", "--judge",
                 "features-logistic", "--window", "16", "--quick", "--epochs", "1"]  # fmt: skip
    assert main(["compare-generators", str(folder), *arguments, "--out", str(out)]) == 0
    measured = pd.read_csv(out / comparison.MEASURES, dtype={"of": str}).fillna({"of": ""})
    rows = measured.set_index(["set", "measure", "of"])
    assert 0 <= rows.value["music-vae", "reconstruction", "notes"] <= 1
    assert np.isfinite(rows.value["music-vae", "reconstruction", "nats told"])
    gain = rows.loc[("music-vae", "gain", "notes: music-vae-flat")]
    assert gain.low <= gain.value <= gain.high
    held_out = json.loads((out / comparison.RUN).read_text())["parts"]["held_out"]
    assert rows.n["music-vae", "reconstruction", "steps"] == held_out
    assert rows.n["music-vae", "change", "heard after"] > 0
    assert -1 <= rows.value["music-vae", "slide", "density: density"] <= 1
    assert 0 <= rows.value["music-vae", "slide", "similarity"] <= 1
    assert rows.value["music-vae", "largest step", "mixed"] >= 0.5
    page = (out / "report.md").read_text()
    assert "heard, and itself" in page and "MusicVAE: density" in page
    assert "What do the latent spaces hold?" in page and "MusicVAE less MusicVAE, flat" in page
    assert (out / "figures" / "training-music-vae.svg").is_file()


def test_moods_are_told_from_groups_that_were_not_seen():
    draw = np.random.default_rng(0)
    moods = ["calm", "wild"] * 40
    groups = [str(n // 2) for n in range(80)]
    z = draw.normal(size=(80, 6)).astype(np.float32)
    assert measuring.probe(z, moods, groups).mean() < 0.75
    z[1::2, 0] += 4
    assert measuring.probe(z, moods, groups).mean() > 0.9
    assert measuring.probe(z, ["calm"] * 80, groups) is None
    rare = measuring.probe(z, ["rare"] * 4 + moods[4:], groups)
    assert np.isnan(rare[:4]).all() and rare[4:].mean() > 0.9


def test_variants_name_what_they_vary():
    assert get("music-vae-flat").VARIANT_OF == "music-vae" and not MusicVAE.VARIANT_OF


def test_phrases_that_lie_mostly_behind_a_song_teach_nothing():
    tune = melodies.decode(melodies.Melody((60, 62) * 34, (8,) * 68))  # 34 bars
    score = phrases.encode(tune, (phrases.MELODY,))
    song = Example(lambda first: phrases.cut(score, 16, first), 16)
    assert [len(song.cut(first)[0]) for first in (0, 3)] == [3, 2]
    assert [len(song.phrases(first)[0]) for first in (0, 3)] == [2, 2]
