"""classify suggest: which songs to label."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.cli.options import argument, command, options
from classify.progress import on_terminal


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        options(api.suggest, only=["n", "out"], flags={"n": "-n"}, metavars={"out": "FILE"}),
    )(suggest)


def suggest(
    model: Annotated[Path, argument(api.predict, "model", "MODEL")],
    songs: Annotated[list[Path], argument(api.suggest, "songs", "LIBRARY")],
    **given: Any,
) -> None:
    """Name the songs of a library whose label would teach a model most.

    Writes a CSV file to be filled in and given to adapt.
    """
    with on_terminal() as progress:
        table = api.suggest(model, *songs, progress=progress, **given)
    for row in table.itertuples():
        print(f"{row.title}: {row.reason}")
    print(f"Fill in the column label ({', '.join(table.attrs['labels'])}) and give it to adapt:")
    print(table.attrs["file"])
