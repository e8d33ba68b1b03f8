"""The command line: it parses, calls `classify.api`, and prints.

Each command is a file beside this one. Nothing heavy is imported before a command runs, so that
`classify --help` answers at once.
"""

import io
import shlex
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from classify.errors import InputError

#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130

#: Letters of the longest sentence.
LONGEST = 1500

#: Every command: a file beside this one, whose `add` adds it.
COMMANDS = (
    "compare",
    "compare-generators",
    "report",
    "corpus",
    "transcribe",
    "pretrain",
    "train",
    "predict",
    "generate",
    "space",
    "enrich",
    "adapt",
    "suggest",
    "playlist",
    "explain",
    "cache",
    "doctor",
    "app",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"classify {version('classify')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options that go before a command."""


def commands(name: str = "") -> typer.Typer:
    """Make the command line: of one command where its name is known, or of all.

    Reading the options of a command imports what they belong to, so a command that runs does not
    read those of the others.
    """
    app = typer.Typer(
        name="classify",
        help="Compare networks and classical models on a folder of labelled songs.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_options)
    for command in (name,) if name in COMMANDS else COMMANDS:
        import_module(f"classify.cli.{command.replace('-', '_')}").add(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill is a Ctrl-C
    for stream in (sys.stdout, sys.stderr):  # a title that the terminal cannot show is no error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = commands(given[0] if given else "")(
            given,
            prog_name="classify",
            standalone_mode=False,
            obj=shlex.join(["classify", *given]),
        )
    except InputError as error:
        return _refuse(str(error))
    except typer.TyperException as error:
        return _refuse(_sentence(error))
    except OSError as error:  # no right to read or write there, a full disk, a name too long
        return _refuse(f"{error.filename or 'a file'}: {error.strerror or error}")
    except MemoryError as error:
        return _refuse(f"not enough memory ({error}); smaller --window or --jobs need less")
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:  # typer's answer to Ctrl-C
        print(
            "\nclassify: stopped. Models that had finished are kept; "
            "the same command goes on from there.",
            file=sys.stderr,
        )
    return status or 0


def _refuse(message: str) -> int:
    if len(message) > LONGEST:  # it quotes what was given
        message = f"{message[: LONGEST // 2]} … {message[-LONGEST // 2 :]}"
    print(f"classify: {message}", file=sys.stderr)
    return 2


def _sentence(error: typer.TyperException) -> str:
    """Say in one sentence what is wrong with a command line."""
    message = " ".join(error.format_message().split()).rstrip(".")
    if message.startswith("Invalid value for "):
        message = message.removeprefix("Invalid value for ").replace("'", "", 2)
    context = getattr(error, "ctx", None)
    place = context.command_path if context else "classify"
    return f"{message[0].lower()}{message[1:]} (see {place} --help)"
