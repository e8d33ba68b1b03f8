"""Options: parameters of functions and fields of settings, each said once.

Name, type and default of an option stand in a signature, its meaning in the section `Parameters` of
the docstring (numpydoc). The command line, and whatever else asks a person for options, reads both
here, so that nothing is written a second time.

    options(Settings)["window"].help
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

from classify.errors import InputError

#: What an option without a default has instead.
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Option:
    """One option.

    Parameters
    ----------
    name : str
        As in the signature.
    type : type
        What a value is; a str where the annotation is one.
    default : object
        What counts unless another is given, or `REQUIRED`.
    help : str
        What it is, in sentences.
    """

    name: str
    type: Any
    default: Any
    help: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The values it may have, where they can be listed."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()


def options(source: Callable[..., Any]) -> dict[str, Option]:
    """Read the options of a function or of a dataclass, in the order of its signature.

    Parameters
    ----------
    source : callable
        With a docstring whose section `Parameters` says what each parameter is.

    Examples
    --------
    >>> options(options)["source"].help
    'With a docstring whose section Parameters says what each parameter is.'
    """
    texts = _parameters(inspect.getdoc(source) or "")
    return {
        name: Option(name, given.annotation, given.default, texts.get(name, ""))
        for name, given in inspect.signature(source).parameters.items()
        if given.kind is not inspect.Parameter.VAR_KEYWORD
    }


def _parameters(doc: str) -> dict[str, str]:
    """Read numpydoc's section `Parameters`: the text of each name."""
    _, _, section = doc.partition("Parameters\n----------\n")
    texts: dict[str, list[str]] = {}
    names: list[str] = []
    for line, following in pairwise([*section.splitlines(), ""]):
        if following.startswith("---"):
            break  # a headline
        if line.startswith(" "):
            for name in names:
                texts[name].append(line.strip().replace("`", ""))
        elif " : " in line:
            names = line.partition(" : ")[0].replace("*", "").split(", ")
            texts |= {name: [] for name in names}
    return {name: " ".join(lines) for name, lines in texts.items()}


def check_choices(settings: Any) -> None:
    """Refuse a value that is none of the choices of its field.

    Parameters
    ----------
    settings : dataclass
        Fields with choices are annotated with `Literal`.

    Raises
    ------
    InputError
        Naming the option and what is expected.
    """
    for option in options(type(settings)).values():
        value = getattr(settings, option.name)
        if option.choices and value not in option.choices:
            expected = ", ".join(filter(None, option.choices))
            raise InputError(f"--{flag(option.name)} {value}: expected one of {expected}")


def flag(name: str) -> str:
    """Give the name that an option has on the command line."""
    return name.replace("_", "-")


def check_names(given: Mapping[str, Any], known: Mapping[str, Any], what: str) -> None:
    """Refuse an option that there is not.

    Parameters
    ----------
    given : mapping
        Options by name.
    known : mapping
        All that there are, by name.
    what : str
        What they are options of, such as "setting".

    Raises
    ------
    InputError
        Naming those that there are.
    """
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(f"{unknown[0]!r} is no {what}; expected any of {', '.join(known)}")


def as_names(value: str | Sequence[str]) -> tuple[str, ...]:
    """Take names as one text, with commas or blanks, or one by one.

    Examples
    --------
    >>> as_names("knn, svm")
    ('knn', 'svm')
    """
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else tuple(value)
