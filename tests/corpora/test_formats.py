"""Songs of every format, in folders and in archives, as one corpus."""

import zipfile
from pathlib import Path

import pytest

from classify.cli.main import main
from classify.corpora import load
from classify.errors import InputError
from classify.songs import formats
from tests.conftest import write_song
from tests.midi_odd.make import SOUND
from tests.songs.scores import ABC, KERN, MUSICXML
from tests.songs.test_score import ENDLESS

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]><score-partwise><work><work-title>&j;</work-title></work></score-partwise>"
)


def pack(path: Path, members: dict[str, bytes | str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def bomb(path: Path, gigabytes: int = 10) -> Path:
    """An archive of one file of zeros."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("song.mid", "w", force_zip64=True) as file,
    ):
        for _ in range(gigabytes * 16):
            file.write(bytes(2**26))
    return path


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Two classes; in one of them every format there is."""
    for number in range(2):
        write_song(tmp_path / "songs" / "plain" / f"{number}.mid", number)
    place = tmp_path / "songs" / "all sorts"
    write_song(place / "small.mid", 7)
    (place / "two.abc").write_text(ABC)
    (place / "waltz.krn").write_text(KERN)
    (place / "flute.musicxml").write_text(MUSICXML)
    pack(place / "box.zip", {"in/one.mid": SOUND, "../out.mid": SOUND, "readme.txt": "hello",
                             "tunes.abc": ABC})  # fmt: skip
    return tmp_path / "songs"


def test_every_format_is_read(scores):
    corpus = load(str(scores))
    titles = {e.name: s.title for e, s in zip(corpus.entries, corpus.songs, strict=True)}
    assert titles == {
        "all sorts/small.mid": "small",
        "all sorts/two.abc#1": "A reel",
        "all sorts/two.abc#2": "A waltz",
        "all sorts/waltz.krn": "waltz",
        "all sorts/flute.musicxml": "Two bars",
        "all sorts/box.zip/in/one.mid": "one",
        "all sorts/box.zip/tunes.abc#1": "A reel",
        "all sorts/box.zip/tunes.abc#2": "A waltz",
        "plain/0.mid": "0",
        "plain/1.mid": "1",
    }
    assert {item.name: item.reason[:12] for item in corpus.skipped} == {
        "all sorts/box.zip/../out.mid": "has a name t",
        "all sorts/box.zip/readme.txt": "does not hav",
    }
    by_name = dict(zip([e.name for e in corpus.entries], corpus.songs, strict=True))
    waltz = by_name["all sorts/waltz.krn"]
    assert waltz.tempi[0].tolist() == pytest.approx(
        [0, 90], rel=1e-5
    ) and waltz.seconds == pytest.approx(4.0)
    assert by_name["all sorts/flute.musicxml"].n_notes == 8  # the repeat is played
    tunes = [e.name for e in corpus.entries if ".abc" in e.name]
    groups = dict(zip([e.name for e in corpus.entries], corpus.groups, strict=True))
    assert groups[tunes[0]] == groups[tunes[2]] != groups[tunes[1]]  # equal bytes, one group


def test_a_corpus_that_is_an_archive(tmp_path):
    members = {f"{label}/{n}.mid": write_song(tmp_path / "a.mid", n).read_bytes()
               for n, label in enumerate(["calm", "calm", "wild"])}  # fmt: skip
    folders = pack(
        tmp_path / "library.zip", {f"top/{name}": data for name, data in members.items()}
    )
    corpus = load(str(folders))
    assert corpus.labels == ["calm", "calm", "wild"] and corpus.name == "library"
    rows = "path,label,group\ncalm/0.mid,slow,a\nwild/2.mid,fast,b\ncalm/9.mid,slow,a\n"
    table = pack(tmp_path / "table.zip", {**members, "labels.csv": rows})
    corpus = load(str(table))
    assert (corpus.labels, corpus.groups) == (["slow", "fast"], ["a", "b"])
    assert {item.name: item.reason for item in corpus.skipped} == {
        "calm/9.mid": "is not in its archive",
        "calm/1.mid": "is not listed in labels.csv",
    }


def test_hostile_files_end_in_the_list(scores, tmp_path, capsys):
    place = scores / "plain"
    (place / "laughs.musicxml").write_text(LAUGHS)
    (place / "garbage.mid").write_bytes(b"\x00" * 10**7)
    (place / "huge.mid").write_bytes(SOUND + bytes(2**25))
    pack(place / "empty.zip", {})
    bomb(place / "bomb.zip", gigabytes=1)
    (place / "no.zip").write_text("not packed")
    (place / "endless.abc").write_text(ENDLESS)
    assert main(["corpus", "show", "--problems", str(scores)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, reason in {
        "laughs.musicxml": "declares XML entities, which no score needs",
        "garbage.mid": "is not a MIDI file: it begins with '",
        "huge.mid": "has 33.6 MB, and at most 34 are read",
        "empty.zip": "is an archive with no files in it",
        "bomb.zip": "unpacks to 1.1 GB; at most 100 times its size are accepted",
        "no.zip": "is not a zip archive, or a damaged one",
        "endless.abc": "",
    }.items():
        (line,) = [line for line in lines if f"plain/{name}:" in line]
        assert reason in line


def test_an_archive_that_cannot_be_a_corpus_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"empty.zip: is an archive with no files in it"):
        load(str(pack(tmp_path / "empty.zip", {})))
    with pytest.raises(InputError, match=r"no labelled songs \(b.txt lies outside"):
        load(str(pack(tmp_path / "text.zip", {"notes.txt": "hello", "b.txt": "you"})))


def test_kinds_are_told_by_their_endings():
    assert formats.kind_of("a.MID").name == formats.kind_of("b.kar").name == "midi"
    assert formats.kind_of("a.abc").name == "abc" and formats.kind_of("a.flac").name == "audio"
    assert formats.kind_of("a.txt") is None and formats.kind_of("mid") is None
