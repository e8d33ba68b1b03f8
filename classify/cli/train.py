"""classify train: one model, trained on all songs of a corpus and kept in a folder."""

from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.compare import CORPUS, known
from classify.cli.options import command, options
from classify.experiments.settings import Settings
from classify.inference.tasks import TRAINED
from classify.progress import on_terminal


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        options(
            api.train,
            without=["corpus", "cluster"],
            flags={"origin": "--from"},
            complete={"model": _known},
        ),
        options(api.compare, only=["cluster"]),
        options(Settings, only=TRAINED),
    )(train)


def _known() -> list[str]:
    """Name everything that `--model` takes."""
    from classify.generation import generator

    return [*known(), *generator.names()]


def train(
    context: typer.Context,
    corpus: Annotated[str | None, typer.Argument(metavar="CORPUS", help=CORPUS)] = None,
    **given: Any,
) -> None:
    """Train one model, a classifier or a generator, on all songs of a corpus and keep it.

    The probabilities of a classifier are calibrated on held-out folds. The folder can be loaded
    anywhere.
    """
    with on_terminal() as progress:
        model = api.train(corpus, command=context.obj, progress=progress, **given)
    print(*getattr(model.about, "remarks", []), shown(model.folder / "model-card.md"), sep="\n")
