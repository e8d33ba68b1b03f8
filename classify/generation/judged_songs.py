"""Songs of a comparison of generators, real and new: judged and measured, one row each."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.generation import bar_measures, knobs, measures, quality
from classify.generation.judge import Judge
from classify.generation.measures import HELD_OUT, LEARNED
from classify.generation.novelty import Repertoire
from classify.generation.parts import ComparisonSettings, Parts
from classify.generation.voice_leading import parallels
from classify.progress import Progress, counting
from classify.representations import melody as melodies
from classify.songs import Song, midi

#: Folder of the new songs, one for each generator, and what that holds when it is finished.
SONGS, DONE = "songs", "songs.csv"

#: Columns of tables of songs that are no numbers.
TEXTS = ("file", "mood", "knob", "target", "failed", "judged")


def make_judge(settings: ComparisonSettings, parts: Parts, progress: Progress) -> Judge:
    """Let the judge learn."""
    progress.message(f"The judge learns from {len(parts.judged)} songs.")
    window = settings.window or parts.corpus.window or 60
    judge = Judge(settings.judge, window, settings.seed, settings.quick)
    return judge.fit(*parts.of(parts.judged))


def judge_all(
    settings: ComparisonSettings,
    parts: Parts,
    out: Path,
    failed: dict[str, str],
    judge: Judge | None,
    progress: Progress,
) -> pd.DataFrame:
    """Judge (where there is a judge) and measure all songs, real and new: rows of songs.csv."""
    tables = [_real_rows(parts)]
    for name in settings.generators:
        if name not in failed:
            rows = read_rows(out / SONGS / name / DONE)
            tables.append(rows.assign(set=name, group=[f"{name} {i}" for i in range(len(rows))]))
    table = pd.concat(tables, ignore_index=True)
    there = np.flatnonzero(table.failed == "")
    songs = [_song(parts, out, row) for row in table.iloc[there].itertuples()]
    if judge:
        _add_calls(table, there, songs, judge, progress)
    for knob in knobs.KNOBS:
        table[knob] = _at(there, np.array([knobs.KNOBS[knob](s) for s in songs]), len(table))
    led = [parallels(song) for song in songs]
    for kind in ("fifths", "octaves"):
        values = np.array([getattr(one, kind) / one.chords if one and one.chords else np.nan
                           for one in led])  # fmt: skip
        table[kind] = _at(there, values, len(table))
    filled = [bar_measures.measure(song) for song in songs]
    for name in bar_measures.TITLES:
        table[name] = _at(there, np.array([one[name] for one in filled]), len(table))
    returned = [quality.returns(song) for song in songs]
    for n_bars in quality.RETURNS:
        values = np.array([one[n_bars] for one in returned])
        table[f"returns_{n_bars}"] = _at(there, values, len(table))
    table["seconds"] = _at(there, np.array([song.seconds for song in songs]), len(table))
    return table


def read_rows(file: Path) -> pd.DataFrame:
    """Read a table with a row a song, in which a text may be empty and a number missing."""
    texts = dict.fromkeys(TEXTS, "")
    return pd.read_csv(file, dtype=dict.fromkeys(TEXTS, str)).fillna(texts)


def _add_calls(
    table: pd.DataFrame,
    there: NDArray[np.intp],
    songs: list[Song],
    judge: Judge,
    progress: Progress,
) -> None:
    """Add what the judge says of songs: probabilities of moods, and the likeliest one."""
    with counting(progress, "Judging songs", "song") as count:
        p = judge.probabilities(songs)
        count(len(songs), len(songs))
    for place, mood in enumerate(judge.classes):
        table[f"p:{mood}"] = _at(there, p[:, place], len(table))
    judged = np.full(len(table), "", dtype=object)
    judged[there] = np.array(judge.classes)[p.argmax(axis=1)]
    table["judged"] = judged


def judge_melodies(parts: Parts, judge: Judge) -> pd.DataFrame:
    """Let the judge hear the melodies of held-out songs, as generators of melodies write them."""
    heard = [
        (melodies.alone(song), mood, group)
        for song, mood, group in zip(*parts.of(parts.held_out), strict=True)
    ]
    known = [(tune, mood, group) for tune, mood, group in heard if tune]
    tunes, moods, groups = zip(*known, strict=True) if known else ((), (), ())
    judged = judge.calls(tunes) if tunes else []
    return measures.of_melodies(judged, moods, groups)


def _at(places: NDArray[np.intp], values: NDArray[np.float64], n_rows: int) -> NDArray[np.float64]:
    column = np.full(n_rows, np.nan)
    column[places] = values
    return column


def _real_rows(parts: Parts) -> pd.DataFrame:
    """Give rows of the real songs, with the longest run that held-out ones share with others."""
    learned, moods, groups = parts.of(parts.learned)
    repertoire = Repertoire.of(learned)
    held_out, held_moods, held_groups = parts.of(parts.held_out)
    frames = [
        pd.DataFrame({
            "set": LEARNED, "file": file_names(parts.learned), "mood": moods, "group": groups,
            "longest_run": repertoire.held_out_runs(groups),
        }),
        pd.DataFrame({
            "set": HELD_OUT, "file": file_names(parts.held_out), "mood": held_moods,
            "group": held_groups,
            "longest_run": [repertoire.longest_run(song) for song in held_out],
        }),
    ]  # fmt: skip
    return pd.concat(frames).assign(knob="", target="", failed="")


def file_names(places: NDArray[np.intp]) -> list[str]:
    """Name the files of real songs by their places in the corpus."""
    return [f"{place:05d}.mid" for place in places]


def _song(parts: Parts, out: Path, row: Any) -> Song:
    if row.set in (LEARNED, HELD_OUT):
        return parts.corpus.songs[int(Path(row.file).stem)]
    return midi.read(out / SONGS / row.set / row.file)


def songs_by_set(parts: Parts, out: Path, table: pd.DataFrame) -> dict[str, list[Song]]:
    """Give the songs of each set that were asked for a mood, or are real."""
    chosen = table[(table.failed == "") & (table.knob == "")]
    return {
        str(name): [_song(parts, out, row) for row in rows.itertuples()]
        for name, rows in chosen.groupby("set", sort=False)
    }
