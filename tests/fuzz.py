"""Mutations of valid songs through the whole reader: `python -m tests.fuzz 20000`.

Whatever is in a file, it must end as songs or as a line of the problem list that says why not; the
reader may not crash, hang or lose a file. Prints what came of the mutations, and fails if one of
these did happen; the files that did it are kept.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from classify.corpora.store import Store, StoredSong
from classify.songs import midi
from classify.songs.formats import File
from tests.midi_odd.make import END, FILES, NOTE, smf, tempo
from tests.songs.scores import ABC, KERN, MUSICXML

#: One mutation in so many is one of a score; music21 takes fifty times as long as a MIDI file.
SCORES_EVERY = 20
SCORES = (".musicxml", ".abc", ".krn")


def seeds() -> tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]:
    """Valid files to begin with: MIDI, and scores; each an ending and its bytes."""
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.mid"
        midi.write(
            path, np.arange(60) / 2, np.full(60, 0.4), 60 + np.cumsum(draw.choice([-2, 1], 60))
        )
        walk = path.read_bytes()
    lyric = smf(tempo(400_000) + b"\x00\xff\x05\x05Hello" + NOTE * 30 + END, NOTE * 20 + END)
    sysex = smf(b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7" + (b"\x00\xb0\x07\x64" + NOTE) * 20 + END)
    songs = [(".mid", data) for data in (walk, lyric, sysex, FILES["smpte-25.mid"])]
    songs += [(".rmi", FILES["riff.rmi"]), (".kar", FILES["karaoke.kar"])]
    scores = [(".musicxml", MUSICXML), (".abc", ABC), (".krn", KERN)]
    return songs, [(ending, text.encode()) for ending, text in scores]


def mutated(data: bytes, other: bytes, draw: np.random.Generator) -> bytes:
    """Damage a file in one to four ways."""
    body = bytearray(data)
    for _ in range(draw.integers(1, 5)):
        if len(body) < 2:
            break
        place, length = int(draw.integers(len(body))), int(draw.integers(1, 9))
        piece = body[place : place + length]
        match draw.integers(8):
            case 0:
                body[place] ^= 1 << int(draw.integers(8))
            case 1:
                body[place] = int(draw.choice([0, 1, 0x7F, 0x80, 0x90, 0xF0, 0xF7, 0xFF]))
            case 2:
                del body[place : place + length]
            case 3:
                body[place:place] = piece * int(draw.integers(1, 40))
            case 4:
                body[place:place] = draw.integers(0, 256, length).astype(np.uint8).tobytes()
            case 5:
                body[place : place + length] = bytes([0xFF]) * len(piece)
            case 6:
                del body[place:]
            case 7:
                body[place:] = other[int(draw.integers(len(other))) :]
    return bytes(body)


def mutants(n_files: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield so many mutations, each an ending and its bytes."""
    songs, scores = seeds()
    draw = np.random.default_rng(seed)
    for number in range(n_files):
        own = scores if number % SCORES_EVERY == 0 else songs
        ending, data = own[draw.integers(len(own))]
        yield ending, mutated(data, own[draw.integers(len(own))][1], draw)


@dataclass
class Outcome:
    """What came of a number of mutations."""

    kinds: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[str, Path]] = field(default_factory=list)  # what happened, and at which file


def fuzz(n_files: int, seed: int, folder: Path) -> Outcome:
    """Write mutations to a folder and read them, as a library is read."""
    paths = []
    (folder / "songs").mkdir()
    for number, (ending, data) in enumerate(mutants(n_files, seed)):
        paths.append(folder / "songs" / f"{number:06d}{ending}")
        paths[-1].write_bytes(data)
    store = Store(folder / "store")
    found = store.read([File(str(path)) for path in paths])
    outcome = Outcome()
    for path, songs in zip(paths, found, strict=True):
        kind = _kind(store, songs, path.suffix in SCORES)
        outcome.kinds[kind] += 1
        if kind.isupper():
            outcome.bad.append((kind, path))
    return outcome


def _kind(store: Store, songs: list[StoredSong], is_score: bool) -> str:
    """Say in a word what became of a file; in capitals what must not happen.

    music21 loops on some texts, which is why it works under a limit. No MIDI file may take long.
    """
    if not songs:
        return "VANISHED"
    for song in songs:
        if song.reason:
            if "makes the reader" in song.reason or "the reader was ended" in song.reason:
                return "CRASH"
            if "takes longer" in song.reason:
                return "stopped at the limit" if is_score else "HANG"
            continue
        notes = store.notes(song)
        times = np.concatenate([notes["onset"], notes["duration"]])
        if not len(notes) or not np.isfinite(times).all() or times.min() < 0:
            return "NO MUSIC"
        if max(notes["pitch"].max(), notes["velocity"].max()) > 127:
            return "NO MUSIC"
    if all(song.reason for song in songs):
        return "refused"
    return "repaired" if any(song.repaired for song in songs) else "read"


def main() -> None:
    """Fuzz as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mutations", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        outcome = fuzz(options.mutations, options.seed, Path(folder))
        took = time.perf_counter() - begun
        for kind, path in outcome.bad:
            options.keep.mkdir(exist_ok=True)
            shutil.copy(path, options.keep / f"{kind.lower().replace(' ', '-')}-{path.name}")
    counts = ", ".join(f"{count:,} {kind}" for kind, count in outcome.kinds.most_common())
    print(f"{options.mutations:,} mutations in {took:.0f} s: {counts}")
    print(f"crashes, hangs, files that vanished, songs that are no music: {len(outcome.bad)}")
    sys.exit(1 if outcome.bad else 0)


if __name__ == "__main__":
    main()
