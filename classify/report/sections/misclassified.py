"""Song by song: where the best model is most confidently wrong, and which labels are doubtful."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from classify.evaluation import label_errors
from classify.experiments import results
from classify.presentation.figures import BLUE, GREY, LIGHT, ORANGE
from classify.presentation.notes import pitch_name
from classify.presentation.numbers import percent
from classify.report.blocks import Block, Figure, Notes, Table, TableRow, Text, columns
from classify.report.run_view import View
from classify.report.song_predictions import of_model

TITLE, ORDER = "Misclassified songs", 80

#: Rows of the table, and of the list of possible label errors.
MOST = 24

#: Length of an excerpt, seconds.
SECONDS = 30

#: Notes of an excerpt that a page holds at most, to be heard.
HEARD = 600


def blocks(view: View) -> Iterator[Block]:
    """Show the songs that the best model misclassifies, and labels that most models contradict."""
    if view.best is None:
        return
    title, predicted = view.best.title, view.test_songs[view.test_songs.model == view.best.name]
    every = of_model(predicted, view.classes)
    wrong = most_confident(every)
    if wrong.empty:
        yield Text(f"{title} classifies all {len(every)} test songs correctly.")
    else:
        which = (
            f"Here are the {MOST} about which it is most sure"
            if len(wrong) > MOST
            else "The most confident mistakes come first"
        )
        yield Text(
            f"{title} misclassifies {len(wrong)} of {len(every)} test songs. {which}; all songs "
            "and all models' predictions are in `songs.csv`."
        )
        table = _cards(view, wrong.head(MOST))
        yield Text(
            _how(view, bool(predicted.temperature.notna().any()), any(table.cards)), kind="note"
        )
        yield table
    yield from _possible_label_errors(view)


def most_confident(songs: pd.DataFrame) -> pd.DataFrame:
    """Give the misclassified songs, the most confident mistake first."""
    wrong = songs[songs.prediction != songs.label]
    return wrong.sort_values(["confidence", "song"], ascending=[False, True], kind="stable")


def _how(view: View, calibrated: bool, pictures: bool) -> str:
    """Say what confidence is, and what the pictures show."""
    text = (
        "Confidence is calibrated: tempered on inner folds, so that of songs with 80 % about 8 in "
        "10 should be right."
        if calibrated
        else "Confidence is as the model gave it: nothing was left to calibrate it on, so it may "
        "be too high."
    )
    if view.n_repeats > 1:
        text += f" Each song was tested {view.n_repeats} times; probabilities are averaged."
    if pictures:
        text += (
            f" Pictures are the first {SECONDS} seconds: dashes are notes by pitch, ticks below "
            "are drums; buttons play the notes."
        )
    return text


def _cards(view: View, wrong: pd.DataFrame) -> Table:
    notes = view.table(results.EXCERPTS)
    by_song = {} if notes is None else dict(iter(notes.groupby("song")))
    rows, cards, sounds = [], [], []
    for rank, row in enumerate(wrong.itertuples(), 1):
        counted = f"{row.right} of {row.repeats}"
        p = [percent(row.confidence), percent(row.p_true)]
        rows.append(TableRow([row.song, row.label, row.prediction, *p, counted]))
        cards.append(_roll(f"roll-{rank:02d}", row.song, by_song.get(row.song)))
        sounds.append(_sound(by_song.get(row.song)))
    titles = ("song", "class", "predicted", "confidence", "its own class", "right")
    return Table(columns(*titles), rows, cards=cards, sounds=sounds)


def _sound(notes: pd.DataFrame | None) -> Notes | None:
    """Give the pitched notes of a song's excerpt, to be heard."""
    if notes is None or notes.drum.all():
        return None
    heard = notes[~notes.drum].head(HEARD)
    columns = heard.onset, heard.duration, heard.pitch, heard.velocity
    return [(float(a), float(b), int(c), int(d)) for a, b, c, d in zip(*columns, strict=True)]


def _roll(name: str, song: str, notes: pd.DataFrame | None) -> Figure | None:
    """Give the picture of a song's excerpt, where there is one."""
    if notes is None:
        return None
    drums, pitched, parts = notes[notes.drum], notes[~notes.drum], []
    if len(pitched):
        low, high = pitch_name(pitched.pitch.min()), pitch_name(pitched.pitch.max())
        parts.append(f"{len(pitched)} notes from {low} to {high}")
    if len(drums):
        parts.append(f"{len(drums)} drum strokes")
    alt = f"Piano roll of the first {SECONDS} seconds of {song}: {' and '.join(parts)}."
    return Figure(name, partial(_draw, notes), alt)


def _possible_label_errors(view: View) -> Iterator[Block]:
    doubtful, n_models = doubtful_labels(view), len(view.contenders)
    if not doubtful:
        return
    first = f" The first {MOST} of {len(doubtful)}:" if len(doubtful) > MOST else ""
    yield Text(f"Possible label errors: {len(doubtful)}", kind="heading")
    yield Text(
        f"More than half of the {n_models} models contradict these labels, with one and the same "
        "class and at least as sure of it as they usually are of its own songs (confident "
        "learning, as in cleanlab), the widest margin first. A hard song does that, and so does a "
        f"wrong label: listen first.{first}"
    )
    rows = [
        TableRow([song, label, f"{other} ({votes} of {n_models})", percent(margin)])
        for song, label, other, votes, margin in doubtful[:MOST]
    ]
    models = columns("class", "most models predict", prose=True)
    yield Table([*columns("song"), *models, *columns("margin of probability")], rows)


def doubtful_labels(view: View) -> list[tuple[str, str, str, int, float]]:
    """Give the songs whose label most models confidently contradict, the widest margin first.

    Returns
    -------
    list of (str, str, str, int, float)
        Song, class, the other class, how many models predict it, and by how much on average.
    """
    tables = []
    for row in view.contenders:
        rows = view.test_songs[view.test_songs.model == row.name]
        p = pd.DataFrame(results.calibrated_or_raw(rows), columns=view.classes)
        tables.append(p.groupby([rows.song.to_numpy(), rows.label.to_numpy()]).mean())
    if not tables:
        return []
    songs = tables[0].index
    truth = np.searchsorted(view.classes, songs.get_level_values(1).astype(str))
    found = label_errors.suspicions([table.loc[songs].to_numpy() for table in tables], truth)
    return [(*songs[one.song], view.classes[one.other], one.votes, one.margin) for one in found]


def _draw(notes: pd.DataFrame) -> Canvas:
    """Draw notes as dashes by pitch, and drum strokes as ticks in a strip below.

    Notes are drawn as pixels, so that a song with thousands of them weighs no more than another.
    """
    figure = Canvas(figsize=(2.6, 0.9), dpi=150)
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
    above.grid(axis="y", color=LIGHT, lw=0.6)
    for axes in (above, below):
        axes.tick_params(length=0, pad=2, colors=GREY)
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
