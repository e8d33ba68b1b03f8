"""How well generators that write voices know songs that nobody learned from, in nats.

Two protocols, never to be mixed: *a note*, everything else being known, which all of them have; and
*a frame*, a step in all voices, when the frames of a song become known in random order (Huang et
al. 2017, section 4), which only a network has that can leave out what is not known. Of each song
some places are looked at; all are as likely, so that the mean is that of all. What is known of a
note that is held differs: its pitch where voices sound step by step, only that it is held where
they hold. So nats a note of networks of the two kinds are not to be compared.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.evaluation.intervals import estimate
from classify.generation.measures import Row, as_table
from classify.generation.networks.voice_generator import VoiceGenerator
from classify.generation.networks.voice_songs import VoiceSong
from classify.representations.voices import Voices
from classify.songs import Song

#: Notes and frames of each song that are looked at.
NOTES, FRAMES = 24, 12

#: The table of a generator's folder.
FILE = "voices.csv"

#: What the two are called in a table of measures.
OF_NOTE, OF_FRAME = "nats a note", "nats a frame"


def measure_songs(
    generator: VoiceGenerator, songs: Sequence[Song], groups: Sequence[str], seed: int = 0
) -> pd.DataFrame:
    """Measure songs one by one.

    Parameters
    ----------
    generator : VoiceGenerator
        That has learned from none of them.
    songs, groups : sequences of Song and str
        Those with pitches that it has not learned are left out.
    seed : int
        Of what is looked at.

    Returns
    -------
    DataFrame
        A row a song: `song`, its number, `group`, and means of `OF_NOTE` and `OF_FRAME`.
    """
    rows = []
    for number, (song, group) in enumerate(zip(songs, groups, strict=True)):
        if not (~song.notes["drum"]).any():
            continue
        known = generator.classes_of(Voices.of(song, generator.n_voices))
        if known.classes.max() < generator.n_classes and known.classes.min() >= 0:
            random = np.random.default_rng((seed, number))
            nats = {OF_NOTE: note_nats(generator, known, random).mean()}
            if generator.HIDES:
                nats[OF_FRAME] = frame_nats(generator, known, random).mean()
            rows.append({"song": number, "group": group, **nats})
    return pd.DataFrame(rows, columns=["song", "group", OF_NOTE, OF_FRAME])


def write(
    generator: VoiceGenerator, songs: Sequence[Song], groups: Sequence[str], folder: Path, seed: int
) -> None:
    """Measure songs, and write the table into a folder."""
    measure_songs(generator, songs, groups, seed).to_csv(folder / FILE, index=False)


def measure(folders: Mapping[str, Path], seed: int = 0) -> pd.DataFrame:
    """Summarise the tables that `write` left in the folders of generators, by their names."""
    files = {name: folder / FILE for name, folder in folders.items()}
    return summarise({n: pd.read_csv(file) for n, file in files.items() if file.is_file()}, seed)


def note_nats(
    generator: VoiceGenerator, song: VoiceSong, random: np.random.Generator, most: int = NOTES
) -> NDArray[np.float64]:
    """Give nats of some places of a song, each given all others."""
    places = random.choice(song.classes.size, min(most, song.classes.size), replace=False)
    found = []
    for step, voice in zip(*np.unravel_index(places, song.classes.shape), strict=True):
        known = np.ones(song.classes.shape, bool)
        known[step, voice] = False
        found.append(generator.nats(song, known, int(step), int(voice)))
    return np.array(found)


def frame_nats(
    generator: VoiceGenerator, song: VoiceSong, random: np.random.Generator, most: int = FRAMES
) -> NDArray[np.float64]:
    """Give nats of some frames of a song, of which a random share of the others is known."""
    order, found = random.permutation(len(song.classes)), []
    known = np.zeros(song.classes.shape, bool)
    looked_at = set(random.choice(len(order), min(most, len(order)), replace=False).tolist())
    for place, step in enumerate(order.tolist()):
        if place in looked_at:
            total = 0.0
            for voice in random.permutation(song.classes.shape[1]).tolist():
                total += generator.nats(song, known, step, voice)
                known[step, voice] = True
            found.append(total)
        known[step] = True
    return np.array(found)


def summarise(tables: Mapping[str, pd.DataFrame], seed: int = 0) -> pd.DataFrame:
    """Summarise tables of several generators, with intervals over groups of songs.

    Returns
    -------
    DataFrame
        Columns as `classify.generation.measures.measure` gives them; the measure is `voices`.
    """
    rows: list[Row] = []
    for name, table in tables.items():
        for of in (OF_NOTE, OF_FRAME):
            there = table[table[of].notna()]
            if len(there):
                e = estimate(there[of].to_numpy(float), there.group.astype(str).tolist(), seed)
                rows.append((name, "voices", of, e, len(there)))
    return as_table(rows)
