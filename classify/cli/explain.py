"""classify explain: why a trained model predicts what it does, of songs or over a run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.progress import on_terminal

#: Families or features that are printed.
LISTED = 10


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        options(api.explain, only=["label", "out"], flags={"label": "--class"}),
        options(api.explain_run, only=["of"]),
    )(explain)


def explain(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="A folder that train wrote, or the folder of a run"),
    ],
    songs: Annotated[list[Path] | None, argument(api.explain, "songs", "SONG")] = None,
    **given: Any,
) -> int:
    """Explain why a trained model predicts what it does: a picture and a paragraph.

    Writes, for each song, a piano roll in which the notes that speak for and against the prediction
    are coloured, above the probabilities of all classes through the song (.svg, .png), and a
    paragraph in words (.txt). Given a run of compare and no song, writes the feature importance of
    one of its models on the test songs (importance.csv).
    """
    with on_terminal() as progress:
        if not songs and api.is_run(model):
            _print_importance(
                api.explain_run(model, given.get("of", ""), progress), model / "importance.csv"
            )
            return 0
        given.pop("of", None)
        explained = api.explain(model, *songs or [], progress=progress, **given)
    for paragraph, picture in zip(explained.paragraphs, explained.pictures, strict=True):
        print(paragraph, shown(picture), "", sep="\n")
    for item in explained.skipped:
        print(f"skipped: {item.name} {item.reason}")
    return 1 if explained.skipped else 0


def _print_importance(table: Any, path: Path) -> None:
    """Print the most important features of a model of a run, and the path of the whole table."""
    table = table[(table.metric == "accuracy") & (table.question == "credit")]
    print(f"Feature importance of {table.model.iloc[0]}, in points of accuracy on songs:")
    for level, rows in table.groupby("level", sort=False):
        for row in rows.sort_values("value", ascending=False).head(LISTED).itertuples():
            low, value, high = (100 * number for number in (row.low, row.value, row.high))
            print(f"  {level} {row.name}: {value:+.1f} ({low:+.1f} to {high:+.1f})")
    print(shown(path))
