"""classify compare-generators: generators compared as strictly as classifiers."""

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
        options(api.compare_generators, without=["corpus", "cluster"]),
        options(api.compare, only=["cluster"]),
        name="compare-generators",
    )(compare_generators)


def compare_generators(
    context: typer.Context,
    corpus: Annotated[str | None, argument(api.compare_generators, "corpus", "CORPUS")] = None,
    **given: Any,
) -> None:
    """Compare generators on a corpus and write a report.

    An independent classifier judges new songs; what is measured on them stands beside the same on
    real songs that nobody learned from.
    """
    with on_terminal() as progress:
        given |= {"progress": progress, "command": context.obj}
        page = api.compare_generators(*([corpus] if corpus else []), **given)
    print(shown(page))
