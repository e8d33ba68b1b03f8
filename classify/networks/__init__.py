"""The networks, one file per family; each says how it is built, nothing else.

A module in this package offers

- `FORMS`: name on the command line to (title, keyword arguments of `build`),
- `INPUT`: what it is given, as in `classify.models.Spec`; `notes` unless it says so,
- `build(n_notes, n_channels, n_classes, **form)`: an uncompiled Keras model from windows
  `(n_windows, n_notes, n_channels)` to class probabilities `(n_windows, n_classes)`.

Keras is imported inside `build`, so that listing the networks costs nothing; layers of our own are
in the package `blocks`, which only `build` imports. A new file here adds its rows to the report; no
list is edited.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Form:
    """One network that can be trained: a family in one of its forms."""

    name: str
    title: str
    build: Callable[[int, int, int], Any]
    input: str = "notes"


def find() -> dict[str, Form]:
    """Find every network in this package, by name, in the order of files and forms."""
    forms = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for name, (title, options) in getattr(module, "FORMS", {}).items():
            what = getattr(module, "INPUT", "notes")
            forms[name] = Form(name, title, partial(module.build, **options), what)
    return forms
