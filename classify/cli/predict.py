"""classify predict: the moods of new songs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.progress import on_terminal

#: Songs that are listed in full on a terminal.
LISTED = 30


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        options(api.predict, without=["model", "songs", "cluster"], metavars={"out": "FILE"}),
        options(api.compare, only=["cluster"]),
    )(predict)


def predict(
    model: Annotated[Path, argument(api.predict, "model", "MODEL")],
    songs: Annotated[list[Path], argument(api.predict, "songs", "SONGS")],
    **given: Any,
) -> int:
    """Predict the moods of new songs, and how confident the model is.

    Gives tempo, key and length of each song as well. With --out, the same command continues a
    stopped prediction.
    """
    with on_terminal() as progress:
        table = api.predict(model, *songs, progress=progress, **given)
    _print(table, given.get("out"))
    return 1 if table.attrs["skipped"] else 0


def _print(predicted: Any, out: Path | None) -> None:
    """Print a short table in full; of a long one that was written, what there is to say of it."""
    if not out or len(predicted) <= LISTED:
        _print_table(predicted)
    about, skipped = predicted.attrs, predicted.attrs["skipped"]
    print(
        f"{about['songs']} songs by {about['model']}: not sure of {about['not_sure']}, "
        f"{about['novel']} of these unlike anything it was trained on."
    )
    print(*filter(None, [about["warning"], about["remark"]]), sep="\n")
    if skipped:
        print(f"Skipped: {len(skipped)}")
        print(*(f"  {item['name']} {item['reason']}" for item in skipped[:LISTED]), sep="\n")
        if len(skipped) > LISTED:
            print(f"  and {len(skipped) - LISTED} more")
    if out:
        print(shown(out))


def _print_table(predicted: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("song", "prediction", "sure", "90 % set", "bpm", "key", "length"):
        table.add_column(column, overflow="fold")
    for row in predicted.itertuples():
        mood = row.prediction or ("not sure" if row.in_distribution else "novel")
        tempo = "" if row.tempo != row.tempo else f"{row.tempo:.0f}"
        length = f"{int(row.seconds) // 60}:{int(row.seconds) % 60:02d}"
        cells = (row.song, mood, f"{row.confidence:.2f}", row.set.replace("|", " "), tempo,
                 row.key, length)  # fmt: skip
        table.add_row(*(Text(str(cell)) for cell in cells))
    Console(highlight=False, soft_wrap=True).print(table)
