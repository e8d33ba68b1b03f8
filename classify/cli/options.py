"""Commands made of functions: their options are read from the signatures that they go to.

An option that is not given is not passed on, so every default is the one of the Python interface.
"""

import functools
import inspect
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from classify.options import REQUIRED, Option, flag
from classify.options import options as read

#: How values of an option are called in help texts, where the type does not say enough.
METAVARS = {
    "window": "NOTES", "hop": "NOTES", "channels": "NAMES", "models": "NAMES", "folds": "K",
    "repeats": "R", "tune": "MINUTES", "init": "DIR", "out": "DIR", "model": "NAME",
    "origin": "RUN", "course": "FILE", "sure": "P", "of": "NAME", "label": "NAME",
    "mood": "MOOD", "start": "MOOD", "minutes": "M", "min_confidence": "P", "tempo": "LOW HIGH",
    "loudness": "LOW HIGH", "loudness_change": "STEPS", "pins": "SONG", "vetoes": "SONG",
    "moods": "FILE", "formats": "NAMES", "media_root": "DIR", "ext": "NAMES", "cluster": "DASK",
}  # fmt: skip

#: What a value has to be, by what it is called.
EXPECTED = {"MINUTES": "a number of minutes", "M": "a number of minutes", "P": "a probability"}

#: Letters of a wrong value that are shown.
SHOWN = 20

#: Parameters that are for Python only.
INTERNAL = ("progress", "command", "limits", "pictures")

#: Options that may be given several times; other lists are one text, with commas.
REPEATED = ("pins", "vetoes")


def number(kind: Callable[[str], Any], expected: str) -> Callable[[str], Any]:
    """Make a reader of numbers that refuses anything else in a few words.

    Parameters
    ----------
    kind : int or float
        What is read.
    expected : str
        What is accepted.
    """

    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
            raise typer.BadParameter(f"expected {expected}, not {shown!r}") from None

    return read


whole = number(int, "a whole number")
real = number(float, "a number")


def limit(text: str) -> float:
    """Read a number, or `none` for no limit, which is infinity here."""
    return float("inf") if text == "none" else real(text)


def options(
    source: Callable[..., Any],
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    flags: Mapping[str, str] | None = None,
    metavars: Mapping[str, str] | None = None,
    complete: Mapping[str, Callable[[], Sequence[str]]] | None = None,
) -> list[inspect.Parameter]:
    """Make options of a function's parameters or of a dataclass's fields.

    Parameters
    ----------
    source : callable
        As `classify.options.options` takes it.
    only, without : collection of str
        Which of them; all but those for Python only, unless given.
    flags : mapping of str to str, optional
        Names on the command line of those that are called otherwise there.
    metavars : mapping of str to str, optional
        What values are called, where it is not as in `METAVARS`.
    complete : mapping of str to callable, optional
        Names that a shell can complete an option with.

    Returns
    -------
    list of inspect.Parameter
        As `command` takes them.
    """
    chosen = [
        option
        for name, option in read(source).items()
        if name not in without and name not in INTERNAL and (not only or name in only)
    ]
    names = {option.name: f"--{flag(option.name)}" for option in chosen} | dict(flags or {})
    called = METAVARS | dict(metavars or {})
    return [
        parameter(option, names[option.name], called.get(option.name, ""),
                  (complete or {}).get(option.name))
        for option in chosen
    ]  # fmt: skip


def parameter(
    option: Option,
    name: str,
    metavar: str = "",
    complete: Callable[[], Sequence[str]] | None = None,
    parser: Callable[[str], Any] | None = None,
) -> inspect.Parameter:
    """Make one option.

    Parameters
    ----------
    option : Option
        What it is.
    name : str
        On the command line, with its dashes.
    metavar : str
        What a value is called.
    complete : callable, optional
        Names that a shell can complete it with.
    parser : callable, optional
        Reads a value, where its type does not say how.
    """
    kind, extra = _type(option)
    if kind is float and metavar in EXPECTED:
        extra["parser"] = number(float, EXPECTED[metavar])
    if parser:
        extra["parser"] = parser
    if option.default is True:
        name = f"{name}/--no-{name.removeprefix('--')}"
    if option.choices:
        metavar = f"[{'|'.join(filter(None, option.choices))}]"
        complete = lambda: option.choices  # noqa: E731
    if complete:
        extra["autocompletion"] = _completer(complete)
    if kind is not bool:
        extra["metavar"] = metavar or ("N" if kind is int else kind.__name__.upper())
    info = typer.Option(name, help=help_text(option), show_default=False, **extra)
    needed = option.default is REQUIRED
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=REQUIRED if needed else None,
        annotation=Annotated[kind if needed else kind | None, info],
    )


def _type(option: Option) -> tuple[Any, dict[str, Any]]:
    """Give the type that typer reads, and how it reads it."""
    kinds = [kind for kind in get_args(option.type) or (option.type,) if kind is not type(None)]
    if option.choices:
        return str, {}
    if option.name in REPEATED:
        return list[str], {}
    if tuple[float, float] in kinds:
        return tuple[float, float], {}
    for kind, extra in (
        (bool, {}),
        (int, {"parser": whole}),
        (float, {"parser": real}),
        (Path, {}),
    ):
        if kind in kinds:
            return kind, dict(extra)
    return str, {}


def help_text(option: Option) -> str:
    """Say what an option is, and what counts unless it is given."""
    text = option.help.removesuffix(".")
    if option.default in (None, REQUIRED, "", ()) or isinstance(option.default, bool):
        return text
    value = option.default
    shown = ",".join(value) if isinstance(value, tuple) else f"{value}".removesuffix(".0")
    return f"{text} (default: {shown})"


def argument(source: Callable[..., Any], name: str, metavar: str) -> Any:
    """Make what stands on a command line without a name of its own, of a function's parameter."""
    return typer.Argument(metavar=metavar, help=read(source)[name].help.removesuffix("."))


def _completer(names: Callable[[], Sequence[str]]) -> Callable[[str], list[str]]:
    """Make a shell complete the last of several names with commas."""

    def complete(incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in names() if name.startswith(begun)]

    return complete


class Command(TyperCommand):
    """A command whose help is for people: arguments without their Python types."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what goes on the command line, and what it means."""
        arguments: list[Any] = [p for p in self.params if p.param_type_name == "argument"]
        for one in arguments:
            one.display_type_rich = lambda ctx: None
        super().format_options(ctx, formatter)


def command(
    app: typer.Typer,
    *groups: list[inspect.Parameter],
    name: str = "",
    cls: type[TyperCommand] | None = None,
) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """Make a function a command with options that are passed to it as keywords, where given.

    Parameters
    ----------
    app : typer.Typer
        What it is a command of.
    *groups : list of inspect.Parameter
        As `options` gives them.
    name : str
        What it is called; as the function unless given.
    cls : type, optional
        A command class of typer's.
    """
    extra = [option for group in groups for option in group]

    def decorate(function: Callable[..., int | None]) -> Callable[..., int | None]:
        declared = [
            one
            for one in inspect.signature(function).parameters.values()
            if one.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        kept = {one.name for one in declared}

        @functools.wraps(function)
        def run(**values: Any) -> int:
            given = {k: v for k, v in values.items() if k in kept or v not in (None, [], ())}
            try:
                return function(**given) or 0
            except BrokenPipeError:  # `classify ... | head`
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return 0

        positional = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in declared]
        run.__signature__ = inspect.Signature([*positional, *extra])  # type: ignore[attr-defined]
        app.command(name or function.__name__, cls=cls or Command)(run)
        return function

    return decorate
