"""A predicted library: what is read, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from classify.errors import InputError
from classify.playlists.library import library_from_table, read_library

from .libraries import table

SONGS = [
    {"song": "b/zwei.mid", "title": "Zwei", "artist": "NA", "tempo": float("nan"), "known": False},
    {"song": "a/eins.mid", "title": "Eins", "artist": "", "seconds": 61.5, "mood": "Happy"},
]


def test_songs_are_in_the_order_of_their_paths():
    songs = library_from_table(table(SONGS))
    assert songs.song == ["a/eins.mid", "b/zwei.mid"]
    assert songs.seconds.tolist() == [61.5, 180.0]
    assert songs.known.tolist() == [True, False]
    assert songs.p[0, songs.moods.index("Happy")] == 0.9


@pytest.mark.parametrize("name", ["library.csv", "library.parquet"])
def test_a_file_says_the_same_as_its_table(tmp_path, name):
    made, file = table(SONGS), tmp_path / name
    made.to_csv(file, index=False) if name.endswith("csv") else made.to_parquet(file)
    read, expected = read_library(file), library_from_table(made)
    assert read.artist == expected.artist == ["", "NA"]
    assert np.isnan(read.tempo[1])
    for name in ("tempo", "p", "known", "confidence"):
        np.testing.assert_allclose(getattr(read, name), getattr(expected, name), rtol=1e-14)


def test_a_tempo_of_0_is_an_unknown_one():
    assert np.isnan(library_from_table(table([{"tempo": 0.0}])).tempo[0])


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("seconds", np.nan, "seconds nan"),
        ("seconds", np.inf, "seconds inf"),
        ("tempo", -3.0, "tempo -3"),
        ("loudness", 128.0, "loudness 128"),
        ("confidence", 1.2, "confidence 1.2"),
        ("p:Happy", "high", "p:Happy 'high'"),
        ("known", "perhaps", "known 'perhaps'"),
        ("song", "", "names no song"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_song(column, value, words):
    made = table([{}]).astype(object)
    made.loc[0, column] = value
    with pytest.raises(InputError, match=words):
        library_from_table(made, "mine.csv")


def test_missing_columns_and_doubles_are_named():
    with pytest.raises(InputError, match="no column tempo"):
        library_from_table(table([{}]).drop(columns="tempo"))
    with pytest.raises(InputError, match="no column p:<mood>"):
        library_from_table(pd.DataFrame({c: [] for c in table([{}]) if not c.startswith("p:")}))
    with pytest.raises(InputError, match="has no rows"):
        library_from_table(table([{}]).iloc[:0])
    with pytest.raises(InputError, match="x twice"):
        library_from_table(table([{"song": "x"}, {"song": "x"}]))


def test_damaged_and_absent_files_are_named(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(InputError, match=r"bad\.parquet: is neither"):
        read_library(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        read_library(tmp_path / "none.csv")


def test_songs_are_called_by_path_name_stem_title_or_artist():
    songs = library_from_table(table(SONGS))
    for text in ("b/zwei.mid", "zwei.mid", "ZWEI", "Zwei"):
        assert songs.resolve(text) == [1]
    assert songs.resolve("na", artists=True) == [1]
    with pytest.raises(InputError, match="'zwie'; did you mean 'zwei'"):
        songs.resolve("zwie")
    with pytest.raises(InputError, match="''"):
        songs.resolve("")  # an empty artist is no name
