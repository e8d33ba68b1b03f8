"""What all notebooks draw with: colours, pictures with their words, and piano rolls.

Colours are Okabe and Ito's, which colour-blind readers distinguish; none says anything alone.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from IPython.display import Audio, Image, Markdown, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: The repository, as seen from the folder a notebook runs in.
ROOT = Path(os.path.relpath(Path(__file__).parent.parent))

#: Runs that `make results` makes.
REFERENCE = ROOT / "results" / "reference"

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#6b7280"

#: Colours and markers in step, for lines that must be distinguished.
COLOURS = (BLUE, ORANGE, GREEN, PINK, "#E69F00", "#56B4E9", GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "x")

NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")

mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "legend.frameon": False,
    }
)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep progress, which tells seconds, and what libraries in C say, out of what is saved."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere, redirect_stderr(StringIO()):
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def say(*lines: str) -> None:
    """Show sentences, each a paragraph."""
    display(Markdown("\n\n".join(lines)))


def picture(figure: Figure, title: str, *words: str) -> None:
    """Show a picture, and beneath it what it shows in words.

    Parameters
    ----------
    figure : Figure
        Made without pyplot, so that it is shown once.
    title : str
        What kind of picture it is: its alternative text.
    words : str
        What is to be seen in it.
    """
    file = BytesIO()
    figure.savefig(file, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    display(Image(file.getvalue(), alt=title), Markdown("\n\n".join(words)))


def percent(share: float, decimals: int = 0) -> str:
    """Write a share as a percentage: 42 %."""
    return f"{100 * share:.{decimals}f} %"


def points(share: float) -> str:
    """Write a difference of two shares in points, with its sign: +4.2, −1.0."""
    text = f"{100 * share:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def chance(probability: float) -> str:
    """Write a probability as whole percent that are never nothing or everything: < 1 %."""
    if probability < 0.005:
        return "< 1 %"
    return "> 99 %" if probability >= 0.995 else percent(probability)


def listed(names: Any) -> str:
    """Join names to `a, b and c`."""
    *before, last = [str(name) for name in names]
    return f"{', '.join(before)} and {last}" if before else last


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 song, 1,113 windows."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def pitch_name(pitch: int) -> str:
    """Name a MIDI pitch, with 60 as C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def piano_roll(axes: Axes, notes: Any, colour: str = BLUE, filled: bool = True) -> None:
    """Draw notes as bars: time to the right, pitch upwards; drums are left out.

    Parameters
    ----------
    axes : Axes
        Where.
    notes : structured array or DataFrame
        With the columns onset and duration (seconds), pitch (MIDI 0-127) and drum.
    colour : str
        Of all bars.
    filled : bool
        False draws bars as outlines.
    """
    shown = pd.DataFrame({name: notes[name] for name in ("onset", "duration", "pitch", "drum")})
    shown = shown[~shown.drum]
    face = colour if filled else "white"
    axes.barh(shown.pitch, shown.duration, 0.8, shown.onset, color=face, edgecolor=colour, lw=0.7)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds")
    low, high = axes.get_ylim()
    places = range(int(low) // 12 * 12, int(high) + 12, 12)
    axes.set_yticks(places, [pitch_name(place) for place in places])
    axes.set_ylim(low, high)


def hear(notes: Any, seconds: float = 8.0, rate: int = 6000) -> None:
    """Let the beginning of a song be heard: a plain tone for each note.

    Parameters
    ----------
    notes : structured array
        As in `piano_roll`.
    seconds : float
        So much of it.
    rate : int
        Samples a second.
    """
    sound = np.zeros(int(seconds * rate))
    for note in notes[(notes["onset"] < seconds) & ~notes["drum"]]:
        first = int(note["onset"] * rate)
        time = np.arange(min(int(note["duration"] * rate), len(sound) - first)) / rate
        tone = np.sin(2 * np.pi * 440 * 2 ** ((int(note["pitch"]) - 69) / 12) * time)
        sound[first : first + len(time)] += tone * np.exp(-3 * time)
    display(Audio(sound, rate=rate), Markdown(f"The first {seconds:.0f} seconds, as plain tones."))


def in_words(notes: Any) -> str:
    """Say what a piano roll shows: `41 notes from D4 to E5 in 20 seconds`."""
    shown = pd.DataFrame({name: notes[name] for name in ("onset", "duration", "pitch", "drum")})
    shown = shown[~shown.drum]
    end = (shown.onset + shown.duration).max()
    span = f"{pitch_name(shown.pitch.min())} to {pitch_name(shown.pitch.max())}"
    return f"{count(len(shown), 'note')} from {span} in {end:.0f} seconds"


def rolls(rows: dict[str, list[Any]], colours: tuple[str, ...] = COLOURS) -> Figure:
    """Draw passages as small piano rolls: a row for each title, all on scales of their own.

    Parameters
    ----------
    rows : dict of str to list of structured array
        Passages side by side, as many in each row.
    colours : tuple of str
        One a row.
    """
    across = len(next(iter(rows.values())))
    figure = Figure(figsize=(1.45 * across, 1.25 * len(rows)), layout="constrained")
    panels = figure.subplots(len(rows), across, squeeze=False)
    for row, (title, passages) in enumerate(rows.items()):
        for axes, notes in zip(panels[row], passages, strict=True):
            begin = notes["onset"] - notes["onset"][0]
            face = colours[row % len(colours)]
            axes.barh(notes["pitch"], notes["duration"], 0.8, begin, color=face)
            axes.set_ylim(notes["pitch"].min() - 4, notes["pitch"].max() + 4)
            axes.set_xticks([])
            axes.set_yticks([])
        panels[row][0].set_title(title, loc="left", parse_math=False)
    return figure


def roll_over_weights(notes: Any, edges: Any, weights: Any, colour: str = BLUE) -> Figure:
    """Draw a song over what a network attends to.

    Parameters
    ----------
    notes : structured array
        As in `piano_roll`.
    edges : ndarray, shape (n_steps + 1,)
        Seconds at which steps begin, and the last one ends.
    weights : ndarray, shape (n_steps,)
        Attention on each step; they add up to 1.
    colour : str
        Of notes and steps.
    """
    figure = Figure(figsize=(7.5, 3), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    above.set_ylim(notes["pitch"].min() - 2, notes["pitch"].max() + 2)
    piano_roll(above, notes, colour)
    above.set_xlabel("")
    below.stairs(100 * weights, edges, fill=True, color=colour, alpha=0.6)
    below.axhline(100 / len(weights), color=GREY, ls=":")
    below.set_ylabel("attention, %")
    below.set_xlabel("seconds")
    return figure


def scatter(points_of: Any, labels: Any) -> Figure:
    """Draw points in the plane, each class with its colour and marker.

    Parameters
    ----------
    points_of : ndarray, shape (n, 2)
        Where.
    labels : ndarray of str, shape (n,)
        Class of each.
    """
    figure = Figure(figsize=(5.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for name, colour, marker in zip(sorted(set(labels)), COLOURS, MARKERS, strict=False):
        axes.scatter(*points_of[labels == name].T, 16, colour, marker, label=name, alpha=0.8)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
