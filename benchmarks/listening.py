"""Ten songs of each generator by numbers that an ear would notice, beside real songs.

    python benchmarks/listening.py CORPUS MODEL [MODEL ...] [-n 10]

MODEL is a folder that `classify train CORPUS --model GENERATOR` wrote, which is asked for songs of
30 seconds, or a generator's songs in a comparison (RUN/songs/GENERATOR), of which those asked for
each class in turn are taken. These and real songs, drawn from the corpus, are cut at 30 seconds.
Medians, and in brackets the most extreme song.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from classify.corpora import load
from classify.errors import InputError
from classify.generation import knobs, quality
from classify.generation.judged_songs import DONE, read_rows
from classify.generation.request import Request
from classify.inference import saved_generator
from classify.representations import melody as melodies
from classify.representations.features.key import MAJOR_SCALE, MINOR_SCALE, key_of
from classify.songs import Song, midi

SECONDS = 30.0


def tune(song: Song) -> np.ndarray:
    """Give the pitches of the skyline, rests left out."""
    melody = melodies.encode(song)
    pitch = np.array(melody.pitch if melody else [])
    return pitch[pitch != melodies.REST]


def in_key(song: Song) -> float:
    """Share of notes in the scale of the song's own key; the raised seventh counts in minor."""
    tonic, minor = key_of(song.notes) or (0, False)
    scale = MINOR_SCALE | (np.arange(12) == 11) if minor else MAJOR_SCALE
    notes = song.notes[~song.notes["drum"]]
    return float(scale[(notes["pitch"].astype(int) - tonic) % 12].mean())


def leap(song: Song) -> float:
    """Semitones of the largest step of the skyline."""
    return float(np.abs(np.diff(tune(song))).max(initial=0))


def leaps(song: Song) -> float:
    """Share of the skyline's steps beyond an octave."""
    steps = np.abs(np.diff(tune(song)))
    return float((steps > 12).mean()) if len(steps) else 0.0


def repeats(song: Song) -> float:
    """Most times that the skyline has a pitch in a row."""
    change = np.flatnonzero(np.diff(tune(song)) != 0)
    return float(np.diff(np.concatenate([[-1], change, [len(tune(song)) - 1]])).max())


def silence(song: Song) -> float:
    """Seconds of the longest silence, before the first note included."""
    notes = song.notes
    ends = np.maximum.accumulate(notes["onset"] + notes["duration"])
    return float(max((notes["onset"][1:] - ends[:-1]).max(initial=0), notes["onset"][0], 0))


def at_once(song: Song) -> float:
    """Count the notes that sound at a time, as a mean over the song."""
    return float(song.notes["duration"].sum() / song.seconds)


def returns(song: Song) -> float:
    """Share of bars that come back four bars later."""
    return float(np.nan_to_num(quality.returns(song)[4]))


MEASURES: dict[str, Callable[[Song], float]] = {
    "tempo": knobs.tempo,
    "notes a second": knobs.density,
    "lowest": lambda song: float(song.notes["pitch"].min()),
    "highest": lambda song: float(song.notes["pitch"].max()),
    "notes in key": in_key,
    "notes at once": at_once,
    "largest leap": leap,
    "leaps > octave": leaps,
    "pitch repeats": repeats,
    "longest silence": silence,
    "longest note": lambda song: float(song.notes["duration"].max()),
    "bars back": returns,
}


def show(title: str, songs: Sequence[Song]) -> None:
    """Print a line."""
    cells = []
    for function in MEASURES.values():
        values = np.array([function(song) for song in songs])
        middle = float(np.median(values))
        farthest = values[np.abs(values - middle).argmax()]
        cells.append(f"{middle:.3g} ({farthest:.3g})")
    print(f"| {title} | {' | '.join(cells)} |", flush=True)


def beginning(song: Song) -> Song:
    """Cut a song at 30 seconds."""
    notes = song.notes[song.notes["onset"] < SECONDS].copy()
    notes["duration"] = np.minimum(notes["duration"], SECONDS - notes["onset"])
    cut = Song.of(notes, song.path, song.title)
    return replace(cut, tempi=song.tempi, metres=song.metres)


def main() -> None:
    """Measure all models that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("-n", type=int, default=10, help="songs of each")
    args = parser.parse_args()
    songs = load(args.corpus, labelled=False).songs
    chosen = np.random.default_rng(0).choice(len(songs), min(100, len(songs)), replace=False)
    print(f"| | {' | '.join(MEASURES)} |\n|---|{'---|' * len(MEASURES)}")
    show("real songs", [beginning(songs[place]) for place in chosen])
    for model in args.models:
        name, made = compared(model, args.n) if (model / DONE).is_file() else asked(model, args.n)
        if made:
            show(name, made)


def asked(model: Path, n: int) -> tuple[str, list[Song]]:
    """Ask a generator for songs."""
    saved, made = saved_generator.load(model), []
    for seed in range(n):
        try:
            made.append(saved.generator.generate(Request(seconds=SECONDS), seed))
        except InputError as error:
            print(f"{saved.about.name}, seed {seed}: {error}")
    return saved.about.name, made


def compared(folder: Path, n: int) -> tuple[str, list[Song]]:
    """Read songs that a generator wrote in a comparison, those of each class in turn."""
    table = read_rows(folder / DONE)
    table = table[(table.knob == "") & (table.failed == "")]
    turn = table.groupby("mood").cumcount().sort_values(kind="stable").index
    return folder.name, [beginning(midi.read(folder / file)) for file in table.file[turn][:n]]


if __name__ == "__main__":
    main()
