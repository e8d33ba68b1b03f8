"""classify space: what one does with the latent space of a trained generator."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.progress import on_terminal

app = typer.Typer(
    help="Write songs again, between others, in another mood; draw a map of them.",
    rich_markup_mode=None,
)

#: What values are called.
METAVARS = {"judge": "MODEL", "mood": "MOOD", "attribute": "NAME", "strength": "X", "amount": "X"}


@command(app, options(api.reconstruct, without=["model", "songs"], metavars=METAVARS))
def reconstruct(
    model: Annotated[Path, argument(api.reconstruct, "model", "MODEL")],
    songs: Annotated[list[Path], argument(api.reconstruct, "songs", "SONGS...")],
    **given: Any,
) -> None:
    """Write songs again from their places in the space."""
    _print(api.reconstruct(model, songs, **given), [])


@command(
    app,
    options(
        api.interpolate, without=["model", "song", "other"], flags={"n": "-n"}, metavars=METAVARS
    ),
)
def interpolate(
    model: Annotated[Path, argument(api.interpolate, "model", "MODEL")],
    song: Annotated[Path, argument(api.interpolate, "song", "SONG")],
    other: Annotated[Path, argument(api.interpolate, "other", "OTHER")],
    **given: Any,
) -> None:
    """Write songs on the way from one to another, and one file that plays them all."""
    _print(api.interpolate(model, song, other, **given), ["way"])


@command(
    app,
    options(api.change_mood, without=["model", "song"], flags={"n": "-n"}, metavars=METAVARS),
)
def change(
    model: Annotated[Path, argument(api.change_mood, "model", "MODEL")],
    song: Annotated[Path, argument(api.change_mood, "song", "SONG")],
    **given: Any,
) -> None:
    """Move a song to another mood."""
    _print(api.change_mood(model, song, **given), ["strength"])


@command(app, options(api.slide, without=["model", "song"], flags={"n": "-n"}, metavars=METAVARS))
def slide(
    model: Annotated[Path, argument(api.slide, "model", "MODEL")],
    song: Annotated[Path, argument(api.slide, "song", "SONG")],
    **given: Any,
) -> None:
    """Move a song along an attribute, as density or register."""
    _print(api.slide(model, song, **given), ["amount", given["attribute"]])


@command(
    app, options(api.mix, without=["model", "mood", "other"], flags={"n": "-n"}, metavars=METAVARS)
)
def mix(
    model: Annotated[Path, argument(api.mix, "model", "MODEL")],
    mood: Annotated[str, argument(api.mix, "mood", "MOOD")],
    other: Annotated[str, argument(api.mix, "other", "OTHER")],
    **given: Any,
) -> None:
    """Write new songs of a style between two moods."""
    _print(api.mix(model, mood, other, **given), ["share"])


@command(app, options(api.answer, without=["model", "song"], flags={"n": "-n"}, metavars=METAVARS))
def answer(
    model: Annotated[Path, argument(api.answer, "model", "MODEL")],
    song: Annotated[Path, argument(api.answer, "song", "SONG")],
    **given: Any,
) -> None:
    """Answer a phrase by others like it, and write one file that plays them in turn."""
    _print(api.answer(model, song, **given), [])


@command(app, options(api.map_songs, without=["model", "corpus"]), name="map")
def draw(
    model: Annotated[Path, argument(api.map_songs, "model", "MODEL")],
    corpus: Annotated[str, argument(api.map_songs, "corpus", "CORPUS")],
    **given: Any,
) -> None:
    """Draw where songs lie in the space, in two dimensions."""
    with on_terminal() as progress:
        table = api.map_songs(model, corpus, progress=progress, **given)
    print(f"{len(table)} songs on the map: {shown(Path(given.get('out', 'map')) / 'map.svg')}")


def _print(made: Any, columns: list[str]) -> None:
    """Say of each song what came of it."""
    for row in made.table.to_dict("records"):
        said = [f"{name} {row[name]:.2f}" for name in columns]
        if "mood judged" in row:
            said.append(f"judged {row['mood judged']} ({row['probability']:.2f})")
        said += [f"{name} {row[name]:.2f}" for name in ("similarity", "notes kept") if name in row]
        print(f"{row['song']}: {', '.join(said)}")
    print(shown(made.folder / "index.html"))


def add(group: typer.Typer) -> None:
    """Add the commands."""
    group.add_typer(app, name="space")
