"""classify pretrain: weights that learned from songs without labels."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.models.pretraining_settings import PretrainingSettings
from classify.progress import on_terminal


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(app, options(api.pretrain, only=["out"]), options(PretrainingSettings))(pretrain)


def pretrain(
    context: typer.Context,
    library: Annotated[list[Path], argument(api.pretrain, "songs", "LIBRARY")],
    **given: Any,
) -> None:
    """Pretrain the encoder of a network on songs without labels.

    It learns to predict masked notes; compare and train start from it with --init. The same command
    continues a stopped one.
    """
    with on_terminal() as progress:
        print(shown(api.pretrain(*library, command=context.obj, progress=progress, **given)))
