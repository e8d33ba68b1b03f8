"""Features are computed once: of the same notes, cut alike, by the same code."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classify.corpora import corpus
from classify.corpora.descriptions import NAME
from classify.corpora.library import load_library
from classify.corpora.store import Store, folder_of_user
from classify.representations import descriptors, features
from classify.representations.features import registry
from classify.representations.musical_features import FEATURES, SONG_FEATURES
from classify.representations.perturbations import Perturbation, transposed
from classify.representations.windows import WindowSettings, cut
from classify.songs.formats import File
from tests.conftest import write_corpus

CUT = WindowSettings(16, 16)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "cache"))
    return write_corpus(tmp_path / "songs", per_class=2)


@pytest.fixture
def songs(folder):
    return [item.song for item in load_library([folder]).items]


@pytest.fixture
def computed(monkeypatch) -> list[int]:
    """Windows, or songs, that are computed."""
    seen: list[int] = []
    for module, name in ((features, "compute"), (features, "of_songs")):
        function = getattr(module, name)

        def counted(given, function=function):
            seen.append(len(given))
            return function(given)

        monkeypatch.setattr(module, name, counted)
    measure = descriptors.statistics
    monkeypatch.setattr(
        descriptors, "statistics", lambda n: (seen.extend([1] * len(n)), measure(n))[1]
    )
    return seen


def table(songs, given=FEATURES, settings=CUT) -> np.ndarray:
    return np.concatenate(list(given.encode(songs, cut(songs, settings))))


def test_nothing_is_computed_twice_by_whatever_command(folder, songs, computed):
    tables = table(songs), table(songs, SONG_FEATURES)
    described = descriptors.described(songs)
    assert computed == [12, 4, 1, 1, 1, 1]
    homeless = [replace(song, home=None) for song in songs]
    for given, known in zip((FEATURES, SONG_FEATURES), tables, strict=True):
        np.testing.assert_array_equal(table(homeless, given), known)
    computed.clear()
    folder.rename(folder.with_name("renamed"))
    again = corpus.load(str(folder.with_name("renamed"))).songs  # as compare and train read them
    for given, known in zip((FEATURES, SONG_FEATURES), tables, strict=True):
        assert table(again, given).tobytes() == known.tobytes()
    for one, known in zip(descriptors.described(again), described, strict=True):
        assert one.statistics.tobytes() == known.statistics.tobytes()
        assert (one.tempo, one.key) == (known.tempo, known.key)
    assert computed == []


def test_other_windows_or_notes_are_computed(songs, computed):
    table(songs)
    table(songs, SONG_FEATURES)
    computed.clear()
    table(songs, SONG_FEATURES, WindowSettings(20, 10))
    assert computed == []  # which describe a song however it is cut
    for settings in (WindowSettings(16, 8), WindowSettings(20, 20)):
        table(songs, FEATURES, settings)
        table(songs, FEATURES, settings)
    assert computed == [16, 8]
    higher = Perturbation("higher", 2, transposed(2)).of(songs[0])
    assert not np.array_equal(table([higher]), table(songs[:1]))
    np.testing.assert_array_equal(table([higher]), table([replace(higher, home=None)]))


def test_a_new_feature_is_computed_of_all_songs(songs, computed, monkeypatch):
    before = table(songs)
    computed.clear()
    column = registry.Feature("notes_in_window", "notes", "texture", "here")

    def n_notes(lines, out):
        out[:, 0] = lines.end[0] - lines.begin[0]

    group = registry.Group(n_notes, (column,))
    monkeypatch.setitem(registry.GROUPS, "texture.n_notes", group)
    after = table(songs)
    assert computed == [12] and after.shape[-1] == before.shape[-1] + 1
    np.testing.assert_array_equal(after[..., :-1], before)
    computed.clear()
    group = registry.Group(lambda lines, out: out.fill(7.0), (column,))  # under the same name
    monkeypatch.setitem(registry.GROUPS, "texture.n_notes", group)
    assert (table(songs)[..., -1] == 7).all() and computed == [12]


def test_a_damaged_description_is_computed_anew(songs, computed):
    before = table(songs)
    with sqlite3.connect(folder_of_user() / NAME) as base:
        base.execute("UPDATE descriptions SET value = zeroblob(length(value)) WHERE rowid = 2")
    computed.clear()
    np.testing.assert_array_equal(table(songs), before)
    np.testing.assert_array_equal(table(songs), before)
    assert computed == [3]


def test_a_store_that_is_not_the_users_keeps_notes_only(folder, tmp_path):
    store = Store(tmp_path / "store")
    path = folder / "Happy" / "00.mid"
    ((stored,),) = store.read([File(str(path))])
    table([store.song(stored, path, "")])
    assert not (tmp_path / "store" / NAME).exists()
