"""The networks, one file per family; each says how it is built, nothing else.

A module in this package offers

- `VARIANTS`: name on the command line to (title, keyword arguments of `build`),
- `INPUT`: the name of the representation that it is given (`classify.representations`),
- `build(n_notes, n_channels, n_classes, **options)`: an uncompiled Keras model from windows
  `(n_windows, n_notes, n_channels)` to class probabilities `(n_windows, n_classes)`;

- `ABLATIONS`, where there are any: more variants, each without one ingredient, which are compared
  by name only (`benchmarks/ablation.py`);

and, where it can start from an encoder that learned from songs without labels
(`classify.models.pretraining`),

- `encoder(n_notes, n_columns)`: an uncompiled Keras model from windows to steps and whether each is
  real, which `build` takes as `start`,
- `stride(n_notes)`: notes in one of its steps, a power of 2.

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
class Architecture:
    """One network that can be trained: a family in one of its variants.

    One that is not `in_groups` lacks an ingredient, and is in no group of models. `encoder` and
    `stride` are None where it cannot start from weights that are there already.
    """

    name: str
    title: str
    build: Callable[..., Any]
    input: str
    in_groups: bool = True
    encoder: Callable[[int, int], Any] | None = None
    stride: Callable[[int], int] | None = None


def find() -> dict[str, Architecture]:
    """Find every network in this package, by name, in the order of files and variants."""
    architectures = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for kind in ("VARIANTS", "ABLATIONS"):
            for name, (title, options) in getattr(module, kind, {}).items():
                architectures[name] = Architecture(
                    name,
                    title,
                    partial(module.build, **options),
                    module.INPUT,
                    kind == "VARIANTS",
                    getattr(module, "encoder", None),
                    getattr(module, "stride", None),
                )
    return architectures
