"""classify compare: train every model on a corpus, or on several, and write one report."""

from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import Command, command, options
from classify.experiments.settings import Settings
from classify.options import options as read
from classify.progress import on_terminal

CORPUS = read(Settings)["corpus"].help.removesuffix(".")


def known() -> list[str]:
    """Name everything that `--models` takes."""
    from classify.models import registry

    return [*registry.names(), *registry.GROUPS]


class _WithModels(Command):
    """A command whose help lists the models that there are."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write options, and then the models."""
        super().format_options(ctx, formatter)
        from classify.models import registry

        with formatter.section("Models"):
            formatter.write_text(" ".join(registry.names()))
        with formatter.section("Groups of models"):
            formatter.write_text(" ".join(registry.GROUPS))


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        options(Settings, without=["corpus"], complete={"models": known}),
        options(api.compare, only=["jobs", "cluster", "out"]),
        cls=_WithModels,
    )(compare)


def compare(
    context: typer.Context,
    corpora: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CORPUS",
            help=f"{CORPUS}; folk unless given. Several are compared one after another and laid "
            f"side by side",
        ),
    ] = None,
    **given: Any,
) -> int:
    """Train every model on a corpus and write one report.

    The same command continues a stopped run.
    """
    with on_terminal() as progress:
        given |= {"progress": progress, "command": context.obj}
        if not corpora or len(corpora) == 1:
            return finish(api.compare(*corpora or [], **given))
        runs, page = api.compare_corpora(corpora, **given)
    status = max([finish(run) for run in runs])
    if page:
        print(shown(page))
    return status


def finish(run: Any) -> int:
    """Print what a run says first and where its report is; give 1 if a model failed."""
    print(*run.summary(), shown(run.page), sep="\n")
    return 1 if run.failures else 0
