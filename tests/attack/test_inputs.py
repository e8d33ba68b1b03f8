"""Attacks on what a user gives: arguments, tables, names, special files, songs, models, wishes."""

import json
import os
import random
import shutil
import struct
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest

from classify.compute.executor import VARIABLE
from classify.corpora import load
from classify.corpora.store import Store
from classify.inference import saved_model
from classify.songs.formats import File
from tests.attack.tally import Tally
from tests.conftest import write_song
from tests.midi_odd.make import END, NOTE, SOUND, smf
from tests.songs.scores import MUSICXML

pytestmark = pytest.mark.slow

ODD = (
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e99",
    "99999999999999999999",
    "x",
    "é\n",
    "1,2",
    "-",
    "x" * 300,
)
EASY = ("--min-confidence", "0.5", "--tempo-change", "none", "--loudness-change", "none")


def test_arguments(tally: Tally, songs: Path, trained: Path, tmp_path: Path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")  # which an empty name means
    quick = ("--quick", "--models", "knn", "--out", tmp_path / "run")
    for value in ODD:
        for option in ("--window", "--hop", "--folds", "--repeats", "--seed", "--epochs", "--jobs",
                       "--tune", "--models", "--channels", "--split", "--init"):  # fmt: skip
            if option in ("--jobs", "--seed") and value == "0":
                continue  # these may train
            tally.command("compare", songs, "--window", "16", *quick, option, value)
            shutil.rmtree(tmp_path / "run", ignore_errors=True)
        for command in ("compare", "predict", "train", "report", "explain", "corpus show",
                        "corpus check", "pretrain", "adapt", "suggest", "transcribe", "generate",
                        "playlist", "cache", "nonsense"):  # fmt: skip
            tally.command(*command.split(), value)
            tally.command(*command.split(), value, value, "--out", tmp_path / "o")
        tally.command("predict", trained, value, "--out", tmp_path / "p.csv")
        tally.command("cache", "--forget", value)


def test_tables(tally: Tally, tmp_path: Path):
    for number in range(4):
        write_song(tmp_path / "midi" / f"{number}.mid", number, n_notes=30 + number)
    rows = "path,label\nmidi/0.mid,a\nmidi/1.mid,b\n"
    tables = [
        b"", b"\n\n", b"path,label", b"path;label\r\nmidi/0.mid;a\r\nmidi/1.mid;b\r\n",
        rows.encode("utf-16"), rows.encode("utf-8-sig"), rows.encode() + b"\xff\xfe,c\n",
        rows.encode() + b"\x00,\x00\n", rows.encode() + b'"midi/2.mid,a\n', b"\x00" * 5000,
        rows.replace("\n", "\r").encode(), (rows + "midi/0.mid,b\n").encode(),
        (rows + "midi/0.mid,a\n").encode(), (rows + "../../../etc/passwd,a\n").encode(),
        (rows + "/dev/zero,a\n/dev/tty,b\n").encode(), (rows + "midi,a\n.,b\n").encode(),
        (rows + "midi/2.mid,\n,a\n").encode(), b"path,label,label\nmidi/0.mid,a,b\n",
        ("path,label," + ",".join(map(str, range(20_000))) + "\n").encode(),
        (rows + "x" * 300_000 + ",a\n").encode(), (rows + f"midi/2.mid,{'l' * 200_000}\n").encode(),
        (rows + "midi/2.mid,=cmd()|' /C calc'!A0\n").encode(), (rows + "a\tb,a\n").encode(),
        b"path,label,split\nmidi/0.mid,a,train\nmidi/1.mid,b,exam\n", os.urandom(3000),
        (rows + "\\\\server\\share\\x.mid,a\nC:\\x.mid,b\n~/x.mid,a\n").encode(),
        ("path,label\n" + "midi/0.mid,a\n" * 50_000).encode(),
        (rows + "midi/\ud800.mid,a\n").encode("utf-8", "surrogatepass"),
    ]  # fmt: skip
    for table in tables:
        (tmp_path / "labels.csv").write_bytes(table)
        tally.command("corpus", "show", tmp_path, "--window", "16")
        tally.command("playlist", tmp_path / "labels.csv", tmp_path, "--mood", "a")


def test_names(tally: Tally, trained: Path, tmp_path: Path):
    """Every name comes back in a playlist as the bytes that it is."""
    names = [b"caf\xe9.mid", b"\xff\xfe.mid", b"new\nline.mid", b"tab\t.mid", "日 🎵.mid".encode(),
             b"-rf.mid", b"a" * 240 + b".mid", b" blank .mid", b"#hash?&%20.mid", b"'quo\"te.mid",
             b"back\\slash.mid", rb"caf\xe9.mid", b"=1+1.mid", b"CON.mid", b"\x1b[31mred.mid",
             b"a.mid.mid", "a\u202egnp.mid".encode(), b"..mid"]  # fmt: skip
    folder = tmp_path / "names"
    for number, name in enumerate(names):
        made = write_song(folder / "x.mid", 700 + number, 45, 1.0)
        made.rename(folder / os.fsdecode(name))
    listed: set[bytes] = set()
    for ending in ("m3u8", "xspf", "jspf", "csv"):
        out = tmp_path / f"list.{ending}"
        tally.command("playlist", trained, folder, "--mood", "Calming", "--minutes", "20", *EASY,
                      "--out", out, "--absolute")  # fmt: skip
        if ending == "jspf" and out.is_file():
            tracks = json.loads(out.read_text(encoding="utf-8"))["playlist"]["track"]
            listed = {unquote_to_bytes(t["location"][0].removeprefix("file://")) for t in tracks}
    tally.check(
        bool(listed) and all(Path(os.fsdecode(name)).exists() for name in listed), f"{listed}"
    )
    for command in ("predict", "suggest"):
        for ending in ("csv", "parquet")[: 2 if command == "predict" else 1]:
            out = tmp_path / f"{command}.{ending}"
            tally.command(command, trained, folder, "--out", out)
            tally.check(out.is_file(), f"{command} wrote nothing")
    tally.command("corpus", "show", tmp_path)
    tally.command("explain", trained, folder / os.fsdecode(names[0]), "--out", tmp_path / "why")


def test_special_files(tally: Tally, songs: Path, copied: Path, tmp_path: Path):
    def special(path: Path, kind: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to({"device": "/dev/zero", "loop": path.name, "gone": "nowhere"}[kind])
        return path

    for kind in ("pipe", "device", "loop", "gone", "folder"):
        for name in ("labels.csv", "Calming/a.mid", "Calming/a.zip", "Happy/a.musicxml"):
            folder = Path(shutil.copytree(songs, tmp_path / f"{kind}-{name.replace('/', '-')}"))
            tally.command("corpus", "show", special(folder / name, kind).parent, "--window", "16")
            tally.command("corpus", "show", folder, "--window", "16")
            tally.command("predict", copied, folder / name)
        for name in ("predicted.csv", "predicted.parquet", "moods.toml", "a.zip", "a.mid"):
            path = special(tmp_path / kind / name, kind)
            tally.command("playlist", copied, path, "--mood", "Calming", "--moods", path)
            tally.command("corpus", "show", path)
        model = Path(shutil.copytree(copied, tmp_path / f"model-{kind}"))
        special(model / "bundle.json", kind)
        tally.command("predict", model, songs)
        run = special(tmp_path / f"run-{kind}" / "run.json", kind).parent
        for command in ("report", "explain"):
            tally.command(command, run)
    for folder in ("/proc/self", "/dev", "/sys/kernel"):
        tally.command("predict", copied, folder)


def hostile_songs(folder: Path) -> None:
    """Write files that take time or memory, or make a reader fail, in every format."""
    bars = "".join(
        f'<measure number="{n}"><barline location="left"><repeat direction="forward"/></barline>'
        '<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>'
        '<barline location="right"><repeat direction="backward" times="1000000"/></barline>'
        "</measure>"
        for n in range(20)
    )  # fmt: skip
    head = '<?xml version="1.0"?>'
    part = '<part-list><score-part id="P1"><part-name/></score-part></part-list><part id="P1">'
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    n_notes = 2_000_000
    crowd = np.tile(np.frombuffer(b"\x00\x90\x3c\x40", np.uint8), n_notes).tobytes()
    files = {
        "repeats.musicxml": f"{head}<score-partwise>{part}{bars}</part></score-partwise>".encode(),
        "bomb.musicxml": f'{head}<!DOCTYPE x [<!ENTITY a0 "aaaa">{entities}]><x>&a9;</x>'.encode(),
        "nested.musicxml": (head + "<a>" * 300_000 + "</a>" * 300_000).encode(),
        "cut.musicxml": MUSICXML[: len(MUSICXML) // 2].encode(),
        "tracks.mid": b"MThd" + struct.pack(">IHHH", 6, 1, 65535, 96)
        + (b"MTrk" + struct.pack(">I", len(END)) + END) * 65535,
        "crowd.mid": smf(crowd + END),
        "junk.mid": b"MThd" + os.urandom(33 * 2**20),
        "tempi.mid": smf(b"\x00\xff\x51\x03\x07\xa1\x20" * 200_000 + NOTE + END),
        "endless.abc": b"X:1\nT:x\nM:4/4\nL:1/8\nK:C\n" + b"|:" * 3000 + b"CDEF" + b":|" * 3000,
        "tunes.abc": b"".join(b"X:%d\nK:C\nC|\n" % n for n in range(3000)),
        "long.abc": b"X:1\nK:C\n" + b"C" * 200_000,
        "spines.krn": b"**kern\t" * 5000 + b"\n" + b"*^\t" * 5000 + b"\n",
        "fake.mxl": b"PK\x03\x04" + os.urandom(500),
        "noise.wav": b"RIFF" + os.urandom(900),
    }  # fmt: skip
    for name, data in files.items():
        (folder / name).write_bytes(data)


def test_hostile_songs(tally: Tally, tmp_path: Path, monkeypatch):
    """Whatever harms its reader is a line of the list of problems; every good neighbour is read."""
    monkeypatch.setenv(VARIABLE, "local")
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "cache"))
    for label in "AB":
        for number in range(4):
            write_song(tmp_path / "songs" / label / f"{number}.mid", number + 50 * (label == "A"))
            good = tmp_path / "songs" / label / f"good-{number}.musicxml"
            good.write_text(MUSICXML.replace("<step>C</step>", f"<step>{'DEFG'[number]}</step>"))
    hostile_songs(tmp_path / "songs" / "A")
    hostile_songs(tmp_path / "songs" / "B")
    for _ in range(2):
        tally.command("corpus", "show", tmp_path / "songs", "--window", "8", "--problems")
    found = load(str(tmp_path / "songs"))
    names = {entry.name.split("#")[0] for entry in found.entries}
    names |= {item.name.split("#")[0] for item in found.skipped}
    for path in (tmp_path / "songs").glob("*/*"):
        tally.check(path.relative_to(tmp_path / "songs").as_posix() in names, f"{path} vanished")
    good = [entry for entry in found.entries if "good" in entry.name or entry.name[2].isdigit()]
    tally.check(len(good) == 16, f"{len(good)} of 16 good songs were read")
    for item in found.skipped:
        tally.note("refused" if item.reason else "no sentence", item.name)


def test_tampered_models(tally: Tally, trained: Path, copied: Path):
    """Flips, cuts, exchanged files; wrong fields behind right hashes; keys given twice."""
    draw = random.Random(5)
    files = [path for path in sorted(copied.rglob("*")) if path.is_file()]
    for path in files:
        data = path.read_bytes()
        for place in draw.choices(range(len(data)), k=12):
            path.write_bytes(
                data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
            )
            tally.refusing(lambda: saved_model.load(copied), f"{path.name}, byte {place}")
        for other in (b"", data[: len(data) // 2], data + b"x", b"\x80\x04N.", data[::-1]):
            path.write_bytes(other)
            tally.refusing(lambda: saved_model.load(copied), f"{path.name} replaced")
        path.unlink()
        tally.refusing(lambda: saved_model.load(copied), f"{path.name} gone")
        path.write_bytes(data)
    whole = saved_model.load(trained).about.as_dict()
    for field in whole:
        for value in (None, "x", -1, 0, 1e308, [], {}, [[]], {"a": 1}, True, "missing"):
            about = {name: old for name, old in whole.items() if name != field}
            about |= {} if value == "missing" else {field: value}
            saved_model.seal(copied, about)
            tally.refusing(lambda: saved_model.load(copied), f"{field}={value!r}")
    text = (trained / "bundle.json").read_text(encoding="utf-8")
    (copied / "bundle.json").write_text(text.replace("{", '{"format": 1,', 1), encoding="utf-8")
    tally.check(not tally.refusing(lambda: saved_model.load(copied), "key twice"), "key twice")


def test_impossible_playlists(tally: Tally, trained: Path, library: Path, tmp_path: Path):
    tally.command("predict", trained, library, "--out", tmp_path / "p.csv")
    wishes = {
        "--minutes": ("0", "-5", "nan", "inf", "1e9", "0.001", "x"),
        "--mood": ("", "Sad", "Calming+Calming", "Calming+Sad", "+", "calming"),
        "--from": ("Sad", "", "Happy"),
        "--tempo": ("200 100", "-1 5", "0 0", "nan nan", "1e9 1e9"),
        "--loudness": ("127 0", "-5 -1", "500 600"),
        "--tempo-change": ("0", "-1", "nan", "none"),
        "--min-confidence": ("0", "1", "2", "-1", "nan"),
        "--pin": ("nothing.mid", "", "0.mid"),
        "--veto": ("nothing.mid", "", "library"),
        "--format": ("pdf", "", "m3u8,m3u8", "csv"),
        "--lists": ("0", "-1", "1000000", "3"),
        "--strategy": ("", "best", "iso"),
        "--ext": ("", "/", "mp3"),
        "--media-root": ("/nowhere", "/dev/null"),
        "--out": ("/dev/null/x", "", "/proc/x", str(tmp_path)),
    }
    for option, values in wishes.items():
        for value in values:
            given = value.split(" ") if option in ("--tempo", "--loudness") else [value]
            tally.command("playlist", trained, tmp_path / "p.csv", "--mood", "Calming",
                          "--minutes", "1", "--out", tmp_path / "list", *EASY, option,
                          *given)  # fmt: skip


def test_a_corrupted_cache(tally: Tally, tmp_path: Path):
    """Every byte of a small shard, and of the index, flipped in turn: the same song comes back."""
    path = write_song(tmp_path / "a.mid", 1, n_notes=12)
    other = tmp_path / "b.mid"
    other.write_bytes(SOUND)
    files = [File(str(path)), File(str(other))]
    place = tmp_path / "store"
    store = Store(place)
    expected = [store.notes(song).tobytes() for (song,) in store.read(files)]
    store._index._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store._index._base.close()
    (shard,) = place.glob("*.parquet")
    whole = {file: file.read_bytes() for file in (shard, place / "index.sqlite")}
    for file, data in whole.items():
        for byte in range(0, len(data), 1 if file is shard else 11):
            if file is not shard and not data[byte]:
                continue
            for old, content in whole.items():
                old.write_bytes(content)
            for left in place.glob("index.sqlite?*"):
                left.unlink()
            file.write_bytes(data[:byte] + bytes([data[byte] ^ 1 << byte % 8]) + data[byte + 1 :])
            found: list[bytes] = []

            def read(found: list[bytes] = found) -> None:
                store = Store(place)
                found += [store.notes(song).tobytes() for (song,) in store.read(files)]
                store._index._base.close()

            if tally.refusing(read, f"{file.name}, byte {byte}"):
                tally.check(found == expected, f"{file.name}, byte {byte}: other notes")
