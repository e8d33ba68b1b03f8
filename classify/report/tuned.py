"""The section on how the window and the channels were chosen, from what run.json records of it."""

from typing import Any

from classify.presentation.figures import Drawings
from classify.report import words
from classify.report.view import View
from classify.representations.windows import CHANNELS

#: What each probe is, by what it was given.
PROBES = {"notes": "a random forest on notes", "features": "a logistic regression on features"}


def read(view: View) -> dict[str, Any] | None:
    """Give what was tried and chosen; None for a run that was not tuned."""
    return view.run.get("tuning")


def drawings(view: View, content: Any) -> Drawings:
    """Give no picture."""
    return {}


def sentences(run: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Say what was chosen, on which songs, and how much was left untried."""
    first, chosen = found["candidates"][0], found["chosen"]
    minutes = run["settings"]["tune"]
    probes = words.listed([PROBES[probe] for probe in found["probes"]])
    over = f" ({found['left']} more were not, for want of time)" if found["left"] else ""
    lines = [
        f"With {minutes:g} minutes to do so, the run chose its window and channels on the "
        f"{found['n_songs']} training songs: {len(found['candidates'])} candidates were tried"
        f"{over} with {probes}, over {found['n_folds']} inner folds. The test songs had no say."
    ]
    if chosen == first:
        lines.append(
            f"The default, {named(chosen)}, was kept: none was ahead of it by more than one "
            f"standard error."
        )
    else:
        lines.append(
            f"{named(chosen)} was right for {words.percent(chosen['score'])} of the inner songs, "
            f"{words.points(chosen['ahead'])} points above the default, {named(first)} (standard "
            f"error {words.points(chosen['ahead_error'])}). As the best of several it is likely to "
            f"flatter."
        )
    return lines


def named(candidate: dict[str, Any]) -> str:
    """Name a candidate: 200 notes, all channels."""
    whole = candidate["channels"] == list(CHANNELS)
    what = "all channels" if whole else " and ".join(candidate["channels"])
    return f"{candidate['window']} notes with {what}"
