"""classify adapt: a model adapted to one listener's own labels."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.progress import on_terminal


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(app, options(api.adapt, only=["out", "force"]))(adapt)


def adapt(
    model: Annotated[Path, argument(api.predict, "model", "MODEL")],
    labels: Annotated[Path, argument(api.adapt, "labels", "LABELS")],
    **given: Any,
) -> int:
    """Adapt a model to one listener's own labels, if that helps.

    Each song is evaluated without its own label; if adapting does not help, nothing is written.
    """
    with on_terminal() as progress:
        report, skipped = api.adapt(model, labels, progress=progress, **given)
    for item in skipped:
        print(f"Left out: {item.name} {item.reason}")
    print(report.sentence())
    if report.hurts and not given.get("force"):
        print("That does not help, so nothing was written; --force writes it all the same.")
        return 1
    print(shown(given["out"]))
    return 0
