"""classify transcribe: MIDI files of recordings."""

from pathlib import Path
from typing import Annotated, Any

import typer

from classify import api
from classify.addresses import shown
from classify.cli.options import argument, command, options
from classify.progress import on_terminal


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(app, options(api.transcribe, only=["transcriber", "force"]))(transcribe)


def transcribe(
    source: Annotated[Path, argument(api.transcribe, "source", "IN")],
    out: Annotated[Path, argument(api.transcribe, "out", "OUT")],
    **given: Any,
) -> int:
    """Make MIDI files of recordings (needs `make audio` once).

    Reads .wav, .mp3, .flac, .ogg, and .m4a with ffmpeg.
    """
    with on_terminal() as progress:
        done = api.transcribe(source, out, progress=progress, **given)
    print(f"Recordings that are MIDI files in {shown(out)} now: {len(done.written)}")
    if done.skipped:
        reasons = [f"  {item.name} {item.reason}" for item in done.skipped]
        print(f"Skipped: {len(reasons)}", *reasons, sep="\n")
    return 1 if done.skipped else 0
