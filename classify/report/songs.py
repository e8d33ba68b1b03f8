"""Song by song: where the best model is most confidently wrong, and where every model is.

Over repeats, a song's probabilities are the mean of those of its repeats, after each was tempered
by the temperature of its own fold; its answer is the class with the highest. Where a model could
not be calibrated, probabilities stand as the model gave them, and the report says so.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classify.experiments import results
from classify.presentation.figures import BLUE, GREY, ORANGE, Drawings
from classify.report.changes import own_songs, read_beside
from classify.report.view import Row, View

EXCERPTS = "excerpts.parquet"

#: Rows of the report's table, and of its list of songs that all models got wrong.
MOST = 24

#: Length of an excerpt, seconds.
SECONDS = 30

NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]


@dataclass(frozen=True)
class Song:
    """One song and the best model's answer.

    Parameters
    ----------
    name, label, answer : str
        The song, its class, and what the model answers.
    confidence, p_true : float
        Probability of the answer and of the class.
    right, times : int
        In how many of how many repeats the answer was right.
    roll : str
        Name of its picture; empty if there is none.
    notes : str
        What the picture shows, in words.
    """

    name: str
    label: str
    answer: str
    confidence: float
    p_true: float
    right: int
    times: int
    roll: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Doubtful:
    """A song that all models got wrong, and what most of them answer instead."""

    name: str
    label: str
    answer: str
    votes: int


@dataclass(frozen=True, eq=False)
class Songs:
    """What the section shows.

    Parameters
    ----------
    best : Row
        The best model.
    calibrated : bool
        Whether its probabilities could be tempered.
    wrong : list of Song
        Songs that it answers wrongly, the most confident first; at most `MOST`.
    n_wrong, n_songs : int
        How many there are in all, and how many songs were tested.
    doubtful : list of Doubtful
        Songs that every model got wrong, those with the most agreement first; at most `MOST`.
    n_doubtful, n_models : int
        How many such songs there are, and how many models were asked.
    excerpts : dict of str to DataFrame
        Notes of each picture.
    """

    best: Row
    calibrated: bool
    wrong: list[Song]
    n_wrong: int
    n_songs: int
    doubtful: list[Doubtful]
    n_doubtful: int
    n_models: int
    excerpts: dict[str, pd.DataFrame]


def read(view: View) -> Songs | None:
    """Order songs by how confidently the best model is wrong.

    Returns
    -------
    Songs or None
        None if no model was scored.

    Raises
    ------
    InputError
        If excerpts.parquet is damaged.
    """
    if not view.contenders:
        return None
    own = own_songs(view)
    best = view.contenders[0]
    rows = own[own.model == best.name]
    every = of_model(rows, view.classes)
    wrong = every[every.answer != every.label]
    wrong = wrong.sort_values(["confidence", "song"], ascending=[False, True], kind="stable")
    songs, excerpts = _with_rolls(wrong.head(MOST), read_beside(view, EXCERPTS))
    doubtful = _doubtful(own, [row.name for row in view.contenders])
    return Songs(
        best,
        bool(rows.temperature.notna().any()),
        songs,
        len(wrong),
        len(every),
        doubtful[:MOST],
        len(doubtful),
        len(view.contenders),
        excerpts,
    )


def of_model(rows: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Sum up one model's answers to each song over the repeats.

    Parameters
    ----------
    rows : DataFrame
        Its rows of predictions.parquet for songs of the test part.
    classes : list of str
        In the order of the columns of probabilities.

    Returns
    -------
    DataFrame
        Columns song, group, label, answer, confidence, p_true, right, repeats; a row a song.
    """
    p_columns = [results.P + name for name in classes]
    p = results.calibrated_or_raw(rows)
    rows = rows.assign(right=rows.answer == rows.label)
    rows[p_columns] = p
    by_song = rows.groupby("song", sort=False)
    p = by_song[p_columns].mean().to_numpy()
    songs = by_song.agg(
        group=("group", "first"),
        label=("label", "first"),
        right=("right", "sum"),
        repeats=("right", "size"),
    ).reset_index()
    place = np.searchsorted(classes, songs.label)
    return songs.assign(
        answer=np.array(classes, dtype=object)[p.argmax(axis=1)],
        confidence=p.max(axis=1),
        p_true=p[np.arange(len(p)), place],
    )


def _with_rolls(
    wrong: pd.DataFrame, notes: pd.DataFrame | None
) -> tuple[list[Song], dict[str, pd.DataFrame]]:
    """Give each song the picture of its excerpt, where there is one."""
    songs, excerpts = [], {}
    by_song = {} if notes is None else dict(iter(notes.groupby("song")))
    for rank, row in enumerate(wrong.itertuples(), 1):
        own = by_song.get(row.song)
        name = "" if own is None else f"roll-{rank:02d}"
        if own is not None:
            excerpts[name] = own
        facts = (row.song, row.label, row.answer, row.confidence, row.p_true)
        songs.append(Song(*facts, row.right, row.repeats, name, _in_words(own)))
    return songs, excerpts


def _in_words(notes: pd.DataFrame | None) -> str:
    """Describe a piano roll for whoever cannot see it."""
    if notes is None:
        return ""
    drums, pitched = notes[notes.drum], notes[~notes.drum]
    parts = []
    if len(pitched):
        low, high = pitch_name(pitched.pitch.min()), pitch_name(pitched.pitch.max())
        parts.append(f"{len(pitched)} notes from {low} to {high}")
    if len(drums):
        parts.append(f"{len(drums)} drum strokes")
    return " and ".join(parts)


def pitch_name(pitch: int) -> str:
    """Name a MIDI pitch, 0-127, with 60 as C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def _doubtful(own: pd.DataFrame, names: list[str]) -> list[Doubtful]:
    """List songs that every model got wrong each time, those with the most agreement first."""
    if len(names) < 2:
        return []
    rows = own[own.model.isin(names)]
    never = ~(rows.answer == rows.label).groupby(rows.song).any()
    rows = rows[rows.song.isin(never.index[never])]
    found = []
    for name, asked in rows.groupby("song"):
        usual = asked.groupby("model").answer.agg(lambda given: given.mode()[0]).value_counts()
        answer = min(usual.index[usual == usual.max()])
        found.append(Doubtful(str(name), asked.label.iloc[0], answer, int(usual.max())))
    return sorted(found, key=lambda song: (-song.votes, song.name))


def full_table(view: View) -> pd.DataFrame:
    """Give every test song with every model's answer, the most confidently wrong first.

    Returns
    -------
    DataFrame
        song, group, label; answer, confidence, p_true, right and repeats of the best model;
        models_wrong, how many models got it wrong each time; and `answer:<model>` for each model,
        the majority class too.
    """
    own = own_songs(view)
    best, *_ = view.contenders or view.scored
    table = of_model(own[own.model == best.name], view.classes)
    contenders = own[own.model.isin([row.name for row in view.contenders])]
    ever = (contenders.answer == contenders.label).groupby([contenders.song, contenders.model])
    wrong = (~ever.any()).groupby("song").sum()
    table["models_wrong"] = table.song.map(wrong).fillna(0).astype(int)
    for row in view.scored:
        answers = of_model(own[own.model == row.name], view.classes).set_index("song").answer
        table[f"answer:{row.name}"] = table.song.map(answers)
    table["is_right"] = table.answer == table.label
    table["order"] = np.where(table.is_right, table.confidence, -table.confidence)
    table = table.sort_values(["is_right", "order", "song"], kind="stable")
    first = ["song", "group", "label", "answer", "confidence", "p_true", "right", "repeats"]
    rest = [c for c in table if c.startswith("answer:")]
    return table[[*first, "models_wrong", *rest]]


def drawings(view: View, content: Songs | None) -> Drawings:
    """Give the piano rolls, `roll-01` onwards."""
    if not content:
        return {}
    return {name: partial(_roll, notes) for name, notes in content.excerpts.items()}


def _roll(notes: pd.DataFrame) -> Figure:
    """Draw notes as dashes by pitch, and drum strokes as ticks in a strip below.

    Notes are drawn as pixels, so that a song with thousands of them weighs no more than another.
    """
    figure = Figure(figsize=(2.6, 0.9), dpi=150)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[5, 1])
    figure.subplots_adjust(hspace=0.08)
    pitched, drums = notes[~notes.drum], notes[notes.drum]
    ends = (pitched.onset + pitched.duration).clip(upper=SECONDS)
    _dashes(above, BLUE, 1.2, (pitched.onset, ends), (pitched.pitch, pitched.pitch))
    _dashes(below, ORANGE, 0.6, (drums.onset, drums.onset), (0 * drums.onset, 0 * drums.onset + 1))
    low, high = (pitched.pitch.min(), pitched.pitch.max()) if len(pitched) else (48, 72)
    middle, reach = (low + high) / 2, max(12.0, (high - low) / 2 + 1)
    above.set_ylim(middle - reach, middle + reach)
    octaves = [c for c in range(0, 128, 12) if abs(c - middle) <= reach]
    above.set_yticks(octaves, [pitch_name(c) for c in octaves], fontsize=6)
    below.set_ylim(0, 1)
    below.set_yticks([0.5], ["drums"], fontsize=6)
    below.set_xlim(0, SECONDS)
    below.set_xticks([0, 10, 20, 30], ["0", "10", "20", "30 s"], fontsize=6)
    above.grid(axis="y", color="#e5e7eb", lw=0.6)
    above.tick_params(length=0, pad=2, colors=GREY)
    below.tick_params(length=0, pad=2, colors=GREY)
    for axes in (above, below):
        axes.spines[:].set_visible(False)
    below.spines["top"].set_visible(True)
    return figure


def _dashes(
    axes: Axes, colour: str, width: float, x: tuple[pd.Series, ...], y: tuple[pd.Series, ...]
) -> None:
    """Draw a dash from (x[0], y[0]) to (x[1], y[1]) for each note, all as one broken line."""
    gap = np.full(len(x[0]), np.nan)
    ends = [np.column_stack([*pair, gap]).ravel() for pair in (x, y)]
    axes.plot(*ends, color=colour, lw=width, solid_capstyle="butt", rasterized=True)
