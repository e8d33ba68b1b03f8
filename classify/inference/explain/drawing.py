"""A song as a piano roll in which notes speak for and against a class, over the classes by time.

Where a model says the same of every window, there is no course of classes, and none is drawn.

Nothing is shown by colour alone: notes for the class are filled, notes against it hollow, and each
class has its line style.
"""

from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from classify.files import atomic_write, write_text
from classify.inference.explain.song import Explanation
from classify.inference.explain.text import clock
from classify.presentation.figures import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PINK,
    SKY,
    STYLE,
    YELLOW,
)
from classify.presentation.notes import pitch_name

#: Lines of classes: the explained one is first, in blue and full.
LINES = [
    (BLUE, "-"), (ORANGE, "--"), (GREEN, ":"), (PINK, "-."), (YELLOW, (0, (5, 1))),
    (SKY, (0, (1, 1))), (BLACK, (0, (3, 1, 1, 1))),
]  # fmt: skip

#: Notes that say less than this share of what the strongest say are grey.
LITTLE = 0.1

#: Strength is drawn up to this quantile, so that one note does not make all others pale.
STRONGEST = 0.98

#: Semitones below the lowest note at which drums are drawn, all on one line.
DRUMS_BELOW = 4


def draw(explanation: Explanation, path: Path) -> None:
    """Draw an explanation.

    Parameters
    ----------
    explanation : Explanation
        What is drawn.
    path : Path
        The .svg or .png file; the same explanation gives the same bytes.
    """
    with mpl.rc_context(STYLE):
        course = explanation.has_course  # a flat line would say that the mood never changes
        figure = Figure(figsize=(9, 5 if course else 3.7), layout="constrained")
        if course:
            above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
            _timeline(below, explanation)
        else:
            above = below = figure.subplots()
        _roll(above, explanation)
        _clock(below)
        title = f"{explanation.song.title}: {explanation.label}"
        figure.suptitle(title if len(title) <= 90 else f"{title[:89]}…", parse_math=False)
        vector = path.suffix == ".svg"
        about: dict[str, Any] = {"Date": None} if vector else {"Software": None}
        figure.savefig(path, dpi=150, metadata=about)


def write(explanation: Explanation, folder: Path, name: str = "") -> list[Path]:
    """Write an explanation as two pictures and a paragraph.

    Parameters
    ----------
    explanation : Explanation
        What is written.
    folder : Path
        Where to; what stands there under these names is replaced.
    name : str
        Of the files, without ending; the song's file name unless given.

    Returns
    -------
    list of Path
        The .svg, the .png and the .txt file.
    """
    stem = name or explanation.song.path.stem
    paths = [folder / f"{stem}.{ending}" for ending in ("svg", "png", "txt")]
    for path in paths[:2]:
        with atomic_write(path) as temporary:
            draw(explanation, temporary)
    write_text(paths[2], explanation.paragraph + "\n")
    return paths


def strengths(notes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring attributions to -1 to 1: 0 where they say little, 1 where most."""
    size = np.abs(notes)
    most = np.quantile(size[size > 0], STRONGEST) if size.any() else 1.0
    scaled = np.clip(notes / most, -1, 1)
    return np.where(np.abs(scaled) >= LITTLE, scaled, 0.0)


def _roll(axes: Axes, explanation: Explanation) -> None:
    """Draw the notes."""
    notes = explanation.song.notes
    strength = strengths(explanation.attributions.notes)
    floor = int(notes["pitch"][~notes["drum"]].min(initial=127)) - DRUMS_BELOW
    pitch = np.where(notes["drum"], floor, notes["pitch"].astype(int))
    for chosen, colour, filled in (
        (strength == 0, PALE, True),
        (strength < 0, ORANGE, False),
        (strength > 0, BLUE, True),
    ):
        boxes = _boxes(notes[chosen], pitch[chosen], explanation.song.seconds)
        seen = np.where(strength == 0, 1.0, 0.35 + 0.65 * np.abs(strength))[chosen]
        inks = [mpl.colors.to_rgba(colour, alpha) for alpha in seen]
        axes.add_collection(
            PolyCollection(
                list(boxes), facecolors=inks if filled else "white", edgecolors=inks,
                linewidths=0.3 if filled else 1.1,
            )
        )  # fmt: skip
    axes.set_xlim(0, explanation.song.seconds)
    axes.set_ylim(pitch.min() - 2, pitch.max() + 2)
    ticks = [p for p in range(0, 128, 12) if floor + DRUMS_BELOW - 2 <= p <= pitch.max() + 2]
    named = [pitch_name(p) for p in ticks]
    if notes["drum"].any():
        ticks, named = [floor, *ticks], ["drums", *named]
    axes.set_yticks(ticks, named)
    axes.set_ylabel("pitch")
    axes.legend(handles=_key(explanation.label), frameon=False, fontsize=8, ncols=3,
                loc="lower right", bbox_to_anchor=(1, 1))  # fmt: skip


def _boxes(notes: NDArray[np.void], pitch: NDArray[Any], seconds: float) -> NDArray[np.float64]:
    """Corners of notes, shape (n_notes, 4, 2); none is too short to be seen."""
    begin = notes["onset"]
    end = begin + np.maximum(notes["duration"], 0.002 * seconds)
    low, high = pitch - 0.42, pitch + 0.42
    corners = [(begin, low), (end, low), (end, high), (begin, high)]
    return np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)


def _key(label: str) -> list[Patch]:
    short = (label if len(label) <= 24 else f"{label[:23]}…").replace("$", r"\$")
    return [
        Patch(facecolor=BLUE, edgecolor=BLUE, label=f"for {short} (filled)"),
        Patch(facecolor="white", edgecolor=ORANGE, label="against (hollow)"),
        Patch(facecolor=PALE, edgecolor=PALE, label="neither"),
    ]


def _timeline(axes: Axes, explanation: Explanation) -> None:
    """Draw each class's probability, a flat piece a window, and its name at the end of the line."""
    first = explanation.classes.index(explanation.label)
    rest = np.argsort(-explanation.p, kind="stable")
    order = [first, *(k for k in rest if k != first)]
    begin, end = explanation.spans.T
    edges = np.append(begin, end[-1])  # overlapping windows show until the next begins
    for column, (colour, style) in zip(order, cycle(LINES), strict=False):
        name = explanation.classes[column]
        short = (name if len(name) <= 24 else f"{name[:23]}…").replace("$", r"\$")
        p = 100 * explanation.windows[:, column]
        axes.step(edges, np.append(p, p[-1]), where="post", color=colour, ls=style, lw=1.8,
                  label=short)  # fmt: skip
    for edge in begin[1:]:
        axes.axvline(edge, color=GREY, lw=0.4, alpha=0.5)
    axes.set_ylim(-3, 103)
    axes.set_ylabel("probability, %")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5),
                handlelength=3)  # fmt: skip


def _clock(axes: Axes) -> None:
    """Label the axis of time."""
    axes.set_xlabel("time (min:s)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 5, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: clock(value)))
