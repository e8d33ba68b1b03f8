"""A page of new songs to look at and to hear; it needs no network and no other program."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from classify.inference.composing import COPIES
from classify.inference.generator_card import NO_DEVICE
from classify.presentation import figures, player
from classify.songs import Song

if TYPE_CHECKING:
    import pandas as pd

#: Stands at a song that may be a copy.
WARNING = (
    "It shares more notes in a row with a song that was learned from than 95 of 100 real songs "
    "do with each other: not to be given out as new."
)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #111827; background: #fff; }
section { margin: 2rem 0; } img { width: 100%; height: auto; } h2 { margin-bottom: .2rem; }
button { font: inherit; padding: .2rem 1rem; } p { margin: .3rem 0; }
"""


def drawing(song: Song) -> Callable[[], Figure]:
    """Give what draws a song's piano roll: seconds to the right, MIDI pitch upwards."""

    def draw() -> Figure:
        figure, axes = figures.canvas(9, 2.2)
        notes = song.notes[~song.notes["drum"]]
        colours = [figures.BLUE, figures.ORANGE, figures.GREEN, figures.PINK]
        for place, program in enumerate(np.unique(notes["program"])):
            part = notes[notes["program"] == program]
            axes.barh(
                part["pitch"], part["duration"], left=part["onset"], height=0.9,
                color=colours[place % len(colours)],
            )  # fmt: skip
        axes.set(xlabel="seconds", ylabel="MIDI pitch", xlim=(0, max(song.seconds, 1)))
        figures.grid(axes)
        return figure

    return draw


def page(model: str, songs: Sequence[Song], table: "pd.DataFrame", audio: bool) -> str:
    """Write the page; pictures and sound lie beside it."""
    sections = [
        _section(row, song, audio)
        for row, song in zip(table.to_dict("records"), songs, strict=True)
    ]
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>New songs</title>\n'
        f"<style>{STYLE}</style>\n<h1>New songs</h1>\n<p>By {escape(model)}.</p>\n"
        f"<p>{escape(NO_DEVICE)}</p>\n{''.join(sections)}"
        f'<script type="module">\n{player.script()}</script>\n</html>\n'
    )


def _section(row: dict[str, Any], song: Song, audio: bool) -> str:
    name = row["song"].removesuffix(".mid")
    facts = [
        f"{row['seconds']:.0f} s, {row['notes']} notes, {row['tempo']:.0f} quarter notes a minute",
        f"seed {row['seed']}",
        f"longest run of notes shared with a song it learned from: {row['longest copy']} "
        f"(limit {row['copy limit']})",
    ]
    if row["mood asked"]:
        facts.insert(0, f"asked: {row['mood asked']}")
    if "mood judged" in row:
        facts.insert(1, f"judged: {row['mood judged']} ({row['probability']:.2f})")
    copies = f"<p><strong>{WARNING}</strong></p>\n" if row[COPIES] else ""
    notes = song.notes[~song.notes["drum"]]
    rows = zip(
        *(notes[field].tolist() for field in ("onset", "duration", "pitch", "velocity")),
        strict=True,
    )
    sound = (
        f'<audio controls src="{name}.ogg"></audio>' if audio
        else player.button(rows, f"Play song {name}")
    )  # fmt: skip
    return (
        f"<section>\n<h2>{name}</h2>\n<p>{escape('; '.join(facts))}. "
        f'<a href="{name}.mid">MIDI file</a></p>\n{copies}{sound}\n'
        f'<img src="{name}.svg" alt="Piano roll of song {name}">\n</section>\n'
    )
