"""The sentences of a page that lays runs side by side."""

from dataclasses import dataclass
from itertools import combinations

from classify.evaluation import ranks
from classify.report.changes import signed
from classify.report.paired import SIGNIFICANT, Difference
from classify.report.sides import (
    CORPORA,
    Across,
    Line,
    Paired,
    SameCorpus,
    Side,
    Sides,
    accuracy,
)
from classify.report.words import listed, percent, span
from classify.report.words import number as number  # the templates know one module of words

#: So many settings at most are named in a sentence; a table has them all.
NAMED = 6

#: Corpora below which the p value of Friedman's test, a chi-square one, is rough (Demsar 2006).
ROUGH = 10

#: What comes with a corpus rather than with what was asked for.
OF_CORPUS = {"corpus", "corpus fingerprint", "classes", "train songs", "test songs"}


def p_text(value: float) -> str:
    """Write a p value: `.030` or `< .001`."""
    if value < 0.001:
        return "< .001"
    return "1" if value > 0.9995 else f"{value:.3f}".lstrip("0")


def p_equals(value: float) -> str:
    """Write a p value in a sentence: `p = .030` or `p < .001`."""
    return f"p {p_text(value)}" if value < 0.001 else f"p = {p_text(value)}"


def reach(difference: Difference) -> str:
    """Write the interval of a difference in points: −4.0 to +9.5."""
    if difference.low is None or difference.high is None:
        return "–"
    return f"{signed(difference.low)} to {signed(difference.high)}"


def counted(count: int, name: str) -> str:
    """Write a count of things: `1 model`, `3 models`, `3 corpora`."""
    return f"{count} {name if count == 1 else 'corpora' if name == 'corpus' else name + 's'}"


def title(sides: Sides) -> str:
    """Name the page."""
    if sides.across:
        return f"{counted(len(sides.across.sides), 'corpus')}: which model does well on all?"
    return f"{sides.same[0].corpus}: {len(sides.sides)} runs side by side"


def warnings(sides: Sides) -> list[str]:
    """Say what a reader must know before any number."""
    lines = []
    for side in sides.sides:
        run = side.view.run
        if run["split"]["shared"] > 0:
            lines.append(
                f"The split of {side.name} leaks: {percent(run['split']['shared'])} of its test "
                f"windows come from songs (or groups of songs) that were also trained on, so its "
                f"scores are not those of new songs."
            )
        if run["settings"]["quick"]:
            lines.append(f"{side.name} is a quick run: its scores are not for publication.")
    failures: dict[tuple[str, str], list[str]] = {}
    for side in sides.sides:
        for row in side.view.failures:
            failures.setdefault((row.title, row.failed), []).append(side.name)
    return lines + [
        f"{model} failed in {listed(names)} and has no scores there: {reason}."
        for (model, reason), names in failures.items()
    ]


def best(side: Side) -> str:
    """Say which model is best in a run."""
    if not side.view.contenders:
        return f"In {side.name} only the majority class was scored."
    top, names = side.view.contenders[0].score(), _level(side)
    verb = "is" if names == side.view.contenders[0].title else "are"
    return (
        f"In {side.name} {names} {verb} right most often: for {percent(top.value)} of the "
        f"{side.view.n_test_songs} test songs (95 % interval {span(top)} %)."
    )


def differing(sides: Sides) -> str:
    """Say which settings differ, apart from what comes with another corpus."""
    names = [name for name, _ in sides.differing if name not in OF_CORPUS]
    if not names:
        start = "Apart from the corpus, no" if sides.across else "No"
        return f"{start} setting, seed or version differs."
    if len(names) > NAMED:
        return f"{len(names)} settings differ, {listed(names[:3])} among them (see the table)."
    return f"What differs: {listed(names)}."


def same_corpus(same: SameCorpus) -> list[str]:
    """Say in plain sentences what runs of one corpus tell of each other."""
    lines = [best(side) for side in same.sides]
    first = same.sides[0].name
    for side in same.sides[1:]:
        lines += _against_first(same, side.name, first)
    lines += [
        f"{line.title} has scores in {listed(_having(same, line.rows))} only."
        for line in same.lines
        if not all(line.rows)
    ]
    return lines


def _having(same: SameCorpus, rows: list) -> list[str]:
    return [side.name for side, row in zip(same.sides, rows, strict=True) if row]


def _against_first(same: SameCorpus, other: str, first: str) -> list[str]:
    """Say how one run differs from the first, and which differences are more than chance."""
    if other in same.untested:
        return [
            f"No test can tell {other} from {first}, since {same.untested[other]}; scores of "
            f"different songs can only be compared by their intervals."
        ]
    pairs = [pair for pair in same.paired if pair.other == other]
    if not pairs:
        return [f"No model has scores in both {first} and {other}."]
    real = [pair for pair in pairs if pair.difference.real]
    lines = [_counts(pairs, other, first)] + [_real(pair) for pair in real]
    if not real:
        which = "any model's two results" if len(pairs) > 1 else "its two results"
        return [*lines, f"No test tells {which} apart: every difference could be chance."]
    if len(real) < len(pairs):
        return [*lines, "Every other difference could be chance."]
    return lines


def _counts(pairs: list[Paired], other: str, first: str) -> str:
    better = sum(pair.difference.value > 0 for pair in pairs)
    worse = sum(pair.difference.value < 0 for pair in pairs)
    if not better and not worse:
        what = "it is" if len(pairs) == 1 else "each is"
        return f"Of {counted(len(pairs), 'model')} in both, {what} right equally often."
    if len(pairs) == 1:
        where, value = other if better else first, abs(100 * pairs[0].difference.value)
        return (
            f"{pairs[0].title} is right for {value:.1f} points more of the same songs in {where}."
        )
    return (
        f"Of {len(pairs)} models in both, {better} "
        f"{'is' if better == 1 else 'are'} right more often in {other} and {worse} in {first}."
    )


def _real(pair: Paired) -> str:
    value = pair.difference.value
    more, fewer = (pair.other, pair.first) if value > 0 else (pair.first, pair.other)
    return (
        f"{pair.title} is right for {abs(100 * value):.1f} points more of the songs in {more} than "
        f"in {fewer}, more than chance gives (adjusted {p_equals(pair.difference.p_value)})."
    )


def test_used(same: SameCorpus) -> str:
    """Name the test of the table of differences."""
    folds = same.sides[0].view.n_folds
    if folds > 1:
        return f"corrected resampled t test over {folds} folds (Nadeau and Bengio)"
    return "exact McNemar test by groups of songs"


def across(across: Across) -> list[str]:
    """Say in plain sentences how models rank over corpora, and what that can mean."""
    if not across.ranking:
        lines = ["Fewer than two models have scores on every corpus, so none is ranked."]
    else:
        lines = [_mean_ranks(across), *_unranked(across), *limits(across)]
        lines += _verdict(across) if tested(across) else []
    return [*lines, _best_by_corpus(across)]


def _best_by_corpus(across: Across) -> str:
    """Name the best model of each corpus in one sentence."""
    told = []
    for side, name in zip(across.sides, across.names, strict=True):
        if top := side.view.contenders[:1]:
            told.append(f"on {name} {_level(side)} ({percent(top[0].score().value)})")
        else:
            told.append(f"on {name} none (only the majority class was scored)")
    return f"Right most often: {', '.join(told)}."


def _level(side: Side) -> str:
    """Name the best models of a run: more than one where they are right equally often."""
    top = side.view.contenders[0].score().value
    return listed([row.title for row in side.view.contenders if row.score().value == top])


def _mean_ranks(across: Across) -> str:
    assert across.ranking
    lowest = across.ranking.mean.min()
    level = [
        line.title
        for line, mean in zip(across.ranked, across.ranking.mean, strict=True)
        if mean == lowest
    ]
    verb = "has" if len(level) == 1 else "share"
    return (
        f"{listed(level)} {verb} the best mean rank by song accuracy, {lowest:.2f}, of "
        f"{len(across.ranked)} models that have scores on every corpus."
    )


def _unranked(across: Across) -> list[str]:
    """Name the models that lack a score somewhere."""
    names = [
        line.title
        for line in across.lines
        if line not in across.ranked and line.kind != "reference"
    ]
    if not names:
        return []
    verb = "is" if len(names) == 1 else "are"
    return [f"{listed(names)} {verb} not ranked, for want of a score on every corpus."]


def limits(across: Across) -> list[str]:
    """Say what so many corpora can show at all, whatever the scores."""
    n, n_pairs = len(across.sides), len(pairs(across))
    if n < CORPORA:
        return [
            f"{counted(n, 'corpus')} are too few for any test of ranks: they show how the models "
            f"do on these, and nothing can be concluded about others."
        ]
    start = f"There are {n} corpora, and a corpus counts once however many songs it has."
    every = "the one pair" if n_pairs == 1 else f"one of the {n_pairs} pairs"
    needed = ranks.enough(n_pairs)
    if n >= 2 * needed:
        return [start]
    if n >= needed:
        return [
            f"{start} That is enough to tell two models apart if one wins nearly everywhere, and "
            f"too few to find a small difference."
        ]
    return [
        f"{start} {_out_of_reach(n, n_pairs)} So no two models can be told apart here, which says "
        f"nothing against a difference: to tell {every} apart takes {needed} corpora at least."
    ]


def _out_of_reach(n: int, n_pairs: int) -> str:
    """Say that a Wilcoxon test cannot reach the level, alone or adjusted."""
    alone, adjusted = ranks.least_p(n), ranks.least_p(n, n_pairs)
    wins = "where one model wins on every corpus"
    if alone >= SIGNIFICANT:
        return f"A Wilcoxon test over {n} corpora cannot reach .05: {wins}, p is {p_text(alone)}."
    return (
        f"A Wilcoxon test over {n} corpora, Holm-adjusted for {n_pairs} pairs of models, cannot "
        f"reach .05: {wins}, p is {p_text(alone)}, adjusted {p_text(adjusted)}."
    )


def _verdict(across: Across) -> list[str]:
    """Say what the tests found."""
    ranking = across.ranking
    assert ranking
    lines = []
    if ranking.friedman is not None:
        real = ranking.friedman < SIGNIFICANT
        found = "models differ more than chance gives" if real else "all ranks could be chance"
        rough = ", roughly, with so few corpora" if len(across.sides) < ROUGH else ""
        p = p_equals(ranking.friedman)
        lines.append(f"Friedman's test over all models: {found} ({p}{rough}).")
    told = ranking.apart(SIGNIFICANT)
    if not told:
        return [*lines, "No test tells any two models apart over these corpora."]
    beaten = [b for a, b in told if a == 0]
    if beaten:
        names = listed([across.ranked[b].title for b in beaten])
        p = max(ranking.p_values[0, b] for b in beaten)
        how = (
            f"adjusted {p_equals(p)}"
            if len(beaten) == 1
            else f"each adjusted p at most {p_text(p)}"
        )
        best = f"{across.ranked[0].title} ranks above {names}, more than chance gives"
        lines.append(f"{best} ({how}).")
    others = len(told) - len(beaten)
    if others:
        more = "more " if beaten else ""
        verb = "is" if others == 1 else "are"
        lines.append(
            f"{counted(others, f'{more}pair')} of models {verb} told apart (see the table)."
        )
    return lines


def about_corpora(across: Across) -> list[tuple[str, list[str]]]:
    """Give what a reader needs to weigh a corpus's scores by: its classes and its size."""
    views = [side.view for side in across.sides]
    return [
        ("classes", [str(len(view.classes)) for view in views]),
        ("test songs", [str(view.n_test_songs) for view in views]),
    ]


@dataclass(frozen=True)
class Pair:
    """Two models over corpora: mean difference, corpora won, drawn and lost by the first."""

    a: str
    b: str
    points: float
    won: int
    drawn: int
    lost: int
    p_value: float


def tested(across: Across) -> bool:
    """Say whether pairs of models are tested: there have to be three corpora."""
    return len(across.sides) >= CORPORA


def pairs(across: Across) -> list[Pair]:
    """Give every pair of ranked models, the better-ranked one first."""
    assert across.ranking
    found = []
    for i, j in combinations(range(len(across.ranked)), 2):
        a, b = across.ranked[i], across.ranked[j]
        scores = accuracy([a, b])
        difference = scores[:, 0] - scores[:, 1]
        won, lost = int((difference > 0).sum()), int((difference < 0).sum())
        drawn, p = len(difference) - won - lost, float(across.ranking.p_values[i, j])
        found.append(Pair(a.title, b.title, float(difference.mean()), won, drawn, lost, p))
    return found


def scores_alt(lines: list[Line], names: list[str]) -> str:
    """Say what a picture of scores shows."""
    told = []
    for line in lines:
        scores = [
            f"{percent(row.score().value)} ({span(row.score())}) in {name}"
            for row, name in zip(line.rows, names, strict=True)
            if row
        ]
        told.append(f"{line.title}: {', '.join(scores)}")
    return f"Accuracy on test songs with 95 % intervals. {'; '.join(told)}."


def ranks_alt(across: Across) -> str:
    """Say what the picture of ranks shows."""
    assert across.ranking
    told = [
        f"{line.title} {mean:.2f}"
        for line, mean in zip(across.ranked, across.ranking.mean, strict=True)
    ]
    bars = [
        f"A bar joins {listed([across.ranked[i].title for i in bar])}."
        for bar in across.ranking.together(SIGNIFICANT)
    ]
    return (
        f"Critical-difference diagram of mean ranks over {counted(len(across.sides), 'corpus')}: "
        f"{', '.join(told)}. {' '.join(bars)}"
    )


def pairs_alt(across: Across) -> str:
    """Say what the matrix of pairs shows."""
    told = [
        f"{pair.a} against {pair.b} {signed(pair.points)} points, {pair.won} won, {pair.drawn} "
        f"drawn, {pair.lost} lost"
        for pair in pairs(across)
    ]
    return f"Matrix of all pairs of models over corpora: {'; '.join(told)}."
