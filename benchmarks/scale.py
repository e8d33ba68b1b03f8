"""Does a library of 100,000 songs fit? Time, memory, and what a killed reading leaves.

    python benchmarks/scale.py [--songs 100000] [--from FOLDER]

Makes distinct MIDI files (transposed and time-shifted copies of those of a folder, or of the
built-in corpus `folk`), then reads, stores and segments 5,000 of them and all of them, each in a
program of its own; prints files a second and the peak memory of any process. Then all are read
once more into another store, killed (SIGKILL) half-way and started again; both stores must be the
same, row for row.
"""

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import symusic

from classify.corpora import builtin
from classify.corpora.store import Store
from classify.songs.formats import File

#: What the smaller reading is compared with.
FEW = 5_000


def copies(paths: Sequence[Path], n_copies: int, folder: Path) -> list[Path]:
    """Write distinct copies of MIDI files, transposed and shifted in time, 1,000 to a folder."""
    scores = [symusic.Score(path) for path in paths]
    written = []
    for number in range(n_copies):
        turn, which = divmod(number, len(scores))
        path = folder / f"{number // 1000:04d}" / f"{number:07d}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = scores[which].shift_time(turn // 12 + 1)
        for track in copy.tracks:
            if not track.is_drum:
                for note in track.notes:
                    note.pitch = min(127, max(0, note.pitch + turn % 12 - 6))
        copy.dump_midi(str(path))
        written.append(path)
    return written


def work(folder: Path, place: Path, n_songs: int) -> None:
    """Read, store and segment the first songs of a folder; print what it took as JSON."""
    from classify.representations.windows import WindowSettings, cut

    paths = [str(p) for p in sorted(folder.rglob("*.mid"))[:n_songs]]
    begun = time.perf_counter()
    store = Store(place)
    held = [songs[0] for songs in store.read([File(path) for path in paths])]
    read = time.perf_counter()
    songs = [
        store.song(song, Path(path), path)
        for song, path in zip(held, paths, strict=True)
        if not song.reason
    ]
    windows = cut(songs, WindowSettings(48, 48))
    cells = sum(int(block.size) for _, block in windows.blocks())
    done = time.perf_counter()
    print(json.dumps({
        "read": len(paths) / (read - begun), "all": len(paths) / (done - begun),
        "songs": len(songs), "windows": len(windows), "cells": cells,
    }))  # fmt: skip


def measured(folder: Path, place: Path, n_songs: int) -> dict[str, Any]:
    """Do `work` in a program of its own; add the peak memory of any of its processes, in bytes."""
    return measured_command(
        [sys.executable, __file__, "--work", str(folder), str(place), str(n_songs)]
    )


def measured_command(command: list[str]) -> dict[str, Any]:
    """Run a command that prints JSON; add the peak memory of any of its processes, in bytes."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0]

    def watch() -> None:
        while process.poll() is None:
            peak[0] = max([peak[0], *map(_peak, _family(process.pid))])
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    return json.loads(out) | {"peak": peak[0]}


def _family(pid: int) -> list[int]:
    """Give a process and all that it has started, directly or not (Linux)."""
    found = [pid]
    for one in found:
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in tasks.read_text().split()]
            except OSError:
                continue
    return found


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def killed_half_way(folder: Path, place: Path, n_songs: int) -> None:
    """Begin `work`, and kill it when half of the songs are in the store."""
    command = [sys.executable, __file__, "--work", str(folder), str(place), str(n_songs)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and _n_known(place) < n_songs // 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    print(f"killed with {_n_known(place):,} of {n_songs:,} songs in the store")


def _n_known(place: Path) -> int:
    try:
        with sqlite3.connect(f"file:{place / 'index.sqlite'}?mode=ro", uri=True) as index:
            return int(index.execute("SELECT count(*) FROM songs").fetchone()[0])
    except sqlite3.Error:
        return 0


def content(place: Path) -> str:
    """Hash of all that a store holds: its Parquet files byte for byte, its index row for row."""
    digest = blake2b()
    for path in sorted(place.glob("*.parquet")):
        digest.update(path.name.encode() + path.read_bytes())
    with sqlite3.connect(place / "index.sqlite") as index:
        for row in index.execute("SELECT * FROM songs"):
            digest.update(repr(row).encode())
        for row in index.execute("SELECT folder, name, size, changed, moved, digest FROM files"):
            digest.update(repr(row).encode())
    return digest.hexdigest()


def main() -> None:
    """Run the benchmark."""
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=100_000)
    parser.add_argument("--from", type=Path, dest="source", metavar="FOLDER")
    options = parser.parse_args()
    source = options.source or builtin.prepare(builtin.CORPORA["folk"], lambda *_: None)
    with tempfile.TemporaryDirectory() as place:
        songs, stores = Path(place) / "songs", Path(place)
        print(f"writing {options.songs:,} distinct files", flush=True)
        copies(sorted(source.rglob("*.mid")), options.songs, songs)
        time.sleep(2.5)  # a file as young as that is not trusted to stay as it is
        found = {}
        for n_songs in (FEW, options.songs):
            found[n_songs] = measured(songs, stores / f"store-{n_songs}", n_songs)
            print(f"{n_songs:,} songs: read and stored {found[n_songs]['read']:,.0f} files/s, with "
                  f"{found[n_songs]['windows']:,} windows {found[n_songs]['all']:,.0f} files/s, "
                  f"peak {found[n_songs]['peak'] / 1e9:.2f} GB a process", flush=True)  # fmt: skip
        for what in ("read", "all"):
            ratio = found[options.songs][what] / found[FEW][what]
            print(f"{what}: {ratio:.2f} x the files/s of {FEW:,} (wanted: 0.8)")
        killed_half_way(songs, stores / "killed", options.songs)
        measured(songs, stores / "killed", options.songs)
        same = content(stores / "killed") == content(stores / f"store-{options.songs}")
        print(f"killed and started again: {'the same store' if same else 'ANOTHER STORE'}")
        again = measured(songs, stores / "killed", options.songs)
        print(f"a second reading, with nothing new: {again['read']:,.0f} files/s")
        shutil.rmtree(stores / "killed")
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
