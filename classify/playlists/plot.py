"""A plot of a playlist: moods, tempo and loudness along the minutes, as SVG or PNG.

Colours are Okabe and Ito's, which colour-blind readers can distinguish; hatching and names carry
the same without colour.
"""

from collections.abc import Sequence
from itertools import cycle, pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classify.errors import InputError
from classify.files import atomic_write
from classify.playlists.playlist import DISCLAIMER, Playlist, Provenance
from classify.presentation.figures import (
    BLUE,
    GREEN,
    GREY,
    LEMON,
    LIGHT,
    ORANGE,
    PINK,
    SKY,
    STYLE,
    YELLOW,
)

COLOURS = (BLUE, YELLOW, GREEN, PINK, SKY, ORANGE, LEMON)
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "+++")
HATCHED = STYLE | {"hatch.color": "#ffffff", "hatch.linewidth": 0.6}


def draw(playlist: Playlist, path: Path, provenance: Provenance) -> None:
    """Draw a playlist along its minutes.

    Parameters
    ----------
    playlist : Playlist
        With at least one song.
    path : Path
        Ends in .svg or .png. The file is written whole or not at all.
    provenance : Provenance
        Which model it was made with, and when; written below the plot.

    Raises
    ------
    InputError
        If the ending is another.

    Examples
    --------
    >>> import tempfile
    >>> from classify.playlists.build import build
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.request import Request
    >>> (playlist,) = build(example_library(), Request("Calming", minutes=6))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = Provenance("folk", "2026-01-31T12:00:00+00:00")
    ...     draw(playlist, Path(folder, "calm.svg"), made)
    ...     [file.name for file in Path(folder).iterdir()]
    ['calm.svg']
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png"):
        raise InputError(f"{path}: a picture ends in .svg or .png, not in {path.suffix!r}")
    metadata = {"Date": None, "Title": plain(playlist.name)} if kind == "svg" else None
    if kind == "svg" and metadata is not None:
        metadata["Description"] = plain(alt_text(playlist))
    with mpl.rc_context(HATCHED), atomic_write(path) as temporary:
        figure = _figure(playlist, provenance)
        figure.savefig(temporary, format=kind, bbox_inches="tight", metadata=metadata, dpi=150)


def alt_text(playlist: Playlist) -> str:
    """Describe in words what the plot shows.

    Examples
    --------
    >>> from classify.playlists.build import build
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.request import Request
    >>> (playlist,) = build(example_library(), Request("Calming", minutes=6))
    >>> alt_text(playlist).split(": ")[0]
    'Plot of the playlist Calming, 6 minutes'
    """
    entries = playlist.entries
    stages = [mood for mood in playlist.path if any(e.mood == mood for e in entries)]
    parts = []
    for mood in stages:
        of_mood = [entry for entry in entries if entry.mood == mood]
        minutes = sum(entry.seconds for entry in of_mood) / 60
        parts.append(f"{mood} from minute {of_mood[0].start / 60:.0f} for {minutes:.0f} minutes")
    tempi = [entry.tempo for entry in entries if entry.tempo is not None]
    loud = [entry.loudness for entry in entries]
    text = f"Plot of the playlist {playlist.name}, {playlist.seconds / 60:.0f} minutes: "
    text += "; ".join(parts)
    if tempi:
        text += f". Tempo goes from {tempi[0]:.0f} to {tempi[-1]:.0f} bpm"
        text += f" (between {min(tempi):.0f} and {max(tempi):.0f})"
    return f"{text}. Loudness goes from {loud[0]:.0f} to {loud[-1]:.0f} of 127."


def plain(text: str) -> str:
    r"""Replace characters that neither fonts nor XML have.

    Examples
    --------
    >>> plain("two\nlines")
    'two lines'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def _figure(playlist: Playlist, provenance: Provenance) -> Figure:
    figure = Figure(figsize=(7.2, 5.0))
    moods, tempo, loudness = figure.subplots(3, 1, sharex=True, height_ratios=(2.2, 1, 1))
    edges = np.array([0.0, *np.cumsum([entry.seconds for entry in playlist.entries])]) / 60
    _moods(moods, playlist, edges)
    tempi = [np.nan if entry.tempo is None else entry.tempo for entry in playlist.entries]
    _steps(tempo, edges, tempi, "tempo, bpm", COLOURS[0])
    loud = [entry.loudness for entry in playlist.entries]
    _steps(loudness, edges, loud, "loudness,\n0–127", COLOURS[5])
    loudness.set_xlabel("minutes")
    loudness.set_xlim(0, edges[-1])
    figure.align_ylabels()
    footer = f"Model {provenance.model}, {provenance.when}. {DISCLAIMER}"
    figure.text(0.02, -0.01, plain(footer), fontsize=7, color=GREY, parse_math=False)
    return figure


def _moods(axes: Axes, playlist: Playlist, edges: np.ndarray) -> None:
    """Stack the probabilities of the moods, and number the songs."""
    places, p = _followed(playlist, edges)
    floor = np.zeros(p.shape[1])
    order = [*playlist.path[::-1], *(m for m in playlist.moods if m not in playlist.path)]
    for mood, colour, hatch in zip(order, cycle(COLOURS), cycle(HATCHES), strict=False):
        top = floor + p[playlist.moods.index(mood)]
        axes.stairs(
            top, places, baseline=floor, fill=True, color=colour, hatch=hatch, label=plain(mood)
        )
        floor = top
    axes.set_ylim(0, max(1.0, float(floor.max())))
    axes.set_ylabel("probability of moods")
    for number, (begin, end) in enumerate(pairwise(edges), 1):
        axes.axvline(end, color="white", lw=0.8)
        axes.text((begin + end) / 2, 1.01, str(number), ha="center", va="bottom", fontsize=7,
                  color=GREY, transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set_title(plain(playlist.name), fontsize=10, pad=14, parse_math=False)
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _followed(playlist: Playlist, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the minutes at which probabilities change, and those of each mood from there on."""
    places, rows = list[float](), list[Sequence[float]]()
    for entry, begin in zip(playlist.entries, edges[:-1], strict=True):
        for number, (seconds, *p) in enumerate(entry.course or [(0.0, *entry.p)]):
            places.append(begin + (min(seconds, entry.seconds) / 60 if number else 0.0))
            rows.append(p)
    return np.array([*places, edges[-1]]), np.array(rows).T


def _steps(axes: Axes, edges: np.ndarray, values: Sequence[float], label: str, colour: str) -> None:
    """Draw one value a song, with the steps between songs."""
    axes.stairs(values, edges, baseline=None, color=colour, lw=1.8)
    axes.set_ylabel(label)
    axes.margins(y=0.2)
    axes.grid(axis="y", color=LIGHT, lw=0.8)
    axes.set_axisbelow(True)
