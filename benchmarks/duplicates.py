"""How many planted copies of songs are found, and how fast?

    python benchmarks/duplicates.py [CORPUS ...] [--songs 300] [--scale 1000 10000]

Plants changed copies of songs of each corpus beside all its songs (the built-in `folk` and `tunes`
where none is named), one kind of change at a time, and prints the share that is found and how often
its transposition and tempo are right; then how many pairs of the corpus itself lie in different
groups and bear different labels. `--scale` times made-up corpora of so many songs.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import numpy as np
from numpy.typing import NDArray

from classify.corpora import load
from classify.corpora.duplicates import DuplicatePair, find_duplicates
from classify.songs import NOTE, Song

Notes = NDArray[np.void]
Change = Callable[[Notes, np.random.Generator], Notes]


def transposed(notes: Notes, draw: np.random.Generator) -> Notes:
    """Move all but the drums by 1 to 6 semitones, up or down, as far as MIDI reaches."""
    shift = int(draw.integers(1, 7)) * int(draw.choice([-1, 1]))
    pitch = notes["pitch"].astype(int)
    tuned = pitch[~notes["drum"]]
    if len(tuned) and not 0 <= tuned.min() + shift <= tuned.max() + shift <= 127:
        shift = -shift
    notes["pitch"] = np.where(notes["drum"], pitch, pitch + shift)
    return notes


def stretched(notes: Notes, draw: np.random.Generator) -> Notes:
    """Play 0.8 to 1.25 times as slowly."""
    factor = np.exp(draw.uniform(np.log(0.8), np.log(1.25)))
    notes["onset"] *= factor
    notes["duration"] *= factor
    return notes


def louder(notes: Notes, draw: np.random.Generator) -> Notes:
    """Give every note another velocity."""
    notes["velocity"] = draw.integers(1, 128, len(notes))
    return notes


def thinned(notes: Notes, draw: np.random.Generator) -> Notes:
    """Leave out 5 % of the notes."""
    return notes[draw.random(len(notes)) >= 0.05]


def jittered(notes: Notes, draw: np.random.Generator) -> Notes:
    """Move every onset by up to 20 ms."""
    notes["onset"] = np.maximum(0, notes["onset"] + draw.uniform(-0.02, 0.02, len(notes)))
    return notes


def first_third(notes: Notes, draw: np.random.Generator) -> Notes:
    """Keep the first third of the notes."""
    return notes[: len(notes) // 3]


def quantised(notes: Notes, draw: np.random.Generator) -> Notes:
    """Put every onset on a grid of a twelfth of a second."""
    notes["onset"] = np.round(notes["onset"] * 12) / 12
    return notes


def shuffled(notes: Notes, draw: np.random.Generator) -> Notes:
    """Give the notes other instruments, as another order of the tracks would."""
    notes["program"] = draw.permutation(128)[notes["program"]]
    return notes


def all_of_it(notes: Notes, draw: np.random.Generator) -> Notes:
    """Transpose, stretch, thin and jitter."""
    for change in (transposed, stretched, thinned, jittered):
        notes = change(notes, draw)
    return notes


CHANGES: Sequence[Change] = (
    transposed, stretched, louder, thinned, jittered, quantised, shuffled, all_of_it, first_third,
)  # fmt: skip


def changed(song: Song, change: Change, draw: np.random.Generator) -> Song:
    """Give a changed copy of a song."""
    notes = change(song.notes.copy(), draw)
    return Song.of(notes[np.lexsort((notes["pitch"], notes["onset"]))], song.path)


def right(pair: DuplicatePair, songs: Sequence[Song]) -> bool:
    """Say if a pair's transposition and tempo are those of copies that keep every note."""
    a, b = (songs[place].notes for place in (pair.a, pair.b))
    low, high = (int(notes["pitch"][~notes["drum"]].max()) for notes in (a, b))
    tempo = np.ptp(a["onset"]) / np.ptp(b["onset"])
    same_tempo = abs(np.log(pair.tempo_ratio / tempo)) < 0.02
    return bool(same_tempo and pair.transposition == high - low)


def plant(songs: list[Song], n_songs: int) -> None:
    """Print the share of planted copies that is found, for each kind of change."""
    draw = np.random.default_rng(0)
    print("copy          songs   found  transposition and tempo right")
    for change in CHANGES:
        least = 90 if change is first_third else 30
        chosen = [place for place in draw.permutation(len(songs)) if songs[place].n_notes >= least]
        chosen = chosen[:n_songs]
        if not chosen:
            continue
        both = [*songs, *(changed(songs[place], change, draw) for place in chosen)]
        pairs = {(pair.a, pair.b): pair for pair in find_duplicates(both)}
        hits = [pairs.get((int(place), len(songs) + k)) for k, place in enumerate(chosen)]
        found = [pair for pair in hits if pair]
        kept = change not in (thinned, all_of_it, first_third)
        good = f"{np.mean([right(pair, both) for pair in found]):6.1%}" if kept and found else ""
        name = change.__name__.replace("_", " ")
        print(f"{name:13} {len(chosen):5}  {len(found) / len(chosen):6.1%}  {good}", flush=True)


def across(source: str, n_songs: int) -> None:
    """Print what a corpus holds twice, and what is found of copies planted in it."""
    corpus = load(source)
    start = time.process_time()
    pairs = find_duplicates(corpus.songs)
    taken = time.process_time() - start
    apart = [pair for pair in pairs if corpus.groups[pair.a] != corpus.groups[pair.b]]
    labels = [pair for pair in apart if corpus.labels[pair.a] != corpus.labels[pair.b]]
    print(
        f"\n{corpus.name}: {len(corpus.songs)} songs, {len(pairs)} pairs, {len(apart)} of them in "
        f"different groups, {len(labels)} of those under different labels; {taken:.1f} s"
    )
    plant(corpus.songs, n_songs)


def made_up(n_songs: int) -> list[Song]:
    """Make songs of 300 notes; every tenth is a transposed copy of the one before it."""
    draw = np.random.default_rng(0)
    songs: list[Song] = []
    for number in range(n_songs):
        if number % 10 == 9:
            songs.append(changed(songs[-1], transposed, draw))
            continue
        notes = np.zeros(300, NOTE)
        notes["onset"] = np.cumsum(draw.choice([0.125, 0.25, 0.5], 300))
        # Steps of a major scale, more small ones than large ones.
        walk = np.abs(np.cumsum(draw.choice([-2, -1, -1, 0, 1, 1, 2], 300)) + 40) % 80
        walk = np.minimum(walk, 80 - walk)
        notes["pitch"] = 30 + walk // 7 * 12 + np.array([0, 2, 4, 5, 7, 9, 11])[walk % 7]
        notes["velocity"] = 80
        songs.append(Song.of(notes, Path(f"{number}.mid")))
    return songs


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpora", nargs="*", default=["folk", "tunes"], metavar="CORPUS")
    parser.add_argument("--songs", type=int, default=300, help="copies planted of each kind")
    parser.add_argument("--scale", type=int, nargs="*", default=[], metavar="SONGS")
    options = parser.parse_args()
    for n_songs in options.scale:
        songs = made_up(n_songs)
        before = getrusage(RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        pairs = find_duplicates(songs)
        taken, grown = time.process_time() - start, getrusage(RUSAGE_SELF).ru_maxrss - before
        planted = sum(pair.b == pair.a + 1 and pair.b % 10 == 9 for pair in pairs)
        print(
            f"{n_songs:,} made-up songs: {taken:.1f} s, {grown / 1024:,.0f} MB more memory, "
            f"{planted:,} of {n_songs // 10:,} copies found, {len(pairs) - planted:,} other pairs"
        )
    for source in options.corpora:
        across(source, options.songs)


if __name__ == "__main__":
    main()
