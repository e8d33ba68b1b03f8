"""classify corpus show, check, list: look at a corpus before any model does."""

from typing import Annotated, Any

import typer

from classify import api
from classify.cli.compare import CORPUS
from classify.cli.options import argument, command, options
from classify.progress import on_terminal

app = typer.Typer(help="Look at a corpus before any model does.", rich_markup_mode=None)


@command(app, options(api.show_corpus, only=["window", "hop"]))
def show(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help=CORPUS)],
    problems: Annotated[
        bool, typer.Option("--problems", help="List every file that was skipped or repaired")
    ] = False,
    duplicates: Annotated[
        bool,
        typer.Option(
            "--duplicates",
            help="List the songs that seem to be the same music, in another key or at another "
            "tempo",
        ),
    ] = False,
    **given: Any,
) -> None:
    """Count songs, windows and notes per class; say what is skipped."""
    with on_terminal() as progress:
        summary = api.show_corpus(corpus, progress=progress, **given)
        if problems or duplicates:
            print("\n".join(summary.problems if problems else summary.duplicates))
            return
        remarks = summary.remarks
    print(*filter(None, [summary.title, summary.corpus.licence]), sep="\n")
    _print_classes(summary.per_class)
    print(summary.windows, *remarks, sep="\n")


def _print_classes(per_class: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("class", box=None, pad_edge=False)
    for column in ("songs", "windows", "notes", "notes a song: quarter", "half",
                   "three quarters", "minutes a song: half"):  # fmt: skip
        table.add_column(column, justify="right")
    for name, *counts, minutes in per_class.itertuples():
        table.add_row(Text(name), *(f"{count:,.0f}" for count in counts), f"{minutes:.1f}")
    Console(highlight=False, soft_wrap=True).print(table)


@command(app)
def check(corpus: Annotated[str, argument(api.check_corpus, "corpus", "NAME:PATH")]) -> int:
    """Say what a copy of a published corpus lacks."""
    complete, lines = api.check_corpus(corpus)
    print("\n".join(lines))
    return 0 if complete else 1


@command(app, name="list")
def listing() -> None:
    """List built-in and published corpora, and their licences."""
    print(api.list_corpora())


def add(commands: typer.Typer) -> None:
    """Add the commands that look at corpora."""
    commands.add_typer(app, name="corpus")
