"""Where a playlist's songs lie, and recordings instead of MIDI files."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from classify.errors import InputError
from classify.files import displayable
from classify.playlists.build import build
from classify.playlists.library import example_library
from classify.playlists.media_paths import MediaPaths, missing_media
from classify.playlists.playlist import Provenance
from classify.playlists.request import Request
from classify.playlists.writers import write


def touched(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_paths_start_from_the_playlists_folder_or_from_the_top(tmp_path):
    paths, playlist = MediaPaths(root=tmp_path / "music"), tmp_path / "lists" / "a.m3u8"
    file, problem = paths.file("x/y.mid")
    assert (file, problem) == (tmp_path / "music/x/y.mid", "")
    assert paths.path(file, playlist) == "../music/x/y.mid"
    whole = MediaPaths(root=tmp_path / "music", absolute=True)
    assert whole.path(file, playlist) == (tmp_path / "music/x/y.mid").as_posix()
    assert whole.uri(file, playlist) == (tmp_path / "music/x/y.mid").as_uri()


def test_a_recording_beside_the_song_is_taken_by_the_order_of_endings(tmp_path):
    touched(tmp_path / "v1.0 a.mp3", tmp_path / "v1.0 a.ogg")
    assert (
        MediaPaths(tmp_path, ext=("ogg", ".mp3")).file("v1.0 a.mid")[0] == tmp_path / "v1.0 a.ogg"
    )
    assert MediaPaths(tmp_path, ext=(".MP3",)).file("v1.0 a.mid")[0] == tmp_path / "v1.0 a.mp3"


def test_a_folder_of_recordings_is_searched_by_place_and_then_by_stem(tmp_path):
    media = tmp_path / "audio"
    touched(media / "x/one.MP3", media / "deep/er/two.flac", media / "y/one.mp3")
    paths = MediaPaths(media_root=media)
    assert paths.file("x/one.mid") == (media / "x/one.MP3", "")
    assert paths.file("else/two.mid") == (media / "deep/er/two.flac", "")
    file, problem = paths.file("else/one.mid")
    assert file == Path("else/one.mid") and "several recordings" in problem


def test_missing_recordings_are_named_and_the_song_stays(tmp_path):
    paths = MediaPaths(media_root=tmp_path, ext=("mp3",))
    touched(tmp_path / "here.mp3")
    problem = missing_media(["here.mid", "gone.mid"], paths)
    assert len(problem) == 1 and problem[0].startswith(
        "gone.mid has no recording of its name (.mp3)"
    )
    assert paths.file("gone.mid")[0] == Path("gone.mid")


def test_songs_that_no_player_can_open_are_counted(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.mid", b"")
    touched(tmp_path / "tunes.abc", tmp_path / "b#1.mid")
    songs = ["all.zip/a.mid", "tunes.abc#2", "b#1.mid", "gone.mid"]
    (problem,) = missing_media(songs, MediaPaths(tmp_path))
    assert problem.startswith("Players cannot open 2 of the songs") and "(all.zip/a.mid)" in problem
    assert missing_media(songs[2:], MediaPaths(tmp_path)) == []


def test_what_is_no_folder_or_no_ending_is_refused(tmp_path):
    with pytest.raises(InputError, match="nowhere: is not a folder"):
        MediaPaths(media_root=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"'\.' is not a file ending"):
        MediaPaths(ext=(".",))


@pytest.mark.parametrize("ending", [".m3u8", ".xspf", ".jspf", ".csv"])
def test_a_name_that_is_not_utf8_comes_back_byte_for_byte(tmp_path, ending):
    name = b"caf\xe9 & co.mid"
    song = tmp_path / os.fsdecode(name)
    song.touch()
    entry = displayable(song.name)
    assert entry == r"caf\xe9 & co.mid"
    paths = MediaPaths(tmp_path)
    assert paths.uri(paths.file(entry)[0], tmp_path / "a.xspf") == "caf%E9%20%26%20co.mid"
    library = example_library()
    library = replace(library, song=[entry, *library.song[1:]])
    made = build(library, Request("Calming", minutes=3, pins=(entry,)))[0]
    write(made, tmp_path / f"list{ending}", Provenance("m", "2026-01-31T12:00:00+00:00"), paths)
    written = (tmp_path / f"list{ending}").read_text(encoding="utf-8")
    assert "caf%E9%20%26%20co.mid" in written
