"""Folders per class and labels.csv, good and bad."""

import os
from pathlib import Path

import pytest

from classify.corpora import load
from classify.corpora.labels import NO_SONG, list_songs
from classify.errors import InputError
from tests.conftest import write_song


def csv(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A labels.csv beside four real songs."""
    for number in range(4):
        write_song(tmp_path / "midi" / f"{number}.mid", number)
    (tmp_path / "labels.csv").write_text(text, encoding=encoding)
    return tmp_path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        load(str(path))
    return str(error.value)


def test_a_folder_is_a_class(corpus_folder):
    write_song(corpus_folder / "Happy" / "deeper" / "x.midi", 5)
    listing = list_songs(corpus_folder)
    assert {e.label for e in listing.entries} == {"Calming", "Happy"}
    assert [e.name for e in listing.entries][-1] == "Happy/deeper/x.midi"


def test_stray_files_are_named_not_dropped(corpus_folder):
    (corpus_folder / "Happy" / "cover.jpg").write_bytes(b"x")
    (corpus_folder / "Happy" / ".DS_Store").write_bytes(b"x")
    (corpus_folder / "Empty").mkdir()
    write_song(corpus_folder / "loose.mid", 1)
    reasons = {item.name: item.reason for item in list_songs(corpus_folder).skipped}
    assert reasons == {
        "Happy/cover.jpg": NO_SONG,
        "Empty/": "has no song in it (nothing)",
        "loose.mid": "lies outside the class folders, so it has no label",
    }


def test_linked_folders_are_read_once_and_broken_links_are_named(corpus_folder, tmp_path):
    other = tmp_path / "other"
    write_song(other / "linked.mid", 3)
    (corpus_folder / "Happy" / "more").symlink_to(other)
    (corpus_folder / "Happy" / "round").symlink_to(corpus_folder / "Happy")
    (corpus_folder / "Happy" / "gone.mid").symlink_to(tmp_path / "nowhere.mid")
    corpus = load(str(corpus_folder))
    assert len(corpus.songs) == 17
    assert [(s.name, s.reason) for s in corpus.skipped] == [
        ("Happy/gone.mid", "cannot be opened: No such file or directory")
    ]


def test_songs_beside_a_csv_that_does_not_list_them_are_named(tmp_path):
    listing = list_songs(csv(tmp_path, "path,label\nmidi/0.mid,a\nmidi/1.mid,b\n"))
    assert [s.name for s in listing.skipped] == ["midi/2.mid", "midi/3.mid"]


def test_a_file_name_that_is_not_utf8(corpus_folder):
    name = os.fsdecode(b"bad-\xff.mid")
    (corpus_folder / "Happy" / "00.mid").rename(corpus_folder / "Happy" / name)
    corpus = load(str(corpus_folder))
    assert len(corpus.songs) == 16 and len(corpus.fingerprint) == 64
    assert r"Happy/bad-\xff.mid" in [e.name for e in corpus.entries]


def test_a_table_names_a_file_whose_name_is_not_utf8(tmp_path):
    for name in (b"caf\xe9.mid", "Dvořák.mid".encode()):
        write_song(tmp_path / "midi" / os.fsdecode(name), len(name))
    corpus = load(str(csv(tmp_path, "path,label\nmidi/caf\\xe9.mid,a\nmidi/Dvořák.mid,b\n")))
    assert [entry.name for entry in corpus.entries] == ["midi/Dvořák.mid", r"midi/caf\xe9.mid"]


def test_labels_csv_with_every_column(tmp_path):
    text = (
        "path,label,group,split,mood\n"
        "midi/0.mid,a,g1,train,1.0\nmidi/1.mid,b,,Test,NA\n\nmidi/2.mid,a,g1,valid,\n"
    )
    entries = list_songs(csv(tmp_path, text)).entries
    assert [(e.label, e.group, e.split) for e in entries] == [
        ("a", "g1", "train"),
        ("b", "", "test"),
        ("a", "g1", "val"),
    ]
    assert entries[0].extra == {"mood": "1.0"} and entries[1].extra == {"mood": "NA"}


@pytest.mark.parametrize("mark", [";", "\t"])
def test_spreadsheets_of_other_countries(tmp_path, mark):
    text = "\ufeffLabel,Path\r\na,midi/0.mid\r\nb,midi/1.mid\r\n".replace(",", mark)
    assert [e.label for e in list_songs(csv(tmp_path, text)).entries] == ["a", "b"]


def test_spreadsheet_habits(tmp_path):
    text = '\n"path";"label";"a,b,c";;\nmidi/0.mid;a;1;;\nmidi/1.mid;b;2;;\n\n'
    assert [e.extra for e in list_songs(csv(tmp_path, text)).entries] == [
        {"a,b,c": "1"},
        {"a,b,c": "2"},
    ]
    (tmp_path / "labels.csv").rename(tmp_path / "Labels.CSV")
    assert len(list_songs(tmp_path).entries) == 2


def test_a_missing_song_is_skipped_with_its_reason(tmp_path):
    text = "path,label\nmidi/0.mid,a\nmidi/1.mid,b\nmidi/gone.mid,b\n"
    corpus = load(str(csv(tmp_path, text)))
    first = corpus.skipped[0]
    assert (first.name, first.reason) == (
        "midi/gone.mid",
        "cannot be opened: No such file or directory",
    )


def test_a_repeated_row_counts_once_and_is_named(tmp_path):
    text = "path,label\nmidi/0.mid,a\nmidi/1.mid,b\nmidi/0.mid,a\n"
    listing = list_songs(csv(tmp_path, text + "midi/../midi/1.mid,b\n"))
    assert len(listing.entries) == 2
    assert listing.skipped[1].reason == "line 5 repeats line 3"
    assert listing.skipped[0].reason == "line 4 repeats line 2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\nmidi/0.mid,a\n", "has no column 'path'; its columns are 'file', 'label'"),
        ("path,mood\nmidi/0.mid,a\n", "has no column 'label'"),
        ("path,label,label\nmidi/0.mid,a,b\n", "has the column 'label' twice"),
        ("path,label\nmidi/0.mid,a\nmidi/0.mid,b\n", "line 3: 'midi/0.mid' is already on line 2"),
        ("path,label\nmidi/0.mid\n", "line 2: has 1 columns, the header has 2"),
        ("path,label\nmidi/0.mid,\n", "no song has a label (midi/0.mid has no label (line 2)"),
        ("path,label,split\nmidi/0.mid,a,later\n", "split is 'later'; accepted are train, val"),
        ("path,label\n", "has a header but no songs"),
        ("path,label\nmidi/0.mid,a\nmidi/../midi/0.mid,b\n", "is already on line 2 with other"),
        ('path,label\nmidi/0.mid,"a\nb"\n', "the label 'a\\nb' contains a control character"),
        ("path,label\nmidi/\0.mid,a\n", "contains a control character"),
        ("path,label\nmidi/0.mid," + "a" * 200000, "line 2: cannot be read: field larger"),
        ("", "is empty"),
        ("path,label\nmidi/0.mid,a\nmidi/1.mid,a\n", "all 2 usable songs carry the label 'a'"),
        ("path,label\nno.mid,a\n", "files can be used; the first, no.mid, cannot be opened"),
    ],
)
def test_a_csv_that_cannot_be_used_is_one_clear_sentence(tmp_path, text, message):
    message_shown = refusal(csv(tmp_path, text))
    assert message in message_shown
    assert "labels.csv" in message_shown or str(tmp_path) in message_shown


def test_text_in_another_encoding_names_the_line(tmp_path):
    message_shown = refusal(csv(tmp_path, "path,label\nmidi/0.mid,fröhlich\n", encoding="latin-1"))
    assert "line 2: is not UTF-8" in message_shown


def test_wrong_paths(tmp_path):
    write_song(tmp_path / "songs" / "a" / "0.mid", 0)
    assert "did you mean" in refusal(tmp_path / "song")
    assert "is neither a folder here nor a built-in corpus; built in are folk" in refusal(
        Path("fokl")
    )
    assert "is a single file" in refusal(tmp_path / "songs" / "a" / "0.mid")
    (tmp_path / "nothing").mkdir()
    assert "no labelled songs" in refusal(tmp_path / "nothing")


def test_the_collection_of_a_song_is_read_and_kept_with_it(tmp_path):
    text = "path,label,source,mood\nmidi/0.mid,a,Essen,1\nmidi/1.mid,b,,2\n"
    corpus = load(str(csv(tmp_path, text)))
    assert corpus.sources == ["Essen", ""]
    assert [entry.extra for entry in corpus.entries] == [{"mood": "1"}, {"mood": "2"}]
    assert load(
        str(csv(tmp_path / "plain", "path,label\nmidi/0.mid,a\nmidi/1.mid,b\n"))
    ).sources == [
        "",
        "",
    ]
