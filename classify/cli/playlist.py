"""classify playlist: from songs to files that players read."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, limit, options, parameter
from classify.options import flag
from classify.options import options as read
from classify.playlists.output import Output
from classify.playlists.playlist import describe
from classify.playlists.request import Limits, Request
from classify.progress import on_terminal

#: Limits that may be `none`, with what values are called; the first is in percent here.
CHANGES = {"tempo_change": "PERCENT", "loudness_change": "STEPS"}


def add(app: typer.Typer) -> None:
    """Add the command."""
    limits = read(Limits)
    tempo = replace(limits["tempo_change"], default=f"{100 * limits['tempo_change'].default:g}")
    changes = {"tempo_change": tempo, "loudness_change": limits["loudness_change"]}
    command(
        app,
        options(api.playlists, without=["model", "library"]),
        options(
            Request,
            without=["mood"],
            flags={"start": "--from", "n_lists": "--lists", "pins": "--pin", "vetoes": "--veto"},
        ),
        options(Limits, without=CHANGES),
        [
            parameter(option, f"--{flag(name)}", CHANGES[name], parser=limit)
            for name, option in changes.items()
        ],
        options(Output, flags={"formats": "--format"}, metavars={"out": "NAME"}),
    )(playlist)


def playlist(
    model: Annotated[Path, argument(api.predict, "model", "MODEL")],
    library: Annotated[list[Path], argument(api.playlists, "library", "LIBRARY")],
    **given: Any,
) -> None:
    """Make a playlist for a mood from a library of songs.

    The best order of songs that the model is sure of, from the listener's present mood to the
    wanted one. It is no medical device.
    """
    if "tempo_change" in given:
        given["tempo_change"] /= 100
    given |= {name: None for name in CHANGES if given.get(name) == float("inf")}
    with on_terminal() as progress:
        made = api.playlists(model, *library, progress=progress, **given)
    for line in made.remarks:
        print(line)
    for one, missing in zip(made.playlists, made.missing, strict=True):
        print(*describe(one), *missing, sep="\n")
    print(*map(shown, made.paths), sep="\n")
