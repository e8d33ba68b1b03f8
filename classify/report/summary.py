"""The result of a run in a few plain sentences, and what a reader must know before them."""

from typing import Any

from classify.experiments.manifest import pretraining_sentence
from classify.experiments.run_record import PretrainedStart
from classify.presentation.numbers import p_equals, percent, points, probability, span
from classify.records import typed
from classify.report import cues
from classify.report.calibration_metrics import CONFIDENT
from classify.report.format import (
    duplicate_pairs,
    duplicate_warning,
    listed,
    seconds,
    test_name,
    tested,
    wrong_of_kept,
)
from classify.report.run_view import Row, View

#: Test songs of a class, and a fifth of the test groups, below which intervals are rough.
FEW = 10

#: Pairs of duplicate songs, as a share of all songs, that a reader must know of first.
TOO_MANY = 0.02

#: So many models at most are all named in a sentence.
MOST_NAMES = 5


def warnings(view: View) -> list[str]:
    """Say what a reader must know before any number: a leak, a quick run, failures."""
    lines = []
    split, corpus = view.run["split"], view.run["corpus"]
    if split["shared"] > 0:
        lines.append(_leak(split))
    if view.run["settings"]["quick"]:
        lines.append(
            "This is a quick run (small grids, and few epochs unless more were requested): a quick "
            "check, not for publication."
        )
    too_many = len(duplicate_pairs(corpus)) > TOO_MANY * corpus["songs"]
    if too_many and not corpus["duplicates"]["merged"]:
        lines += duplicate_warning(corpus)
    if view.scored and (small := _small(view)):
        lines.append(small)
    if start := view.run.get("pretrained"):
        lines.append(pretraining_sentence(typed(start, PretrainedStart, view.folder)))
    lines += [f"{row.title} failed and has no scores: {row.failed}." for row in view.failures]
    return lines


def _small(view: View) -> str:
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
    gains = [
        f"a {probe['title']} {percent(probe['leaking'])} where it reaches "
        f"{percent(probe['honest'])} with songs kept whole ({probe['points']:+.0f} points)"
        for probe in split.get("probes", [])
    ]
    if not gains:
        return f"{text} Classes have too few groups of songs to measure by how much."
    return f"{text} Measured on these windows, it gives {' and '.join(gains)}."


def summary(view: View) -> list[str]:
    """Say in three to six plain sentences which model is best, and whether that means anything."""
    best = view.best
    if best is None:
        return _no_model(view)
    lines = [_best(view, best)]
    lines += [_against_majority(view, best)] if view.majority else []
    if len(view.contenders) > 1:
        lines.append(_lead(view, best))
    else:
        lines.append(f"No other model has scores that {best.title} could be compared with.")
    return [*lines, *_cues(view, best), *_confident(best), *_pareto_front(view), *_one_class(view)]


def _cues(view: View, best: Row) -> list[str]:
    """Say what can be predicted without the notes, where that is much or all that a model does."""
    lines = []
    for cue in cues.read(view):
        much = cue.ahead.value > cues.MUCH and cue.ahead.low > 0
        assert cue.behind is not None
        if cue.behind.low <= 0 and cue.ahead.low > 0:
            lines.append(
                f"{best.title} is not significantly ahead of what the {cue.name} of a song alone "
                f"predicts ({percent(cue.accuracy.value)}): it may have learned no more than that."
            )
        elif much:
            lines.append(
                f"The {cue.name} of a song alone predicts {percent(cue.accuracy.value)}, "
                f"{points(cue.ahead.value)} points above the majority class."
            )
    return lines


def practice(view: View) -> list[str]:
    """Say in three lines what the result means for whoever wants to use a model."""
    best = view.best
    if best is None:
        return []
    score = best.score()
    lines = [
        f"For practice: on new songs like these, expect {best.title} to be right for "
        f"{100 * score.low:.0f} to {100 * score.high:.0f} of 100; of music of other kinds this run "
        "says nothing."
    ]
    measured = best.calibration
    if measured and measured.calibrated and measured.kept:
        lines.append(
            f"Act on what it is at least {percent(CONFIDENT, 0)} sure of: {percent(measured.kept)} "
            f"of songs, of which it misclassifies {wrong_of_kept(measured)}. Ask a person about "
            "the others."
        )
    else:
        lines.append(
            f"It is hardly ever {percent(CONFIDENT, 0)} sure: let a person decide, or work with "
            "its prediction sets."
        )
    lines.append(
        f"To use it: `classify train --from RUN --model {best.name} --out models/mine` trains it "
        "on all songs, with a card that repeats these figures. It is no medical device."
    )
    return lines


def _no_model(view: View) -> list[str]:
    if not view.majority:
        return ["No model has scores."]
    return [
        "Only the majority class was scored.",
        f"Always predicting it has an accuracy of {percent(view.majority.score().value)} on the "
        f"{tested(view)}.",
        "Whether a model can distinguish the classes is not known from this run.",
    ]


def _best(view: View, best: Row) -> str:
    score = best.score()
    equal = [row.title for row in view.contenders if row.score().value == score.value]
    has = "share the highest" if len(equal) > 1 else "has the highest"
    start = f"{listed(equal)} {has} accuracy: {percent(score.value)} of"
    if len(view.contenders) == 1:
        start = f"{best.title} has an accuracy of {percent(score.value)} on"
    return f"{start} the {tested(view)} (95 % interval {span(score.low, score.high)} %)."


def _against_majority(view: View, best: Row) -> str:
    majority = view.majority
    assert majority is not None and majority.difference is not None
    floor = majority.score().value
    ahead = best.score().value - floor
    start = f"Always predicting the majority class gives {percent(floor)}"
    if ahead <= 0:
        return f"{start}, so no model is more accurate than that."
    verdict = "statistically" if majority.difference.significant else "not statistically"
    return (
        f"{start}; {best.title} is {points(ahead)} points above that, {verdict} significant "
        f"(adjusted {p_equals(majority.difference.p_value)})."
    )


def _lead(view: View, best: Row) -> str:
    """Say how far the best model is ahead of the next, and from which it does not differ."""
    second, others = view.contenders[1], view.contenders[1:]
    assert second.difference is not None
    ahead = best.score().value - second.score().value
    alike = [row.title for row in others if row.difference and not row.difference.significant]
    start = f"Its lead of {points(ahead)} points over the next, {second.title},"
    if not alike:
        p = p_equals(second.difference.p_value)
        return f"{start} is statistically significant (adjusted {p}, {test_name(view)})."
    which = listed(alike)
    if len(alike) > MOST_NAMES:
        which = f"{len(alike)} of the {len(others)} other models"
    if len(alike) == len(others) > 1:
        which = f"any of the {len(alike)} other models"
    if ahead == 0:
        return f"On these songs, {best.title} is not significantly different from {which}."
    verdict = (
        "is not significant after Holm's correction"
        if second.title in alike
        else "is statistically significant"
    )
    better = second.difference.probabilities
    if better:
        verdict += f" (with {probability(better.a_better)} probability it is really better)"
    return f"{start} {verdict}; on these songs it is not significantly different from {which}."


def _confident(best: Row) -> list[str]:
    """Say what acting only on confident predictions would bring."""
    measured = best.calibration
    if measured is None or not measured.calibrated:
        return []
    if not measured.kept:
        return [f"{best.title} is not {percent(CONFIDENT, 0)} sure of any song."]
    return [
        f"Of the {percent(measured.kept)} of songs that {best.title} is at least "
        f"{percent(CONFIDENT, 0)} sure of, it misclassifies {wrong_of_kept(measured)}."
    ]


def _pareto_front(view: View) -> list[str]:
    """Name the models of which none is both slower and less accurate than another."""
    front = view.pareto_front
    if len(front) < 2:
        return []
    named = [f"{row.title} ({seconds(row)})" for row in front]
    if len(named) > MOST_NAMES:
        named = [*named[:2], f"{len(named) - 4} more", *named[-2:]]
    return [
        f"Pareto-optimal, by accuracy against roughly measured training time, are {listed(named)}: "
        f"no other model is as fast and as accurate."
    ]


def _one_class(view: View) -> list[str]:
    """Name the models that predict one class throughout, in one sentence."""
    stuck = [row for row in view.contenders if row.only_prediction]
    if not stuck:
        return []
    if len(stuck) == 1:
        return [
            f"{stuck[0].title} predicts {stuck[0].only_prediction!r} for every test window: it has "
            f"not learned to distinguish the classes."
        ]
    return [
        f"{listed([row.title for row in stuck])} each predict one and the same class for every "
        f"test window: they have not learned to distinguish the classes."
    ]
