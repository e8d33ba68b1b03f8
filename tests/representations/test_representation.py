"""Every representation keeps its contract, and those that keep the notes give them back."""

import sys
from pathlib import Path

import numpy as np
import pytest

import classify.representations
from classify.models import registry
from classify.representations import reference, representation
from classify.representations.channels import NOTES
from classify.representations.musical_features import FEATURES
from classify.representations.note_events import NOTE_EVENTS, NOTE_EXCERPTS
from classify.representations.windows import LONGEST, WindowSettings, cut
from classify.songs import Song, midi
from tests.conftest import write_song

SETTINGS = WindowSettings(16, 16)

#: A whole representation: this file is all that is written for it.
HALVES = '''
"""Pitches alone, halved."""
import numpy as np
from classify.representations.channels import Channels
from classify.representations.features.registry import Feature

class Halves(Channels):
    name = "halves"
    scaled = False
    def columns(self, settings):
        return [Feature("half", "MIDI pitch", "notes", "")]
    def shape(self, settings):
        return settings.window, 1
    def encode(self, songs, windows, watch=lambda done, total: None):
        for x in super().encode(songs, windows, watch):
            yield np.nan_to_num(x[..., :1] / 2)

HALVES = Halves()
'''


@pytest.fixture
def songs(tmp_path) -> list[Song]:
    return [midi.read(write_song(tmp_path / f"{n}.mid", n, n_notes=40)) for n in range(3)]


@pytest.mark.parametrize("name", sorted(representation.find()))
def test_what_is_encoded_is_what_was_promised(name, songs):
    given, windows, told = representation.get(name), cut(songs, SETTINGS), []
    x = np.concatenate(
        list(given.encode(songs, windows, lambda done, total: told.append((done, total))))
    )
    n_notes, n_columns = given.shape(SETTINGS)
    assert x.dtype == np.float32 and x.shape == (len(windows), n_notes, n_columns)
    names = [column.name for column in given.columns(SETTINGS)]
    assert len(set(names)) == n_columns and told[-1] == (len(windows), len(windows))
    assert np.isfinite(x).all() or given.scaled
    columns = np.concatenate(list(given.families(SETTINGS).values()))
    assert sorted(columns) == list(range(n_columns))
    if given.per_song:
        assert all(len(np.unique(x[windows.song == n], axis=0)) == 1 for n in range(3))


def test_every_model_names_one(songs):
    assert {spec.representation.name for spec in registry.find().values()} <= set(
        representation.find()
    )
    with pytest.raises(KeyError, match="no representation 'rich'; there are compound, features"):
        representation.get("rich")


def test_a_new_one_is_a_new_file(songs, tmp_path, monkeypatch):
    (tmp_path / "halves.py").write_text(HALVES)
    path = [*classify.representations.__path__, str(tmp_path)]
    monkeypatch.setattr(classify.representations, "__path__", path)
    representation.find.cache_clear()
    try:
        given = representation.get("halves")
        spec = registry.ModelSpec("knn", "k-NN", "baseline", "halves")
        assert spec.representation is given
        x = np.concatenate(list(given.encode(songs, cut(songs, SETTINGS))))
        assert x[0, 0, 0] == songs[0].notes["pitch"][0] / 2
    finally:
        sys.modules.pop("classify.representations.halves", None)
        representation.find.cache_clear()


def test_columns_are_selected_by_name(songs):
    windows = cut(songs, SETTINGS)
    names = [column.name for column in FEATURES.columns(SETTINGS)]
    some = [names[7], names[2], names[40]]
    chosen = FEATURES.select(some, SETTINGS)
    assert chosen.shape(SETTINGS) == (1, 3)
    assert [column.name for column in chosen.columns(SETTINGS)] == some
    (whole,), (part,) = FEATURES.encode(songs, windows), chosen.encode(songs, windows)
    np.testing.assert_array_equal(part, whole[..., [7, 2, 40]])
    assert FEATURES.select(names, SETTINGS) is FEATURES
    with pytest.raises(KeyError, match="no_such"):
        FEATURES.select(["no_such"], SETTINGS)


@pytest.mark.parametrize("given", [NOTES, NOTE_EVENTS, FEATURES], ids=lambda given: given.name)
def test_the_reference_piece_always_says_the_same(given):
    first, second = (reference.values(given, SETTINGS) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not reference.changed(first, second).any()
    assert reference.changed(first, first + 0.01 + 0.01 * np.abs(first)).all()


# --- back to notes


def round_trip(given, song: Song, settings: WindowSettings) -> tuple[np.ndarray, np.ndarray]:
    """A song's notes, as far as windows cover them, and what is made of its windows again."""
    windows = cut([song], settings)
    x = np.concatenate(list(given.encode([song], windows)))
    back = given.decode(x, settings)
    return song.notes[: len(back)], back


def check(notes: np.ndarray, back: np.ndarray) -> None:
    """Pitches, velocities and drums exactly, times to a tenth of a millisecond."""
    assert np.diff(notes["onset"]).max(initial=0) < LONGEST
    np.testing.assert_allclose(back["onset"], notes["onset"] - notes["onset"][0], atol=1e-4)
    lengths = np.minimum(notes["duration"], LONGEST)
    np.testing.assert_allclose(back["duration"], lengths, rtol=1e-4, atol=1e-4)
    for name in ("pitch", "velocity", "drum"):
        np.testing.assert_array_equal(back[name], notes[name], err_msg=name)


@pytest.mark.parametrize("given", [NOTES, NOTE_EVENTS], ids=lambda given: given.name)
def test_real_songs_come_back(given, real_data):
    paths = sorted(real_data.glob("*/**/*.mid"))
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, 12).astype(int)]
    for song in map(midi.read, chosen):
        notes, back = round_trip(given, song, WindowSettings(64, 64))
        assert len(notes) == len(back) > 0.9 * song.n_notes - 32
        check(notes, back)


def test_note_events_keep_programs_and_beats(songs):
    notes = songs[0].notes.copy()
    notes["program"], notes["drum"][::5] = 73, True
    notes, back = round_trip(NOTE_EVENTS, Song.of(notes, Path("song.mid")), SETTINGS)
    check(notes, back)
    np.testing.assert_array_equal(back["program"], notes["program"])
    np.testing.assert_allclose(back["beat"], notes["beat"], atol=1e-3)
    notes["beat"] = np.nan
    _, back = round_trip(NOTE_EVENTS, Song.of(notes, Path("song.mid")), SETTINGS)
    assert np.isnan(back["beat"]).all()


def test_channels_give_back_what_they_hold(songs):
    settings = WindowSettings(16, 16, ("inter-onset", "pitch"))
    notes, back = round_trip(NOTES, songs[0], settings)
    np.testing.assert_array_equal(back["pitch"], notes["pitch"])
    assert (back["velocity"] == 64).all() and not back["drum"].any()
    with pytest.raises(ValueError, match="cannot be made without inter_onset"):
        round_trip(NOTES, songs[0], WindowSettings(16, 16, ("pitch",)))


@pytest.mark.parametrize("given", [FEATURES, NOTE_EXCERPTS], ids=lambda given: given.name)
def test_what_does_not_keep_notes_says_so(given, songs):
    with pytest.raises(TypeError, match=f"{given.name} does not keep the notes"):
        round_trip(given, songs[0], SETTINGS)
