"""How the window and the channels were chosen, from what run.json records of it."""

from collections.abc import Iterator
from typing import Any

from classify.presentation.numbers import number, percent, points
from classify.report.blocks import Block, Table, TableRow, Text, columns
from classify.report.format import listed
from classify.report.run_view import View
from classify.representations.windows import CHANNELS

TITLE, ORDER = "How window and channels were chosen", 130

#: What each probe is, by what it was given.
PROBES = {"notes": "a random forest on notes", "features": "a logistic regression on features"}


def blocks(view: View) -> Iterator[Block]:
    """Show what was tried and chosen, where the run searched."""
    search = view.run.get("tuning")
    if not search:
        return
    yield Text(*sentences(view.run["settings"]["tune"], search))
    rows = []
    for one in search["candidates"]:
        chosen = one == search["chosen"]
        scores = [number(one["score"]), number(one["error"]), points(one["ahead"])]
        cells = [f"{named(one)}{' (chosen)' if chosen else ''}", *scores]
        cells += [number(one["ahead_error"]), f"{one['seconds']:.1f}"]
        rows.append(TableRow(cells, "best" if chosen else ""))
    titles = ("tried", "accuracy, %", "standard error", "points above the default")
    yield Table(columns(*titles, "standard error", "seconds"), rows)


def sentences(minutes: float, search: dict[str, Any]) -> list[str]:
    """Say what was chosen, on which songs, and how much was left untried."""
    first, chosen = search["candidates"][0], search["chosen"]
    probes = listed([PROBES[probe] for probe in search["probes"]])
    over = f" ({search['left']} more were not, for want of time)" if search["left"] else ""
    lines = [
        f"With {minutes:g} minutes to do so, the run chose its window and channels on the "
        f"{search['n_songs']} training songs: {len(search['candidates'])} candidates were tried"
        f"{over} with {probes}, over {search['n_folds']} inner folds. The test songs had no say."
    ]
    if chosen == first:
        lines.append(
            f"The default, {named(chosen)}, was kept: none was ahead of it by more than one "
            f"standard error."
        )
    else:
        lines.append(
            f"{named(chosen)} reached {percent(chosen['score'])} of the inner songs, "
            f"{points(chosen['ahead'])} points above the default, {named(first)} (standard error "
            f"{points(chosen['ahead_error'])}). As the best of several it is likely to flatter."
        )
    return lines


def named(candidate: dict[str, Any]) -> str:
    """Name a candidate: 200 notes with all channels."""
    everything = candidate["channels"] == list(CHANNELS)
    what = "all channels" if everything else " and ".join(candidate["channels"])
    return f"{candidate['window']} notes with {what}"
