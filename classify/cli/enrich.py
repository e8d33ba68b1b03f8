"""classify enrich: new songs for a library."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.inference.generating import ENRICHED
from classify.progress import on_terminal


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        options(
            api.enrich,
            without=["model", "library"],
            flags={"n": "-n"},
            metavars={"judge": "MODEL", "tries": "N"},
        ),
        options(
            api.generate,
            only=ENRICHED,
            metavars={
                "tempo": "BPM", "key": "KEY", "metre": "N/D", "instruments": "NUMBERS",
                "loudness": "V", "mode": "MODE",
            },
        ),
    )(enrich)  # fmt: skip


def enrich(
    model: Annotated[Path, argument(api.enrich, "model", "MODEL")],
    library: Annotated[Path, argument(api.enrich, "library", "LIBRARY")],
    **given: Any,
) -> None:
    """Add new songs of a mood to a library.

    Only songs that the library's own classifier is sure of, and no copies. Playlists leave them out
    unless --allow-generated is given, and nothing is learned from them.
    """
    with on_terminal() as progress:
        made = api.enrich(model, library, progress=progress, **given)
    for row in made.table.to_dict("records"):
        print(
            f"{row['song']}: {row['seconds']:.0f} s, {row['tempo']:.0f} bpm, "
            f"{row['mood judged']} ({row['probability']:.2f})"
        )
    print(made.sentence())
    print(shown(made.folder))
