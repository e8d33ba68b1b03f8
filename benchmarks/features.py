"""How many windows a second become features, for each family and in all, on one core.

Makes random windows with several voices and drums, the worst case for most features. Then lays
beside it, in the same run, the jSymbolic features of music21 on some of the same windows (without
drums, which it takes for pitches), and prints how many times as many windows and quantities a
second are had here::

    python benchmarks/features.py --windows 2000 --notes 200 --theirs 20

Reading is not counted on either side: here notes are arrays, there a stream of music21.

With `--against`, the same windows go through the code of another checkout (`git worktree add`) in
turn, and the ratio is printed, on made-up windows and on those of a folder of songs::

    python benchmarks/features.py --against ../earlier --songs FOLDER
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from classify.corpora import load
from classify.representations.features import batch, compute, listed
from classify.representations.windows import WindowSettings, cut
from classify.songs import NOTE, Song


def made_up(n_notes: int, seed: int) -> Song:
    """Make a song of chords, melody and drums on a grid of quarter beats."""
    draw = np.random.default_rng(seed)
    notes = np.zeros(n_notes, NOTE)
    notes["beat"] = np.sort(draw.integers(0, n_notes, n_notes)) / 4
    notes["onset"] = notes["beat"] / 2 + draw.uniform(0, 0.005, n_notes).cumsum() / n_notes
    notes["duration"] = draw.choice([0.1, 0.25, 0.5, 1.0], n_notes)
    notes["drum"] = draw.random(n_notes) < 0.2
    notes["pitch"] = np.where(
        notes["drum"],
        draw.choice([36, 38, 42], n_notes),
        draw.choice([0, 2, 4, 5, 7, 9, 11], n_notes) + 12 * draw.integers(3, 7, n_notes),
    )
    notes["velocity"] = draw.integers(30, 110, n_notes)
    notes["program"] = draw.choice([0, 32, 48], n_notes)
    order = np.lexsort((notes["pitch"], notes["onset"]))
    return Song.of(notes[order], Path(f"{seed}.mid"))


def seconds(function: Callable[[], object]) -> float:
    """Give the processor time of one call, the better of two."""
    taken = []
    for _ in range(2):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return min(taken)


def as_stream(song: Song) -> Any:
    """Give music21 a song's pitched notes, lengths in quarter notes at 120 bpm."""
    from music21 import note, stream

    out: stream.Stream = stream.Stream()
    for one in song.notes[~song.notes["drum"]]:
        played = note.Note(int(one["pitch"]), quarterLength=2 * float(one["duration"]))
        played.volume.velocity = int(one["velocity"])
        out.insert(float(one["beat"]), played)
    return out


def theirs(data: Any) -> int:
    """Extract every jSymbolic feature that music21 can of a window; count the quantities."""
    from music21.features import jSymbolic

    extractors: list[Any] = jSymbolic.featureExtractors
    n_quantities = 0
    for extractor in extractors:
        try:
            n_quantities += len(extractor(data).extract().vector)
        except (jSymbolic.JSymbolicFeatureException, ZeroDivisionError):
            continue  # it asks for parts or instruments that these windows do not name
    return n_quantities


def beside(songs: list[Song], ours: float) -> None:
    """Print music21's windows a second, and how many times as many `ours` are."""
    from music21.features import DataInstance

    streams = [as_stream(song) for song in songs]
    n_quantities = theirs(DataInstance(streams[0]))
    taken = seconds(lambda: [theirs(DataInstance(one)) for one in streams])
    rate = len(streams) / taken
    print(f"{'music21':14} {n_quantities:8d} {rate:10,.1f}")
    quantities = ours * len(listed()) / (rate * n_quantities)
    print(f"{ours / rate:,.0f} times as many windows a second as music21's jSymbolic features,")
    print(f"{quantities:,.0f} times as many quantities")


def some_windows(n_windows: int, n_notes: int, folder: Path | None) -> tuple[list[Song], Any, Any]:
    """Give songs, and the song and first note of each window: made up, or of a folder."""
    if folder is None:
        rows = np.arange(n_windows)
        return [made_up(n_notes, seed) for seed in range(100)], rows % 100, np.zeros_like(rows)
    songs = list(load(str(folder)).songs)
    cuts = cut(songs, WindowSettings(n_notes, n_notes))
    return songs, cuts.song[:n_windows], cuts.start[:n_windows]


def rate(n_windows: int, n_notes: int, folder: Path | None) -> float:
    """Give windows a second of processor time, from notes to features."""
    songs, song, start = some_windows(n_windows, n_notes, folder)
    for one in songs:
        one.notes  # noqa: B018 - read before the clock starts
    with threadpool_limits(1):
        compute(batch(songs, song[:50], start[:50], n_notes))
        return len(song) / seconds(lambda: compute(batch(songs, song, start, n_notes)))


def against(other: Path, n_windows: int, folder: Path | None) -> None:
    """Print windows a second of this code and of another checkout, in turn, and their ratio."""
    here = Path(__file__).resolve().parent.parent
    print("windows of            here/s   there/s   ratio (processor time, one core)")
    for kind, place in (("made up", None), ("songs", folder)):
        for n_notes in (50, 200, 800) if kind == "made up" or folder else ():
            best = dict.fromkeys((here, other), 0.0)
            for checkout in (here, other, here, other):
                command = [sys.executable, __file__, "--rate", "--notes", str(n_notes)]
                command += ["--windows", str(n_windows * 200 // n_notes)]
                command += ["--songs", str(place)] if place else []
                environment = os.environ | {"PYTHONPATH": str(checkout)}
                said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
                best[checkout] = max(best[checkout], json.loads(said.stdout))
            print(f"{n_notes:4d} notes, {kind:9} {best[here]:9,.0f} {best[other]:9,.0f}   "
                  f"{best[here] / best[other]:.2f}", flush=True)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--windows", type=int, default=2000)
    parser.add_argument("--notes", type=int, default=200)
    parser.add_argument("--theirs", type=int, default=20, help="windows that music21 measures")
    parser.add_argument("--against", type=Path, help="a checkout of an earlier commit")
    parser.add_argument("--songs", type=Path, help="a folder of songs")
    parser.add_argument("--rate", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rate:
        print(json.dumps(rate(options.windows, options.notes, options.songs)))
        return
    if options.against:
        against(options.against.resolve(), options.windows, options.songs)
        return
    songs = [made_up(options.notes, seed) for seed in range(100)]
    rows = np.arange(options.windows)
    windows = batch(songs, rows % len(songs), np.zeros_like(rows), options.notes)
    families = list(dict.fromkeys(f.family for f in listed()))
    print(f"{options.windows:,} windows of {options.notes:,} notes; processor time on one core")
    print(f"{'family':14} features  windows/s (with what it needs: events, melody, bass)")
    with threadpool_limits(1):
        for family in families:
            taken = seconds(lambda family=family: compute(windows, [family]))  # type: ignore[misc]
            n_features = len(listed([family]))
            print(f"{family:14} {n_features:8d} {options.windows / taken:10,.0f}", flush=True)
        taken = seconds(lambda: compute(windows))
        print(f"{'all':14} {len(listed()):8d} {options.windows / taken:10,.0f}", flush=True)
        beside(songs[: options.theirs], options.windows / taken)


if __name__ == "__main__":
    main()
