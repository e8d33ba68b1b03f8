"""classify generate: new songs of a trained generator."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.progress import on_terminal


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        options(
            api.generate,
            without=["model"],
            flags={"n": "-n", "primer": "--continue"},
            metavars={
                "mood": "MOOD", "minutes": "M", "tempo": "BPM", "key": "KEY", "metre": "N/D",
                "chords": "NAMES", "instruments": "NUMBERS", "primer": "SONG", "loudness": "V",
                "bridge_from": "SONG", "bridge_to": "SONG", "revise": "SONG", "keep": "BARS",
                "renew": "BARS", "voices": "NUMBERS",
                "judge": "MODEL", "mode": "MODE",
            },
        ),
    )(generate)  # fmt: skip


def generate(
    model: Annotated[Path, argument(api.generate, "model", "MODEL")],
    **given: Any,
) -> None:
    """Make new songs with a trained generator.

    Writes MIDI files, a table, a picture of each song and a page to hear them. The same model,
    request and seed give the same songs.
    """
    with on_terminal() as progress:
        made = api.generate(model, progress=progress, **given)
    for row in made.table.to_dict("records"):
        judged = _judged(row)
        print(
            f"{row['song']}: {row['seconds']:.0f} s, {row['tempo']:.0f} bpm, longest copy "
            f"{row['longest copy']} of at most {row['copy limit']} notes{judged}"
        )
    if copies := made.table["copies more than real songs"].sum():
        print(
            f"{copies} of {len(made.table)} songs share more notes in a row with a song that was "
            f"learned from than 95 of 100 real songs do: not to be given out as new"
        )
    print(shown(made.folder / "index.html"))


def _judged(row: dict[str, Any]) -> str:
    if "mood judged" not in row:
        return ""
    return f", judged {row['mood judged']} ({row['probability']:.2f})"
