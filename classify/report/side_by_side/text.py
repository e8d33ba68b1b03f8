"""The sentences of a page that lays runs side by side."""

from classify.evaluation import ranks
from classify.evaluation.paired import SIGNIFICANT, pools
from classify.presentation.numbers import number, p_equals, p_value, percent, signed, span
from classify.report.format import listed
from classify.report.side_by_side.data import (
    CORPORA,
    Across,
    Line,
    PairedRuns,
    RunColumn,
    RunComparison,
    SameCorpus,
)

#: So many settings at most are named in a sentence; a table has them all.
NAMED = 6

#: Corpora below which the p value of Friedman's test, a chi-square one, is rough (Demsar 2006).
ROUGH = 10

#: What comes with a corpus rather than with what was asked for.
OF_CORPUS = {"corpus", "corpus fingerprint", "classes", "train songs", "test songs"}


def counted(count: int, name: str) -> str:
    """Write a count of things: `1 model`, `3 models`, `3 corpora`."""
    return f"{count} {name if count == 1 else 'corpora' if name == 'corpus' else name + 's'}"


def title(compared: RunComparison) -> str:
    """Name the page."""
    if compared.across:
        return f"{counted(len(compared.across.runs), 'corpus')}: which model does well on all?"
    return f"{compared.same[0].corpus}: {len(compared.runs)} runs side by side"


def warnings(compared: RunComparison) -> list[str]:
    """Say what a reader must know before any number."""
    lines = []
    failures: dict[tuple[str, str], list[str]] = {}
    for run in compared.runs:
        record = run.view.run
        if record["split"]["shared"] > 0:
            lines.append(
                f"The split of {run.name} leaks: {percent(record['split']['shared'])} of its test "
                f"windows come from songs (or groups of songs) that were also trained on, so its "
                f"scores are not those of new songs."
            )
        if record["settings"]["quick"]:
            lines.append(f"{run.name} is a quick run: its scores are not for publication.")
        for row in run.view.failures:
            failures.setdefault((row.title, row.failed), []).append(run.name)
    return lines + [
        f"{model} failed in {listed(names)} and has no scores there: {reason}."
        for (model, reason), names in failures.items()
    ]


def best(run: RunColumn) -> str:
    """Say which model is best in a run."""
    if not run.view.best:
        return f"In {run.name} only the majority class was scored."
    top, names = run.view.best.score(), _best_models(run)
    has = "has" if names == run.view.best.title else "have"
    return (
        f"In {run.name} {names} {has} the highest accuracy: {percent(top.value)} of the "
        f"{run.view.n_test_songs} test songs (95 % interval {span(top.low, top.high)} %)."
    )


def _best_models(run: RunColumn) -> str:
    """Name the best models of a run: more than one where they are equally accurate."""
    top = run.view.contenders[0].score().value
    return listed([row.title for row in run.view.contenders if row.score().value == top])


def differing(compared: RunComparison) -> str:
    """Say which settings differ, apart from what comes with another corpus."""
    names = [name for name, _ in compared.differing if name not in OF_CORPUS]
    if not names:
        start = "Apart from the corpus, no" if compared.across else "No"
        return f"{start} setting, seed or version differs."
    if len(names) > NAMED:
        return f"{len(names)} settings differ, {listed(names[:3])} among them (see the table)."
    return f"What differs: {listed(names)}."


def same_corpus(same: SameCorpus) -> list[str]:
    """Say in plain sentences what runs of one corpus tell of each other."""
    lines = [best(run) for run in same.runs]
    for run in same.runs[1:]:
        lines += _against_first(same, run.name, same.runs[0].name)
    for line in same.lines:
        if not all(line.rows):
            has = [run.name for run, row in zip(same.runs, line.rows, strict=True) if row]
            lines.append(f"{line.title} has scores in {listed(has)} only.")
    return lines


def _against_first(same: SameCorpus, other: str, first: str) -> list[str]:
    """Say how one run differs from the first, and which differences are significant."""
    if other in same.untested:
        return [
            f"{other} cannot be tested against {first}, since {same.untested[other]}; scores of "
            f"different songs can only be compared by their intervals."
        ]
    pairs = [pair for pair in same.paired if pair.other == other]
    if not pairs:
        return [f"No model has scores in both {first} and {other}."]
    significant = [pair for pair in pairs if pair.difference.significant]
    lines = [_counts(pairs, other, first), *map(_significant, significant)]
    if not significant:
        which = "No model's two results are" if len(pairs) > 1 else "Its two results are not"
        return [*lines, f"{which} significantly different."]
    return (
        lines if len(significant) == len(pairs) else [*lines, "No other difference is significant."]
    )


def _counts(pairs: list[PairedRuns], other: str, first: str) -> str:
    values = [pair.difference.points.value for pair in pairs]
    better, worse = sum(value > 0 for value in values), sum(value < 0 for value in values)
    if not better and not worse:
        what = "it is" if len(pairs) == 1 else "each is"
        return f"Of {counted(len(pairs), 'model')} in both, {what} equally accurate."
    if len(pairs) == 1:
        where = other if better else first
        return (
            f"{pairs[0].title} is right for {number(abs(values[0]))} points more of the same songs "
            f"in {where}."
        )
    return (
        f"Of {len(pairs)} models in both, {better} {'is' if better == 1 else 'are'} more accurate "
        f"in {other} and {worse} in {first}."
    )


def _significant(pair: PairedRuns) -> str:
    value = pair.difference.points.value
    more, fewer = (pair.other, pair.first) if value > 0 else (pair.first, pair.other)
    return (
        f"{pair.title} is right for {number(abs(value))} points more of the songs in {more} than "
        f"in {fewer}, statistically significant (adjusted {p_equals(pair.difference.p_value)})."
    )


def test_used(same: SameCorpus) -> str:
    """Name the test of the table of differences."""
    folds = same.runs[0].view.n_folds
    if folds > 1:
        if pools(folds * same.runs[0].view.n_repeats):
            return f"t test over songs, widened for {folds} folds (Nadeau and Bengio)"
        return f"corrected resampled t test over {folds} folds (Nadeau and Bengio)"
    return "exact McNemar test by groups of songs"


def across(compared: Across) -> list[str]:
    """Say in plain sentences how models rank over corpora, and what that can mean."""
    if not compared.ranking:
        lines = ["Fewer than two models have scores on every corpus, so none is ranked."]
    else:
        lines = [_mean_ranks(compared), *_unranked(compared), *limits(compared)]
        lines += _verdict(compared) if compared.tested else []
    return [*lines, _best_by_corpus(compared)]


def _best_by_corpus(compared: Across) -> str:
    """Name the best model of each corpus in one sentence."""
    parts = []
    for run, name in zip(compared.runs, compared.names, strict=True):
        if top := run.view.best:
            parts.append(f"on {name} {_best_models(run)} ({percent(top.score().value)})")
        else:
            parts.append(f"on {name} none (only the majority class was scored)")
    return f"Highest accuracy: {', '.join(parts)}."


def _mean_ranks(compared: Across) -> str:
    assert compared.ranking
    mean = compared.ranking.mean
    equal = [line.title for line, m in zip(compared.ranked, mean, strict=True) if m == mean.min()]
    return (
        f"{listed(equal)} {'has' if len(equal) == 1 else 'share'} the best mean rank by song "
        f"accuracy, {mean.min():.2f}, of {len(compared.ranked)} models that have scores on every "
        f"corpus."
    )


def _unranked(compared: Across) -> list[str]:
    """Name the models that lack a score somewhere."""
    rest = [line for line in compared.lines if line not in compared.ranked]
    names = [line.title for line in rest if line.kind != "reference"]
    if not names:
        return []
    verb = "is" if len(names) == 1 else "are"
    return [f"{listed(names)} {verb} not ranked, for want of a score on every corpus."]


def limits(compared: Across) -> list[str]:
    """Say what so many corpora can show at all, whatever the scores."""
    n, n_pairs = len(compared.runs), len(compared.pairs)
    if n < CORPORA:
        return [
            f"{counted(n, 'corpus')} are too few for any test of ranks: they show how the models "
            f"do on these, and nothing can be concluded about others."
        ]
    start = f"There are {n} corpora, and a corpus counts once however many songs it has."
    every = "the one pair" if n_pairs == 1 else f"one of the {n_pairs} pairs"
    needed = ranks.corpora_needed(n_pairs)
    if n >= 2 * needed:
        return [start]
    if n >= needed:
        return [
            f"{start} That is enough to find a difference between two models if one wins nearly "
            f"everywhere, and too few to find a small one."
        ]
    return [
        f"{start} {_out_of_reach(n, n_pairs)} So no difference can be significant here, which says "
        f"nothing against one: for {every} it takes {needed} corpora at least."
    ]


def _out_of_reach(n: int, n_pairs: int) -> str:
    """Say that a Wilcoxon test cannot reach the level, alone or adjusted."""
    alone, adjusted = ranks.lowest_p(n), ranks.lowest_p(n, n_pairs)
    wins = "where one model wins on every corpus"
    if alone >= SIGNIFICANT:
        return f"A Wilcoxon test over {n} corpora cannot reach .05: {wins}, p is {p_value(alone)}."
    return (
        f"A Wilcoxon test over {n} corpora, Holm-adjusted for {n_pairs} pairs of models, cannot "
        f"reach .05: {wins}, p is {p_value(alone)}, adjusted {p_value(adjusted)}."
    )


def _verdict(compared: Across) -> list[str]:
    """Say what the tests found."""
    ranking, lines = compared.ranking, []
    assert ranking
    if ranking.friedman is not None:
        differ = "models differ" if ranking.friedman < SIGNIFICANT else "models do not differ"
        rough = ", roughly, with so few corpora" if len(compared.runs) < ROUGH else ""
        p = p_equals(ranking.friedman)
        lines.append(f"Friedman's test over all models: {differ} significantly ({p}{rough}).")
    different = ranking.significant_pairs(SIGNIFICANT)
    if not different:
        return [*lines, "No two models are significantly different over these corpora."]
    beaten = [b for a, b in different if a == 0]
    if beaten:
        names = listed([compared.ranked[b].title for b in beaten])
        p = max(ranking.p_values[0, b] for b in beaten)
        how = f"adjusted {p_equals(p)}"
        if len(beaten) > 1:
            how = f"each adjusted p at most {p_value(p)}"
        lines.append(f"{compared.ranked[0].title} ranks significantly above {names} ({how}).")
    others = len(different) - len(beaten)
    if others:
        more = "more " if beaten else ""
        verb = "differs" if others == 1 else "differ"
        lines.append(
            f"{counted(others, f'{more}pair')} of models {verb} significantly (see the table)."
        )
    return lines


def scores_alt(lines: list[Line], names: list[str]) -> str:
    """Say what a figure of scores shows."""
    parts = []
    for line in lines:
        known = [(row.score(), n) for row, n in zip(line.rows, names, strict=True) if row]
        scores = [f"{percent(s.value)} ({span(s.low, s.high)}) in {name}" for s, name in known]
        parts.append(f"{line.title}: {', '.join(scores)}")
    return f"Accuracy on test songs with 95 % intervals. {'; '.join(parts)}."


def ranks_alt(compared: Across) -> str:
    """Say what the figure of ranks shows."""
    assert compared.ranking
    ranked = zip(compared.ranked, compared.ranking.mean, strict=True)
    bars = [
        f"A bar joins {listed([compared.ranked[i].title for i in bar])}."
        for bar in compared.ranking.inseparable_models(SIGNIFICANT)
    ]
    return (
        f"Critical-difference diagram of mean ranks over {counted(len(compared.runs), 'corpus')}: "
        f"{', '.join(f'{line.title} {mean:.2f}' for line, mean in ranked)}. {' '.join(bars)}"
    )


def pairs_alt(compared: Across) -> str:
    """Say what the matrix of pairs shows."""
    parts = [
        f"{pair.a} against {pair.b} {signed(pair.difference)} points, {pair.won} won, {pair.drawn} "
        f"drawn, {pair.lost} lost"
        for pair in compared.pairs
    ]
    return f"Matrix of all pairs of models over corpora: {'; '.join(parts)}."
