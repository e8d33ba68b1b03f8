"""classify cache: the songs that were read before."""

from typing import Any

import typer

from classify import api
from classify.cli.options import command, options


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(app, options(api.cache))(cache)


def cache(**given: Any) -> None:
    """Say where the songs are kept that were read before, and how many could not be read."""
    print(api.cache(**given))
