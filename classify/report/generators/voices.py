"""The chapter about voices: parallels beside those of real songs, and what networks know."""

from collections.abc import Callable, Iterator

from classify.evaluation.intervals import Estimate
from classify.generation.measures import HELD_OUT
from classify.generation.voice_measures import OF_FRAME, OF_NOTE
from classify.report.blocks import Block, Cell, Table, TableRow, columns
from classify.report.generators.data import GeneratorsView

TITLE = "How are voices led?"

#: What is counted of every set of songs.
PARALLELS = ("parallel fifths", "parallel octaves")


def there_are_any(view: GeneratorsView) -> bool:
    """Say whether real songs have voices to compare."""
    return view.get(HELD_OUT, "voices", PARALLELS[0]) is not None


def blocks(view: GeneratorsView, cell: Callable[[Estimate | None], Cell]) -> Iterator[Block]:
    """Give the chapter; `cell` lays out a value with its interval."""
    rows = []
    for name in view.sets:
        found = [view.get(name, "voices", of) for of in (*PARALLELS, OF_NOTE, OF_FRAME)]
        if any(found):
            kind = "reference" if name == HELD_OUT else ""
            rows.append(TableRow([view.title(name), *map(cell, found)], kind))
    yield Table(
        columns("songs", *PARALLELS, OF_NOTE, OF_FRAME),
        rows,
        "Pairs of voices that move from a fifth to a fifth, or from an octave or unison to "
        "another, in the same direction, per 100 chords: means over songs of two or more voices, "
        "with 95 % intervals. Nats are of held-out songs, lower is better, for networks that write "
        "voices: a note given all other notes, and the pitches of a frame when frames become known "
        "in random order. The two are different protocols, never to be compared; nor are notes of "
        "Coconet, which sees what pitch sounds a step later, with those of DeepBach, which sees "
        "only that it is held.",
    )
