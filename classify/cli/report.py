"""classify report: write a run's report again, or lay runs side by side."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.compare import finish
from classify.cli.options import Command, argument, command, options
from classify.errors import InputError


class _ManyAfterCompare(Command):
    """A command whose `--compare` takes all that follows, as `--compare RUN2 RUN3`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give each of the runs a `--compare` of its own."""
        spread: list[str] = []
        following = False
        for place, text in enumerate(args):
            if text.startswith("-"):
                following = text == "--compare"
            elif following and args[place - 1] != "--compare":
                spread.append("--compare")
            spread.append(text)
        return super().parse_args(ctx, spread)


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(app, options(api.side_by_side, only=["out", "names"]), cls=_ManyAfterCompare)(report)


def report(
    run: Annotated[Path, argument(api.report, "run", "RUN")],
    compare: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="Runs to lay beside it, on the same corpus or others"),
    ] = None,
    **given: Any,
) -> int:
    """Write a run's report again from its files, or lay runs side by side."""
    if compare:
        print(shown(api.side_by_side([run, *compare], **given)))
        return 0
    if given:
        name, value = next(iter(given.items()))
        raise InputError(f"--{name} {value}: goes with --compare; a run's report stays with it")
    api.report(run)
    return finish(api.load_run(run))
