"""The report's sentences and number formats."""

from typing import Any

from classify.progress import duration
from classify.report.view import SIGNIFICANT, Row, Score, View

#: Test songs of a class, and a fifth of the test groups, below which intervals are rough.
FEW = 10

SPLITS = {
    "song": "by song: all windows of a song, and all songs of a group, are on one side",
    "window": "by window, as Chen and Wang did: windows of one song are on both sides",
    "given": "as the split column of the corpus says",
}


def number(value: float) -> str:
    """Write a share as a number of percent, for a column that says so: 42.1."""
    return f"{100 * value:.1f}"


def percent(value: float) -> str:
    """Write a share as a percentage: 42.1 %."""
    return f"{100 * value:.1f} %"


def span(score: Score) -> str:
    """Write an interval in percent: 35.0–48.9."""
    return f"{number(score.low)}–{number(score.high)}"


def p_text(row: Row) -> str:
    """Write a row's p value against the best model: `.030` or `< .001`."""
    if row.failed or row.p_value is None:
        return "–"
    return "< .001" if row.p_value < 0.001 else f"{row.p_value:.3f}".lstrip("0")


def best_values(row: Row) -> str:
    """Write the grid values or the epoch that the inner folds chose."""
    return ", ".join(f"{key} {value}" for key, value in row.facts.get("best", {}).items()) or "–"


def parameters(row: Row) -> str:
    """Write a network's number of parameters."""
    count = row.facts.get("parameters")
    return f"{count:,}" if count else "–"


def seconds(row: Row, which: str) -> str:
    """Write how long a row's fit or prediction took; `which` is train or predict."""
    value = row.facts[f"seconds_{which}"]
    return duration(value) if value >= 1 else f"{value:.2f} s"


def warnings(view: View) -> list[str]:
    """Say what a reader must know before any number: a leak, a quick run, failures."""
    lines = []
    split = view.run["split"]
    if split["shared"] > 0:
        lines.append(_leak(split))
    if view.run["settings"]["quick"]:
        lines.append(
            "This is a quick run (small grids, and few epochs unless more were asked for): "
            "it shows the road, and its scores are not for publication."
        )
    if view.scored and (scarce := _scarce(view)):
        lines.append(scarce)
    lines += [f"{row.title} failed and has no scores: {row.failed}." for row in view.failures]
    return lines


def _scarce(view: View) -> str:
    """Say so where the test part is too small for its intervals to be trusted."""
    counts = view.scored[0].confusion
    assert counts is not None
    fewest = int(counts.sum(axis=1).min())
    if view.n_test_groups >= 5 * FEW and fewest >= FEW:
        return ""
    return (
        f"The test part is small ({view.n_test_songs} songs in {view.n_test_groups} groups, "
        f"{fewest} of the rarest class): intervals may be too narrow at this size, and scores may "
        f"differ much with another split."
    )


def _leak(split: dict[str, Any]) -> str:
    """Say that a split leaks and by how much."""
    text = (
        f"This split leaks: {percent(split['shared'])} of the test windows come from songs (or "
        f"groups of songs) that were also trained on, so scores below are not those of new songs."
    )
    probes = split.get("probes", [])
    gains = [
        f"a {probe['title']} {percent(probe['leaking'])} where it reaches "
        f"{percent(probe['honest'])} with songs kept whole ({probe['points']:+.0f} points)"
        for probe in probes
    ]
    if not gains:
        return f"{text} Classes have too few groups of songs to measure by how much."
    return f"{text} Measured on these windows, it gives {' and '.join(gains)}."


def summary(view: View) -> list[str]:
    """Say in plain sentences which model is best, and whether that means anything."""
    if not view.contenders:
        return ["Only the majority class was scored."]
    best = view.contenders[0]
    score = best.score()
    level = [row.title for row in view.contenders if row.score().value == score.value]
    most = f"{best.title} is" if len(level) == 1 else f"{_listed(level)} are"
    lines = [
        f"{most} right most often: for {percent(score.value)} of the "
        f"{view.n_test_songs} test songs (95 % interval {span(score)} %)."
    ]
    if len(view.contenders) == 1:
        lines[0] = lines[0].replace("most often: ", "")
    lines += [_against_majority(view, best)] if view.majority else []
    lines += [_lead(view, best)] if len(view.contenders) > 1 else []
    lines += _one_class(view)
    return lines


def _against_majority(view: View, best: Row) -> str:
    majority = view.majority
    assert majority is not None
    floor = majority.score().value
    points = 100 * (best.score().value - floor)
    start = f"Always answering the majority class is right for {percent(floor)}"
    if points <= 0:
        return f"{start}, so no model is right more often than that."
    real = majority.p_value is not None and majority.p_value < SIGNIFICANT
    verdict = "more than chance gives" if real else "which could be chance"
    return (
        f"{start}; {best.title} is {points:.1f} points above that, {verdict} "
        f"(adjusted p {p_text(majority)})."
    )


def _lead(view: View, best: Row) -> str:
    """Say how far the best model is ahead of the next, and of which it cannot be told."""
    second = view.contenders[1]
    points = 100 * (best.score().value - second.score().value)
    alike = [row.title for row in view.contenders[1:] if (row.p_value or 0) >= SIGNIFICANT]
    if not alike:
        return (
            f"Its lead of {points:.1f} points over the next, {second.title}, is more than chance "
            f"gives (adjusted p {p_text(second)}, exact McNemar test)."
        )
    if len(alike) == len(view.contenders) - 1 > 1:
        which = f"any of the {len(alike)} other models"
    else:
        which = _listed(alike)
    if points == 0:
        return f"On these songs no test tells {best.title} from {which}."
    verdict = "could be" if second.title in alike else "is more than"
    start = f"Its lead of {points:.1f} points over the next, {second.title}, {verdict} chance"
    return f"{start}; on these songs no test tells it from {which}."


def _one_class(view: View) -> list[str]:
    stuck = [row for row in view.contenders if row.only_answer]
    return [
        f"{row.title} answers {row.only_answer!r} for every test window: it has not learned to "
        f"tell the classes apart."
        for row in stuck
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def corpus_lines(run: dict[str, Any]) -> list[str]:
    """Describe corpus, windows and split in sentences."""
    corpus, windows, parts = run["corpus"], run["windows"], run["split"]["parts"]
    counts = windows["counts"]
    lines = [
        f"{corpus['songs']} songs in {corpus['groups']} groups; songs of one group are never parted"
        + (" (except by this split)." if run["split"]["shared"] > 0 else "."),
        f"Windows of {windows['window']} notes, one every {windows['hop']}; channels: "
        f"{', '.join(windows['channels'])}"
        + (
            ", unscaled." if run["settings"]["recipe"] == "paper" else ", scaled on training songs."
        ),
        f"{counts['full']} windows are full; {counts['padded_songs']} hold a whole song shorter "
        f"than a window and {counts['padded_tails']} the tail of a song, padded on the left; "
        f"{counts['dropped_tails']} tails of less than half a window were dropped "
        f"({counts['dropped_notes']} notes).",
        f"Split {SPLITS[run['split']['kind']]}. Training part: {parts['train']['songs']} songs, "
        f"{parts['train']['windows']} windows; test part: {parts['test']['songs']} songs, "
        f"{parts['test']['windows']} windows.",
    ]
    if corpus["copies"]:
        lines.append(
            f"{corpus['copies']} songs are byte for byte the same as another, "
            f"{corpus['contradictions']} of them under another label; copies share a group."
        )
    lines += [corpus["note"]] if corpus.get("note") else []
    lines += run["split"]["notes"]
    padded = [m["title"] for m in run["models"].values() if m.get("padding") == ["same"]]
    if padded:
        lines.append(
            f"Windows are shorter than the 211 notes that {_listed(padded)} need as published, so "
            f"their convolutions pad (same instead of valid)."
        )
    return lines


def device(run: dict[str, Any]) -> str:
    """Name what the networks ran on."""
    devices = {
        m["device"] for m in run["models"].values() if m["kind"] == "network" and "device" in m
    }
    return "; ".join(sorted(devices)) or "no network was trained"
