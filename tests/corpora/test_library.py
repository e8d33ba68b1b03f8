"""Songs without labels, as people keep them."""

import shutil
import zipfile
from pathlib import Path

import pytest

from classify.corpora.library import list_songs, load_library
from classify.errors import InputError
from tests.conftest import write_song

ABC = "X:1\nT:One\nK:C\nL:1/8\nCDEF GABc|\n\nX:2\nT:Two\nK:C\nL:1/8\nCDEF GABc|\n"


def test_artist_and_title(tmp_path):
    write_song(tmp_path / "flat" / "Bill Evans - Peace Piece.mid", 1)
    write_song(tmp_path / "flat" / "midi" / "02 Nocturne.mid", 2)
    write_song(tmp_path / "flat" / " - odd.mid", 3)
    items = {item.title: item.artist for item in load_library([tmp_path / "flat"]).items}
    assert items == {"Peace Piece": "Bill Evans", "02 Nocturne": "", " - odd": ""}
    write_song(tmp_path / "flat" / "Chopin" / "Preludes" / "4.mid", 4)
    items = {item.title: item.artist for item in load_library([tmp_path / "flat"]).items}
    assert items == {
        "Peace Piece": "Bill Evans",
        "02 Nocturne": "midi",
        " - odd": "",
        "4": "Chopin",
    }


def test_the_folder_that_names_the_artist_can_be_told(tmp_path):
    for number, folder in enumerate(["Jazz/Evans", "Jazz/Monk/Solo", "Classical/Chopin", "Jazz"]):
        write_song(tmp_path / folder / f"{number}.mid", number)
    artists = {
        folder: [item.artist for item in load_library([tmp_path], artist_folder=folder).items]
        for folder in (0, 1, 2, 3)
    }
    assert artists[0] == artists[3] == ["", "", "", ""]
    assert artists[1] == ["Classical", "Jazz", "Jazz", "Jazz"]
    assert artists[2] == ["Chopin", "", "Evans", "Monk"]
    with pytest.raises(InputError, match="--artist-folder -1: expected 1"):
        list_songs([tmp_path], -1)


def test_each_song_once_in_the_order_of_names(tmp_path):
    b, a = write_song(tmp_path / "b.mid", 1), write_song(tmp_path / "a.mid", 2)
    (tmp_path / "c.mid").symlink_to(b)
    listing = list_songs([b, tmp_path, a])
    assert [Path(entry.name).name for entry in listing.entries] == ["a.mid", "b.mid"]
    again = [item.name for item in listing.skipped]
    assert len(again) == 3 and all("is listed more than once" in i.reason for i in listing.skipped)


def test_tunes_of_a_collection_and_songs_of_an_archive(tmp_path):
    (tmp_path / "two.abc").write_text(ABC)
    write_song(tmp_path / "made" / "x.mid", 1)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "made" / "x.mid", "in/x.mid")
        archive.write(tmp_path / "made" / "x.mid", "../climbs.mid")
        archive.writestr("readme.txt", "hello")
    shutil.rmtree(tmp_path / "made")
    library = load_library([tmp_path])
    names = [Path(item.name).relative_to(tmp_path).as_posix() for item in library.items]
    assert names == ["all.zip/in/x.mid", "two.abc#1", "two.abc#2"]
    assert [item.title for item in library.items] == ["x", "One", "Two"]
    assert [item.file for item in library.items] == ["", "", ""]
    reasons = {Path(item.name).name: item.reason for item in library.skipped}
    assert (
        "climbs out" in reasons["climbs.mid"]
        and "not have the ending of a song" in reasons["readme.txt"]
    )


def test_hidden_files_are_passed_over(tmp_path):
    write_song(tmp_path / "a.mid", 1)
    write_song(tmp_path / ".trash" / "b.mid", 2)
    write_song(tmp_path / ".c.mid", 3)
    listing = list_songs([tmp_path])
    assert len(listing.entries) == 1 and not listing.skipped


def test_nothing_to_read_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        list_songs([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="no songs; songs are"):
        list_songs([tmp_path])
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(InputError, match=r"a\.txt does not have the ending of a song"):
        list_songs([tmp_path])
    (tmp_path / "b.mid").write_bytes(b"")
    with pytest.raises(InputError, match="none of the 2 files can be used"):
        load_library([tmp_path])
