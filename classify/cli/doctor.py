"""classify doctor: whether a cluster can be used."""

from typing import Any

import typer

from classify import api
from classify.cli.options import command, options


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(app, options(api.doctor))(doctor)


def doctor(**given: Any) -> int:
    """Say which workers a Dask cluster has, and whether they and its disk can be used.

    Versions are compared with those here, and every worker reads and writes a small file.
    """
    fine, lines = api.doctor(**given)
    print(*lines, sep="\n")
    return 0 if fine else 1
