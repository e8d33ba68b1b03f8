"""classify app: the page."""

import typer

from classify import app as page
from classify.cli.options import command, options
from classify.storage import stored


def add(app: typer.Typer) -> None:
    """Add the command."""
    names = {"data": "DIR", "port": "PORT", "host": "ADDRESS", "certificate": "FILE"}
    command(app, options(page.serve, metavars=names), name="app")(serve)


def serve(**given: object) -> None:
    """Open the page: libraries, playlists and new songs in a browser."""
    stored()(page.serve)(**given)  # type: ignore[arg-type]
