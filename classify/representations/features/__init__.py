"""A window of notes to named musical quantities: what a musicologist would say of it.

Windows come as a `WindowBatch`; `compute` turns them into one row of numbers each, and `listed`
says what each number is: its name, unit, family and source. A feature is a column of a plain
function over a batch (see `registry`); the functions stand in one file per field: pitch, key,
melody, harmony, rhythm, metre, bars, dynamics, texture and instruments, repetition.

Every quantity is finite for every window of at least one note. Where there is nothing to measure
(no pair of notes, no melody, no time between onsets), means, shares, spreads, correlations and
ratios are 0; a tempo is 120 bpm and a swing ratio 1.
"""

import importlib
import pkgutil

from classify.representations.features.batch import WindowBatch, batch
from classify.representations.features.context import listed_of_songs, of_songs, whole, with_song
from classify.representations.features.registry import Feature, compute, listed

__all__ = [
    "Feature",
    "WindowBatch",
    "batch",
    "compute",
    "listed",
    "listed_of_songs",
    "of_songs",
    "whole",
    "with_song",
]

#: Columns come in this order, as in results that are published; then those of all other files.
FIRST = ("key", "melody", "rhythm", "metre", "bars")

for _name in (*FIRST, *(module.name for module in pkgutil.iter_modules(__path__))):
    importlib.import_module(f"{__name__}.{_name}")
