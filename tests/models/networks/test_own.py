"""Networks of our own: what they see of a note, and that padding has no say."""

import numpy as np
import pytest

from classify.models import networks
from classify.models.networks.layers import stride_for
from classify.representations import note_events, representation
from classify.representations.note_events import NoteEvents
from classify.representations.windows import WindowSettings

#: Networks on note events, and what each is given.
OURS = {
    name: (architecture, given)
    for name, architecture in networks.find().items()
    if isinstance(given := representation.get(architecture.input), NoteEvents)
}


def windows(n: int, n_notes: int, n_excerpts: int = 1) -> np.ndarray:
    """Windows without padding."""
    draw = np.random.default_rng(0)
    x = np.zeros((n, n_excerpts, n_notes, len(note_events.COLUMNS)), np.float32)
    x[..., note_events.REAL] = 1
    x[..., note_events.PITCH] = draw.integers(30, 100, x.shape[:-1])
    x[..., note_events.INTER_ONSET] = draw.normal(-2, 1, x.shape[:-1])
    x[..., note_events.DURATION] = draw.normal(-1, 1, x.shape[:-1])
    x[..., note_events.VELOCITY] = draw.integers(1, 128, x.shape[:-1])
    x[..., note_events.PROGRAM] = draw.integers(0, 128, x.shape[:-1])
    x[..., note_events.DRUM] = draw.random(x.shape[:-1]) < 0.2
    x[..., note_events.PLACE] = draw.random(x.shape[:-1]) * note_events.BEATS
    x[..., note_events.TONIC] = draw.integers(0, 12, (n, 1, 1))
    return x


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1, x.shape[-1])


def test_there_are_three_and_one_that_lacks_attention():
    given = {name: a.input for name, (a, _) in OURS.items() if a.in_groups}
    assert given["crnn"] == given["transformer"] == "note-events"
    assert given["passages"] == "note-excerpts"
    assert [name for name, (a, _) in OURS.items() if not a.in_groups] == ["crnn-mean"]


@pytest.mark.parametrize("name", OURS)
def test_they_are_small_whatever_the_window(name):
    for window in (16, 800):
        architecture, given = OURS[name]
        model = architecture.build(*given.shape(WindowSettings(window, window)), 5)
        assert 50_000 < model.count_params() < 250_000
        assert model.output_shape == (None, 5)


@pytest.mark.parametrize("name", OURS)
def test_padding_has_no_say(name):
    """Neither what stands in the cells of padding, nor how many of them there are."""
    n_excerpts = OURS[name][1].n_excerpts
    short = windows(6, 8, n_excerpts)  # so few that none are joined to one step
    long = np.concatenate([np.zeros_like(short), short], axis=2)
    model = OURS[name][0].build(16 * n_excerpts, short.shape[-1], 3)
    p = model.predict(flat(long), verbose=0)
    dirty = long.copy()
    dirty[:, :, :8, 1:] = 50
    np.testing.assert_allclose(model.predict(flat(dirty), verbose=0), p, atol=1e-6)
    other = OURS[name][0].build(8 * n_excerpts, short.shape[-1], 3)
    other.set_weights(model.get_weights())
    np.testing.assert_allclose(other.predict(flat(short), verbose=0), p, atol=1e-5)
    assert np.abs(model.predict(flat(long[::-1]), verbose=0) - p).max() > 1e-4


def numbers(**columns: float) -> np.ndarray:
    """What a network sees of one note."""
    from classify.models.networks.blocks.notes import NoteNumbers

    note = {"real": 1, "pitch": 62, "velocity": 64, "place": -1, "tonic": -1} | columns
    row = [note.get(name, 0) for name in note_events.COLUMNS]
    return np.asarray(NoteNumbers()(np.array([[row]], np.float32)))[0, 0]


def test_a_note_is_taken_apart():
    seen = numbers(tonic=2, place=1.0, program=73)
    assert seen.shape == (62,)
    assert seen[:4].tolist() == [1, 0, 1, 1] and seen[7] == 0
    np.testing.assert_allclose(seen[8:16], [1, 0, -1, 0, -0.5, 3**0.5 / 2, 0, 1], atol=1e-5)
    assert np.flatnonzero(seen[16:28]).tolist() == [2]  # D
    assert np.flatnonzero(seen[28:40]).tolist() == [0]  # the tonic
    assert np.flatnonzero(seen[40:56]).tolist() == [9]  # pipes
    assert not seen[56:].any()


def test_what_is_not_known_or_not_there_is_zero():
    seen = numbers()
    assert seen[:4].tolist() == [1, 0, 0, 0] and not seen[8:16].any() and not seen[28:40].any()
    assert not numbers(real=0).any()


@pytest.mark.parametrize(("pitch", "group"), [(36, 0), (38, 1), (42, 2), (49, 3), (45, 4), (76, 5)])
def test_drums_are_groups_and_have_no_pitch(pitch, group):
    seen = numbers(pitch=pitch, drum=1, tonic=2)
    assert seen[1] == 1 and seen[4] == 0 and not seen[16:56].any()
    assert np.flatnonzero(seen[56:]).tolist() == [group]


def test_a_transposed_note_keeps_its_place_in_the_key():
    low, high = numbers(pitch=62, tonic=7), numbers(pitch=67, tonic=0)
    np.testing.assert_array_equal(low[28:40], high[28:40])
    assert not np.array_equal(low[16:28], high[16:28])


@pytest.mark.parametrize(
    ("n_notes", "stride"), [(16, 1), (64, 1), (65, 2), (128, 2), (800, 16), (15_000, 256)]
)
def test_steps_are_as_many_as_asked_at_most(n_notes, stride):
    assert stride_for(n_notes, 64) == stride and n_notes / stride <= 64
