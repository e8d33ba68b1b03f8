"""Which copies are caught, and how they can be hidden.

    python benchmarks/copies.py CORPUS [CORPUS ...] [-n 100]

A corpus is divided in halves by group, as generators and held-out songs are. The first half is what
was learned from, and its limit what a new song may share. Songs of it are then disguised in many
ways; a copy is caught if its melody shares a longer run of notes than the limit. Last come the real
songs of the other half, which are no copies: at most a few in a hundred should exceed the limit.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classify.corpora import duplicates, load
from classify.evaluation import splits
from classify.generation.generators.copy import Copy
from classify.generation.novelty import Repertoire
from classify.generation.request import Request
from classify.songs import Song

Disguise = Callable[[Song, np.random.Generator], Song]


def with_notes(song: Song, notes: NDArray[np.void]) -> Song:
    """Give a song other notes."""
    ordered = np.sort(notes, order=["beat", "pitch"])
    return replace(song, fetch=lambda: ordered, n_notes=len(ordered))


def transposed(song: Song, random: np.random.Generator) -> Song:
    """Move a song by up to half an octave."""
    notes = song.notes.copy()
    shift = int(random.integers(-6, 7))
    notes["pitch"] = np.clip(notes["pitch"].astype(int) + shift, 0, 127)
    return with_notes(song, notes)


def late(song: Song, random: np.random.Generator) -> Song:
    """Begin each note up to a 16th of a quarter note early or late, as players do."""
    notes = song.notes.copy()
    notes["beat"] += random.uniform(-1 / 16, 1 / 16, len(notes))
    notes["beat"] -= min(0, notes["beat"].min())
    return with_notes(song, notes)


def stretched(song: Song, random: np.random.Generator) -> Song:
    """Play a song slower by a tenth, under a tempo that stays as it was."""
    notes = song.notes.copy()
    for name in ("onset", "duration", "beat"):
        notes[name] *= 1.1
    return with_notes(song, notes)


def changed(every: int) -> Disguise:
    """Give what moves every so many notes by a step."""

    def change(song: Song, random: np.random.Generator) -> Song:
        notes = song.notes.copy()
        notes["pitch"][::every] = np.clip(notes["pitch"][::every].astype(int) + 1, 0, 127)
        return with_notes(song, notes)

    return change


def cut(song: Song, random: np.random.Generator) -> Song:
    """Keep the middle third."""
    n_notes = len(song.notes)
    return with_notes(song, song.notes[n_notes // 3 : 2 * n_notes // 3])


def beneath(song: Song, random: np.random.Generator) -> Song:
    """Put a held note above everything, once a bar of four quarter notes."""
    notes = song.notes
    first = np.searchsorted(notes["beat"], np.arange(0, notes["beat"].max(), 4.0))
    above = notes[np.clip(first, 0, len(notes) - 1)].copy()
    above["pitch"], above["beat"] = 120, np.round(above["beat"])
    return with_notes(song, np.concatenate([notes, above]))


DISGUISES: dict[str, Disguise] = {
    "as it is": lambda song, random: song,
    "in another key": transposed,
    "its middle third": cut,
    "notes up to a 16th of a beat early or late": late,
    "played slower by a tenth, same tempo mark": stretched,
    "every 16th note a semitone higher": changed(16),
    "every 8th note a semitone higher": changed(8),
    "every 4th note a semitone higher": changed(4),
    "beneath a high note in each bar": beneath,
}


def measure(name: str, n_songs: int) -> None:
    """Print how many of so many copies are caught, by disguise."""
    corpus = load(name)
    corpus = duplicates.with_merged_groups(corpus, duplicates.find_duplicates(corpus.songs))
    first = splits.folds(corpus.labels, corpus.groups, 2, 0)[0]
    songs = [s for s, own in zip(corpus.songs, first, strict=True) if own]
    groups = [g for g, own in zip(corpus.groups, first, strict=True) if own]
    others = [s for s, own in zip(corpus.songs, first, strict=True) if not own]
    known = Repertoire.of(songs)
    limit, random = known.limit(groups), np.random.default_rng(0)
    print(f"{name}: {len(songs)} songs, at most {limit} notes shared")
    copy = Copy().fit(songs, groups=groups)
    runs = [known.longest_run(copy.generate(Request(), seed)) for seed in range(n_songs)]
    print(f"  {'by the generator copy':45} {np.sum(np.array(runs) > limit):4} of {n_songs}")
    chosen = random.choice(len(songs), n_songs, replace=len(songs) < n_songs)
    for title, disguise in DISGUISES.items():
        runs = [known.longest_run(disguise(songs[i], random)) for i in chosen]
        print(f"  {title:45} {np.sum(np.array(runs) > limit):4} of {n_songs}")
    runs = [known.longest_run(song) for song in others]
    beyond = np.sum(np.array(runs) > limit)
    print(f"  {'real songs of the other half, no copies':45} {beyond:4} of {len(others)}")


def main() -> None:
    """Measure all corpora that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("corpora", nargs="+", metavar="CORPUS")
    parser.add_argument("-n", type=int, default=100, help="copies of each kind")
    args = parser.parse_args()
    for name in args.corpora:
        measure(name, args.n)


if __name__ == "__main__":
    main()
