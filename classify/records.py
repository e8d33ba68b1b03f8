"""What is kept of a run or a model as JSON: typed, whole and right, or refused in one sentence.

A record is a `msgspec.Struct`. Reading one checks every field: a field that is unknown, missing,
repeated or of another type is named with its file, its value and what would be accepted. Nothing in
a record says where on a disk things were when it was written: `portable` shortens such paths, and
`remember` keeps them on this machine only, so that they are found again here. `versions` says what
a result was made with.
"""

import hashlib
import json
import os
import platform
import re
import types
import typing
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from classify.errors import InputError
from classify.files import cache_folder, write_text

#: This toolkit's version, as it was installed.
VERSION = version("classify")

#: Libraries whose versions a result records.
LIBRARIES = (
    "tensorflow",
    "keras",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "symusic",
    "mido",
    "music21",
)

#: A 95 % interval's end, a share: from 0 to 1.
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

#: A number above 0.
Positive = Annotated[float, msgspec.Meta(gt=0)]

#: How often something occurs.
Count = Annotated[int, msgspec.Meta(ge=0)]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all records share: fields cannot be changed, and others than those named are refused."""

    def as_dict(self) -> dict[str, Any]:
        """Give plain dictionaries and lists, as JSON has them.

        Examples
        --------
        >>> class Point(Record):
        ...     x: float
        >>> Point(1.5).as_dict()
        {'x': 1.5}
        """
        plain = msgspec.to_builtins(self, enc_hook=lambda number: number.item())  # NumPy's
        return json.loads(json.dumps(plain))  # tuples become lists


R = TypeVar("R")


def loads(text: str) -> Any:
    """Read JSON, and refuse a key that is given twice.

    Raises
    ------
    ValueError
        If it is not JSON.
    DuplicateKey
        If an object gives a key twice.

    Examples
    --------
    >>> loads('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    classify.records.DuplicateKey: the key 'a' is given twice
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise DuplicateKey(f"the key {twice!r} is given twice")
        return value

    return json.loads(text, object_pairs_hook=unique)


class DuplicateKey(ValueError):
    """An object in a JSON text gives a key twice, so nobody can say which value holds."""


def typed(value: Any, kind: type[R], file: Path) -> R:
    """Turn plain JSON values into a record.

    Parameters
    ----------
    value : Any
        As `loads` gives it.
    kind : type
        The record.
    file : Path
        Named in refusals.

    Raises
    ------
    InputError
        If a field is unknown, missing, or of a wrong type or value.

    Examples
    --------
    >>> class Point(Record):
    ...     x: float
    >>> typed({"x": "far"}, Point, Path("p.json"))
    Traceback (most recent call last):
    classify.errors.InputError: p.json: x is 'far'; expected a number
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{file}: {_sentence(str(error), value, kind)}") from None


# --- a refusal in plain words

_NAMES = {
    "float": "a number", "int": "a whole number", "str": "text", "bool": "true or false",
    "null": "null", "array": "a list", "object": "an object",
}  # fmt: skip
_STEP = re.compile(r"\.([^.\[]+)|\[(\.\.\.|\d+)\]")


def _sentence(error: str, value: Any, kind: Any) -> str:
    """Say in plain words what msgspec found, and where."""
    found = re.fullmatch(r"(.*?)(?: - at (?:`key` in )?`\$(.*)`)?", error, re.DOTALL)
    assert found is not None
    what, path = found[1], found[2] or ""
    name, value, kind = _at(path, value, kind)
    inside = f" in {name}" if name else ""
    if field := re.fullmatch("Object contains unknown field `(.*)`", what):
        return (
            f"has an unknown field {field[1]!r}{inside}; expected any of {', '.join(_fields(kind))}"
        )
    if field := re.fullmatch("Object missing required field `(.*)`", what):
        return (
            f"lacks the field {field[1]!r}{inside}; expected {_expected(_fields(kind)[field[1]])}"
        )
    if what.startswith("Invalid enum value"):
        choices = ", ".join(map(str, typing.get_args(kind)))
        return f"{name} is {value!r}; expected one of {choices}"
    shown = {"{": "an object", "[": "a list"}.get(json.dumps(value, default=str)[:1])
    shown = shown or ("null" if value is None else repr(value)[:80])
    wanted = re.sub(r", got `.*`$", "", what.removeprefix("Expected "))
    return f"{name or 'it'} is {shown}; expected {_plain(wanted)}"


def _plain(wanted: str) -> str:
    """Put JSON's type names into words: `float | null` becomes a number or null."""
    named = re.sub(r"`([^`]*)`", lambda m: " or ".join(
        _NAMES.get(part, part) for part in m[1].split(" | ")), wanted)  # fmt: skip
    return (
        named.replace(" >= ", " of at least ")
        .replace(" <= ", " of at most ")
        .replace(" > ", " above ")
        .replace(".0", "")
    )


def _expected(kind: Any) -> str:
    """Say what a field takes, by trying a value that no field takes."""
    try:
        msgspec.convert(object(), kind)
    except msgspec.ValidationError as error:
        return _plain(re.sub(r", got `.*`$", "", str(error).removeprefix("Expected ")))
    return "any value"


def _at(path: str, value: Any, kind: Any) -> tuple[str, Any, Any]:
    """Follow a path to what stands at its end: how to call it, the value, and its type."""
    name = ""
    for field, place in _STEP.findall(path):
        if field:
            name += f".{field}"
            value, kind = value[field], _fields(kind)[field]
            continue
        kind = [one for one in typing.get_args(_solid(kind)) if one is not Ellipsis][-1]
        if place == "...":  # a key that msgspec does not tell
            key = next(key for key, one in value.items() if not _fits(one, kind))
            name, value = f"{name}.{key}", value[key]
        else:
            name, value = f"{name}[{place}]", value[int(place)]
    return name.removeprefix("."), value, kind


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _solid(kind: Any) -> Any:
    """Give the one type of several that is not null, without its bounds."""
    if typing.get_origin(kind) is Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next(_solid(one) for one in typing.get_args(kind) if one is not type(None))
    return kind


def _fields(kind: Any) -> dict[str, Any]:
    """Name the fields of a record or dataclass, each with its type."""
    solid = _solid(kind)
    if isinstance(solid, type) and issubclass(solid, msgspec.Struct):
        return {field.encode_name: field.type for field in msgspec.structs.fields(solid)}
    return typing.get_type_hints(solid)


# --- places on this machine

_ABSOLUTE = re.compile(r"'(/[^'\n]+)'|\"(/[^\"\n]+)\"|(?<![\w/.~])(/(?!/)[^\s'\"]+)")


def portable(text: str) -> str:
    """Shorten the paths in a text to what means something on another machine.

    Paths below the working directory become relative to it, others keep their name only.

    Examples
    --------
    >>> portable("classify train /data/emopia --out models/mine")
    'classify train emopia --out models/mine'
    >>> portable("emopia:/data/EMOPIA_2.2")
    'emopia:EMOPIA_2.2'
    """
    here = Path.cwd()

    def shortened(found: re.Match[str]) -> str:
        path = Path(next(filter(None, found.groups())))
        short = str(path.relative_to(here)) if path.is_relative_to(here) else path.name
        return found[0].replace(str(next(filter(None, found.groups()))), short or str(path))

    return _ABSOLUTE.sub(shortened, text)


def remember(key: str, place: str) -> None:
    """Keep on this machine where something is that a record names, such as a corpus's songs.

    Parameters
    ----------
    key : str
        What it is known by: a hash of its content.
    place : str
        Where it is, as it was given.
    """
    write_text(_memory(key), place)


def recall(key: str, otherwise: str) -> str:
    """Give the place kept under a key, or `otherwise` where this machine knows none."""
    file = _memory(key)
    return file.read_text(encoding="utf-8") if file.is_file() else otherwise


def _memory(key: str) -> Path:
    return cache_folder() / "places" / hashlib.sha256(key.encode()).hexdigest()[:32]


def versions() -> dict[str, str]:
    """Name everything that models are trained with, the Keras backend too."""
    return {
        "python": platform.python_version(),
        "keras backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        **{name: version(name) for name in LIBRARIES},
    }
