"""What an attacker found: wrong notes in silence, lost files, tracebacks for a mistake."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from classify.cli.main import main
from classify.corpora import load
from classify.corpora.labels import NO_SONG
from classify.corpora.store import Store
from classify.errors import InputError
from classify.songs import UnusableSong, midi, score
from classify.songs.formats import File
from tests.conftest import write_song
from tests.corpora.test_formats import pack
from tests.midi_odd.make import END, SOUND, smf
from tests.songs.test_score import pitches, xml, xml_note

ONE = "X:1\nT:one\nM:4/4\nL:1/4\nK:C\nCDEF|\n"


def reasons(folder: Path) -> dict[str, str]:
    return {item.name: item.reason for item in load(str(folder)).skipped}


def classes(folder: Path) -> Path:
    for number, label in enumerate("AB"):
        write_song(folder / label / "sound.mid", number)
    return folder


def test_an_orphan_reader_cannot_touch_the_next_run(tmp_path):
    """Killed while music21 works, a program leaves no process that goes on to write."""
    songs = [tmp_path / f"{n}.abc" for n in range(40)]
    for n, path in enumerate(songs):
        path.write_text(ONE.replace("T:one", f"T:{n}").replace("|", "CDEF|" * 150))
    code = (
        "import sys; from pathlib import Path\n"
        "from classify.corpora.store import Store; from classify.songs.formats import File\n"
        "from classify.compute import local\n"
        "if __name__ == '__main__':\n"
        "    local._kept.append(local._Worker())\n"
        "    print(local._kept[0].process.pid, flush=True)\n"
        "    Store(Path(sys.argv[1])).read([File(p) for p in sys.argv[2:]], n_workers=1)\n"
    )
    (tmp_path / "read.py").write_text(code)
    program = subprocess.Popen(
        [sys.executable, str(tmp_path / "read.py"), str(tmp_path / "store"), *map(str, songs)],
        stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )  # fmt: skip
    assert program.stdout is not None
    reader = int(program.stdout.readline())
    time.sleep(1.5)
    program.send_signal(signal.SIGKILL)
    program.wait()
    time.sleep(1.5)
    state = Path(f"/proc/{reader}/stat")
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_a_failure_belongs_to_the_ending_too(tmp_path):
    folder = classes(tmp_path / "songs")
    (folder / "A" / "tune.mxl").write_text(ONE)
    assert "is no .mxl archive" in reasons(folder)["A/tune.mxl"]
    (folder / "A" / "tune.mxl").rename(folder / "A" / "tune.abc")
    assert reasons(folder) == {}


def test_an_archive_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    path = pack(tmp_path / "box.zip", {"a.mid": SOUND})
    os.utime(path, (time.time() - 99, time.time() - 99))
    store = Store(tmp_path / "store")
    plain = store._record

    def record(looks, *rest):
        pack(path, {"a.mid": smf(b"\x00\x90\x48\x50\x60\x80\x48\x00" + END)})
        plain(looks, *rest)

    monkeypatch.setattr(store, "_record", record)
    store.read([File(str(path), "a.mid")])
    store = Store(tmp_path / "store")
    ((stored,),) = store.read([File(str(path), "a.mid")])
    assert store.notes(stored)["pitch"].tolist() == [0x48]


@pytest.mark.parametrize("row", ["notes.txt,B", "A,A", "in.zip/x,B"])
def test_a_row_that_names_no_song_is_skipped(tmp_path, row):
    folder = classes(tmp_path / "songs")
    (folder / "notes.txt").write_text("hello")
    (folder / "labels.csv").write_text(f"path,label\nA/sound.mid,A\nB/sound.mid,B\n{row}\n")
    assert reasons(folder)[row.split(",")[0]] == NO_SONG


def test_damaged_and_strange_members_of_archives(tmp_path):
    folder = classes(tmp_path / "songs")
    with zipfile.ZipFile(folder / "A" / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.mid", SOUND * 50)
    data = bytearray((folder / "A" / "lzma.zip").read_bytes())
    data[60:90] = b"\xff" * 30
    (folder / "A" / "lzma.zip").write_bytes(data)
    twice = folder / "B" / "twice.zip"
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "w") as archive:
        for name in ("d.mid", "e.mid", "d.mid", "Best: of/f.mid", "."):
            archive.writestr(name, SOUND)
    found = load(str(folder))
    assert {e.name for e in found.entries if "zip" in e.name} == {
        "B/twice.zip/d.mid", "B/twice.zip/e.mid", "B/twice.zip/Best: of/f.mid",
    }  # fmt: skip
    assert {item.name: item.reason for item in found.skipped} == {
        "A/lzma.zip/a.mid": "is damaged in its archive",
        "B/twice.zip/d.mid (again)": "is twice in its archive; the last one is read",
        "B/twice.zip/.": NO_SONG,
    }


def test_backslashes_and_control_characters_in_an_archive(tmp_path):
    path = tmp_path / "box.zip"
    rows = "path,label\nA\\one.mid,A\n./B/two.mid,B\nB/gone.mid,B\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("A/one.mid", "B/two.mid"):
            info = zipfile.ZipInfo("x")
            info.filename = name.replace("/", "\\") if "one" in name else name
            archive.writestr(info, SOUND)
        archive.writestr("labels.csv", rows)
    corpus = load(str(path))
    assert corpus.labels == ["A", "B"]
    assert {item.name: item.reason for item in corpus.skipped} == {
        "B/gone.mid": "is not in its archive"
    }
    path = pack(tmp_path / "odd.zip", {"A/a.mid": SOUND, "B/b.mid": SOUND, "A/x\ny.mid": SOUND})
    assert [item.name for item in load(str(path)).skipped] == ["A/x?y.mid"]


def test_many_large_members_are_not_held_at_once(tmp_path):
    folder = classes(tmp_path / "songs")
    large = SOUND + bytes(30 * 2**20)
    songs = {f"{n}.mid": large + bytes([n]) for n in range(12)}
    pack(folder / "A" / "large.zip", songs | {"cover.jpg": os.urandom(4 * 2**20)})  # no bomb
    assert len(load(str(folder)).songs) == 14


def test_an_index_with_other_columns_is_begun_anew(tmp_path, monkeypatch, capsys):
    folder = classes(tmp_path / "songs")
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "cache"))
    load(str(folder))
    (index,) = (tmp_path / "cache").glob("*/index.sqlite")
    with sqlite3.connect(index) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("ALTER TABLE songs RENAME COLUMN n_notes TO other")
    database.close()
    assert main(["corpus", "show", str(folder)]) == 0
    assert "all" in capsys.readouterr().out


def test_songs_in_hidden_folders_are_passed_over(tmp_path):
    folder = classes(tmp_path / "songs")
    write_song(folder / "A" / ".git" / "z.mid", 5)
    assert len(load(str(folder)).songs) == 2


def test_pitches_beyond_midi_are_refused():
    with pytest.raises(UnusableSong, match="has the pitch C12"):
        list(score.to_midi(xml([xml_note("C", octave=12)]).encode(), ".xml"))


def test_a_tune_without_metre_or_unit_counts_in_quavers():
    (piece,) = score.to_midi(b"X:1\nT:u\nK:C\nGABc|\n", ".abc")
    assert isinstance(piece, score.Piece)
    assert midi.parse(piece.midi, Path("u")).notes["beat"].tolist() == [0, 0.5, 1, 1.5]
    assert pitches(piece) == [67, 69, 71, 72]


def test_smpte_of_no_ticks():
    data = smf(b"\x00\x90\x3c\x50\x64\x80\x3c\x00" + END, division=0xE700)
    with pytest.raises(UnusableSong, match="0 ticks per SMPTE frame"):
        midi.parse(data, Path("x.mid"))


@pytest.mark.parametrize("name", ["labels.csv", "A/songs.zip", "A/song.mid"])
@pytest.mark.parametrize("special", ["pipe", "device"])
def test_a_special_file_is_refused_and_not_waited_for(tmp_path, name, special):
    folder = classes(tmp_path / "songs")
    os.mkfifo(folder / name) if special == "pipe" else (folder / name).symlink_to("/dev/zero")
    why = "is not a file that can be read from start to end"
    if name == "labels.csv":
        with pytest.raises(InputError, match=why):
            load(str(folder))
    else:
        assert reasons(folder) == {name: why}


def test_a_table_that_is_too_large_is_not_read(tmp_path):
    folder = classes(tmp_path / "songs")
    with (folder / "labels.csv").open("wb") as table:
        table.truncate(2**32)
    with pytest.raises(InputError, match=r"has 4,295.0 MB, and at most 268 are read"):
        load(str(folder))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux")
def test_folders_on_another_file_system_are_named(tmp_path):
    folder = classes(tmp_path / "songs")
    (folder / "A" / "link").symlink_to("/proc/self")
    assert reasons(folder) == {
        "A/link/": "is on another file system; it is read where it is named itself"
    }
