"""The report's sentences and number formats."""

from collections import Counter
from typing import Any

from classify.evaluation.significance import ROPE
from classify.experiments.manifest import started
from classify.progress import duration
from classify.report.sureness import SURE
from classify.report.view import Row, Score, View

#: Test songs of a class, and a fifth of the test groups, below which intervals are rough.
FEW = 10

#: Pairs of songs that stand twice, as a share of all songs, that a reader must know of first.
TOO_MANY = 0.02

#: So many models at most are all named in a sentence.
MOST_NAMES = 5

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


def points(value: float) -> str:
    """Write a difference of two shares in points, with a proper minus: −1.0."""
    return f"{100 * value:.1f}".replace("-0.0", "0.0").replace("-", "−")


def chance(probability: float) -> str:
    """Write a probability as whole percent that are never nothing or everything: < 1 %."""
    if probability < 0.005:
        return "< 1 %"
    return "> 99 %" if probability >= 0.995 else f"{100 * probability:.0f} %"


def p_text(row: Row) -> str:
    """Write a row's p value against the best model: `.030` or `< .001`."""
    if row.difference is None:
        return "–"
    p_value = row.difference.p_value
    return "< .001" if p_value < 0.0005 else f"{p_value:.3f}".lstrip("0")


def best_values(row: Row) -> str:
    """Write the grid values or the epoch that the inner folds chose, with counts over the fits."""
    chosen = [fit.get("best", {}) for fit in row.fits]
    keys = list(dict.fromkeys(key for best in chosen for key in best))
    return ", ".join(f"{key} {_counted([best.get(key) for best in chosen])}" for key in keys) or "–"


def _counted(values: list[Any]) -> str:
    """Write the distinct values and how often each was chosen; the range of many numbers."""
    counts = Counter(v if isinstance(v, int | float) else str(v) for v in values)
    if len(counts) == 1:
        return str(values[0])
    if len(counts) > 3 and all(isinstance(value, int | float) for value in counts):
        return f"{min(counts)} to {max(counts)}"
    return " or ".join(f"{value} ({count}×)" for value, count in counts.most_common())


def parameters(row: Row) -> str:
    """Write a network's number of parameters."""
    count = row.fits[0].get("parameters")
    return f"{count:,}" if count else "–"


def seconds(row: Row, which: str) -> str:
    """Write how long all of a row's fits or predictions took; `which` is train or predict."""
    spent = [fit[key] for fit in row.fits if (key := f"seconds_{which}") in fit]
    if len(spent) < len(row.fits):
        return "–"
    value = sum(spent)
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
    n_twice, corpus = len(apart(view.run["corpus"])), view.run["corpus"]
    if n_twice > TOO_MANY * corpus["songs"] and not corpus["duplicates"]["merged"]:
        lines += twice(corpus)
    if view.scored and (scarce := _scarce(view)):
        lines.append(scarce)
    if view.run.get("pretrained"):
        lines.append(started(view.run["pretrained"]))
    lines += [f"{row.title} failed and has no scores: {row.failed}." for row in view.failures]
    return lines


def _scarce(view: View) -> str:
    """Say so where the test part is too small for its intervals to be trusted."""
    counts = view.scored[0].confusion
    assert counts is not None
    fewest = int(counts.sum(axis=1).min()) // view.n_repeats
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


def tested(view: View) -> str:
    """Say which songs a score is of: `40 test songs`, or how often each song was tested."""
    if view.n_folds == 1:
        return f"{view.n_test_songs} test songs"
    return f"{view.n_test_songs} songs, {folds(view)}"


def folds(view: View) -> str:
    """Say how often each song was tested over folds."""
    if view.n_repeats == 1:
        return f"each tested once in {view.n_folds} folds"
    return f"each tested once in each of {view.n_repeats} repeats of {view.n_folds} folds"


def part_songs(view: View) -> str:
    """Say over how many songs the table of songs goes, and what its small figures are."""
    if view.n_folds == 1:
        return f"Test part: {view.n_test_songs} songs."
    return (
        f"{tested(view)}; ± is the standard deviation of accuracy over "
        f"{view.n_folds * view.n_repeats} folds, in points."
    )


def adjusted_over(view: View) -> str:
    """Say over what p values are adjusted."""
    if view.n_folds > 1:
        return "the comparisons shown"
    return "all pairs of models, and against the majority class over all models"


def how_tested(view: View) -> str:
    """Say how differences were tested, and what to beware of."""
    end = (
        f"p values are Holm-adjusted over {adjusted_over(view)}; intervals are of one difference "
        f"each and not adjusted."
    )
    if view.n_folds == 1:
        return (
            "Exact McNemar test by groups of songs; intervals are bootstrap percentiles over "
            f"groups of songs. {end} One hold-out gives no probability that a model is really "
            "better: --folds gives one."
        )
    return (
        f"Each fold is one value: its difference in accuracy on songs, {view.n_repeats} × "
        f"{view.n_folds} of them. Points are their mean, which can differ a little from the "
        "difference of the scores of all songs together. Tests and intervals are the t test of "
        "Nadeau and Bengio, corrected for training songs that folds share. "
        f"{end} Probabilities are those of the Bayesian correlated t test; as good means within "
        f"{100 * ROPE:.0f} point either way. The best model was picked by these very scores, which "
        "flatters its probabilities a little."
    )


def how_calibrated(view: View) -> str:
    """Say what stands in the tables of calibration."""
    repeats = "; over repeats, a song counts once for each" if view.n_repeats > 1 else ""
    return (
        "A temperature above 1 says that the model was too sure of itself; it is fitted inside the "
        "training part and changes no answer. Calibration error: mean distance between confidence "
        "and accuracy in bins of equally many songs (ECE). Brier score: squared distance from the "
        "true class, 0 to 2. AURC: area under the curve of wrong answers by songs kept. For all "
        "of these, less is better. Sets are conformal: their limit, too, comes from songs inside "
        f"the training part. Measured on test songs{repeats}."
    )


def summary(view: View) -> list[str]:
    """Say in three to six plain sentences which model is best, and whether that means anything."""
    if not view.contenders:
        return _no_model(view)
    best = view.contenders[0]
    lines = [_best(view, best)]
    lines += [_against_majority(view, best)] if view.majority else []
    if len(view.contenders) > 1:
        lines.append(_lead(view, best))
    else:
        lines.append(f"No other model has scores that {best.title} could be compared with.")
    lines += _sure(best)
    lines += _front(view)
    lines += _one_class(view)
    return lines


def _no_model(view: View) -> list[str]:
    if not view.majority:
        return ["No model has scores."]
    return [
        "Only the majority class was scored.",
        f"Always answering it is right for {percent(view.majority.score().value)} of the "
        f"{tested(view)}.",
        "Whether a model can tell the classes apart is not known from this run.",
    ]


def _best(view: View, best: Row) -> str:
    score = best.score()
    level = [row.title for row in view.contenders if row.score().value == score.value]
    most = f"{best.title} is" if len(level) == 1 else f"{listed(level)} are"
    often = "right most often: for" if len(view.contenders) > 1 else "right for"
    return (
        f"{most} {often} {percent(score.value)} of the {tested(view)} "
        f"(95 % interval {span(score)} %)."
    )


def _against_majority(view: View, best: Row) -> str:
    majority = view.majority
    assert majority is not None and majority.difference is not None
    floor = majority.score().value
    ahead = best.score().value - floor
    start = f"Always answering the majority class is right for {percent(floor)}"
    if ahead <= 0:
        return f"{start}, so no model is right more often than that."
    verdict = "more than chance gives" if majority.difference.real else "which could be chance"
    return (
        f"{start}; {best.title} is {points(ahead)} points above that, {verdict} "
        f"(adjusted p {p_text(majority)})."
    )


def _lead(view: View, best: Row) -> str:
    """Say how far the best model is ahead of the next, and of which it cannot be told."""
    second = view.contenders[1]
    ahead = best.score().value - second.score().value
    others = view.contenders[1:]
    alike = [row.title for row in others if row.difference and not row.difference.real]
    start = f"Its lead of {points(ahead)} points over the next, {second.title},"
    if not alike:
        return (
            f"{start} is more than chance gives (adjusted p {p_text(second)}, {test_name(view)})."
        )
    which = listed(alike)
    if len(alike) > MOST_NAMES:
        which = f"{len(alike)} of the {len(others)} other models"
    if len(alike) == len(others) > 1:
        which = f"any of the {len(alike)} other models"
    if ahead == 0:
        return f"On these songs no test tells {best.title} from {which}."
    verdict = "could be" if second.title in alike else "is more than"
    return (
        f"{start} {verdict} chance{_really(second)}; on these songs no test tells it from {which}."
    )


def test_name(view: View) -> str:
    """Name the test of differences."""
    return "exact McNemar test" if view.n_folds == 1 else "corrected t test over folds"


def _really(second: Row) -> str:
    if second.difference is None or second.difference.chances is None:
        return ""
    better = second.difference.chances.a_better
    return f" (with {chance(better)} probability it is really better)"


def _sure(best: Row) -> list[str]:
    """Say what acting only on sure answers would bring."""
    found = best.sureness
    if found is None or not found.calibrated:
        return []
    if not found.kept:
        return [f"{best.title} is not {100 * SURE:.0f} % sure of any song."]
    return [
        f"Of the {percent(found.kept)} of songs that {best.title} is at least {100 * SURE:.0f} % "
        f"sure of, {percent(found.wrong)} are answered wrongly."
    ]


def _front(view: View) -> list[str]:
    """Name the models of which none is both slower and less often right than another."""
    front = view.front
    if len(front) < 2:
        return []
    named = [f"{row.title} ({seconds(row, 'train')})" for row in front]
    if len(named) > MOST_NAMES:
        named = [*named[:2], f"{len(named) - 4} more", *named[-2:]]
    return [
        f"On the front of accuracy against training time, roughly measured, are {listed(named)}: "
        f"no other model was as fast and as often right."
    ]


def _one_class(view: View) -> list[str]:
    """Name the models that answer one class throughout, in one sentence."""
    stuck = [row for row in view.contenders if row.only_answer]
    if not stuck:
        return []
    if len(stuck) == 1:
        return [
            f"{stuck[0].title} answers {stuck[0].only_answer!r} for every test window: it has not "
            f"learned to tell the classes apart."
        ]
    return [
        f"{listed([row.title for row in stuck])} each give one and the same answer for every test "
        f"window: they have not learned to tell the classes apart."
    ]


def listed(names: list[str]) -> str:
    """Join names to `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def corpus_lines(run: dict[str, Any]) -> list[str]:
    """Describe corpus, windows and split in sentences."""
    corpus, windows = run["corpus"], run["windows"]
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
        _split(run["split"]),
    ]
    if corpus["copies"]:
        lines.append(
            f"{corpus['copies']} songs are byte for byte the same as another, "
            f"{corpus['contradictions']} of them under another label; copies share a group."
        )
    lines += twice(corpus)
    lines += [corpus["note"]] if corpus.get("note") else []
    lines += run["split"]["notes"]
    padded = [
        m["title"]
        for m in run["models"].values()
        if any(fit.get("padding") == ["same"] for fit in m.get("fits", []))
    ]
    if padded:
        lines.append(
            f"Windows are shorter than the 211 notes that {listed(padded)} need as published, so "
            f"their convolutions pad (same instead of valid)."
        )
    return lines


def _split(split: dict[str, Any]) -> str:
    train, held_out = split["parts"]["train"], split["parts"]["test"]
    if split["folds"] == 1:
        sizes = (
            f"Training part: {train['songs']} songs, {train['windows']} windows; test part: "
            f"{held_out['songs']} songs, {held_out['windows']} windows."
        )
    else:
        sizes = (
            f"Each song is tested once in each of {split['repeats']} repeats of {split['folds']} "
            f"folds ({held_out['songs']} songs, {held_out['windows']} windows); a model trains on "
            f"about {train['songs']} songs ({train['windows']} windows) at a time."
        )
    return f"Split {SPLITS[split['kind']]}. {sizes}"


def apart(corpus: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the pairs of songs in different groups that seem to be the same music."""
    pairs = corpus.get("duplicates", {}).get("pairs", [])
    return [pair for pair in pairs if pair["groups"][0] != pair["groups"][1]]


def twice(corpus: dict[str, Any]) -> list[str]:
    """Say how many songs of different groups seem to be the same music; nothing if none do."""
    pairs = apart(corpus)
    if not pairs:
        return []
    odds = sum(pair["labels"][0] != pair["labels"][1] for pair in pairs)
    what = "pair of songs seems" if len(pairs) == 1 else "pairs of songs seem"
    fate = (
        "their groups were joined (--merge-duplicates), so that no split parts them"
        if corpus["duplicates"]["merged"]
        else "they may stand on both sides of the split; --merge-duplicates keeps them together"
    )
    return [
        f"{len(pairs)} {what} to be the same music in another key, at another tempo or under "
        f"another name, {odds} of them under different labels; {fate}."
    ]


def device(run: dict[str, Any]) -> str:
    """Name what the networks ran on."""
    networks = [m for m in run["models"].values() if m["kind"] == "network"]
    devices = {fit["device"] for m in networks for fit in m.get("fits", [])}
    return "; ".join(sorted(devices)) or "no network was trained"
