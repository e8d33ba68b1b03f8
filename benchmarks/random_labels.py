"""How often are our intervals and tests significant on labels that were drawn at random?

Makes up corpora of songs in groups of unequal size, with windows that resemble their song's and
their group's others, and a class for each group that has nothing to do with them. Two models are
evaluated under every split of ours. Then an interval of accuracy should exclude chance, and a test
should call the models different, in at most 5 of 100 corpora::

    python benchmarks/random_labels.py --seeds 100

Classes are equally frequent by design, so a class that is frequent in the test part is scarce in
the training part, and accuracy is a little below chance. Each interval is therefore also compared
with the mean accuracy of all corpora.

With `--signal 0.5` the classes do show in the windows, and the rates of the tests tell how often
the difference between the models is found.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ttest_1samp
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier

from classify.evaluation import significance, splits
from classify.evaluation.intervals import effective_groups, interval, resampled, wilson
from classify.evaluation.scores import accuracy
from classify.evaluation.significance import bayesian_t, corrected_interval, corrected_t, mcnemar

CLASSES, WINDOWS, COLUMNS = 4, 4, 8

#: Songs in successive groups of a class; every class has the same, so that chance is 1 / CLASSES.
SIZES = (1, 1, 2, 4)

#: Repeats and folds of the t tests.
REPEATS, FOLDS = 5, 5

#: Test songs by training songs.
RATIO = 1 / (FOLDS - 1)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Rows of numbers for windows, the song of each window, and class and group of each song."""

    rows: NDArray[np.float64]
    song: NDArray[np.int64]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]


def made_up(seed: int, groups_per_class: int, signal: float) -> Corpus:
    """Make a corpus; with a signal of 0 the classes are random."""
    draw = np.random.default_rng(seed)
    n_groups = CLASSES * groups_per_class
    sizes = np.resize(SIZES, groups_per_class).repeat(CLASSES)
    group = np.arange(n_groups).repeat(sizes)
    song = np.arange(len(group)).repeat(WINDOWS)
    of_group = np.arange(n_groups) % CLASSES  # of the groups of one size, as many in each class
    pattern = draw.normal(size=(n_groups, COLUMNS))
    of_class = np.random.default_rng(0).normal(size=(CLASSES, COLUMNS))  # the same in all corpora
    pattern += signal * of_class[of_group]
    of_song = pattern[group] + 0.5 * draw.normal(size=(len(group), COLUMNS))
    rows = of_song[song] + 0.5 * draw.normal(size=(len(song), COLUMNS))
    return Corpus(rows, song, of_group[group], group.astype(str))


def models() -> list[ClassifierMixin]:
    """Give the two models that are compared: one that draws planes, one that remembers."""
    return [LinearDiscriminantAnalysis(), KNeighborsClassifier(5)]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Which songs each model predicts correctly, shape (2, n), and the groups of these songs."""

    right: NDArray[np.bool_]
    groups: NDArray[np.str_]


def predictions(corpus: Corpus, test: NDArray[np.bool_]) -> Predictions:
    """Train both models on the other songs; a song's prediction is that of its windows' mean."""
    window, label = test[corpus.song], corpus.labels[corpus.song]
    right = []
    for model in models():
        model.fit(corpus.rows[~window], label[~window])
        p = model.predict_proba(corpus.rows[window]).reshape(-1, WINDOWS, CLASSES).mean(axis=1)
        right.append(p.argmax(axis=1) == corpus.labels[test])
    return Predictions(np.array(right), corpus.groups[test])


def leaked(corpus: Corpus, seed: int) -> Predictions:
    """Split the windows at random, whatever their song; one prediction a window."""
    test, label = splits.by_window(len(corpus.rows), seed), corpus.labels[corpus.song]
    right = [
        model.fit(corpus.rows[~test], label[~test]).predict(corpus.rows[test]) == label[test]
        for model in models()
    ]
    return Predictions(np.array(right), corpus.groups[corpus.song][test])


def folded(corpus: Corpus, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which songs are predicted correctly when they are tested, and how accuracies differ by fold.

    Returns
    -------
    right : ndarray of bool, shape (REPEATS, 2, n_songs)
    accuracies : ndarray, shape (REPEATS * FOLDS, 2)
    """
    right = np.zeros((REPEATS, 2, len(corpus.labels)), dtype=bool)
    accuracies = []
    for repeat in range(REPEATS):
        names = corpus.labels.astype(str)
        for test in splits.folds(names, corpus.groups, FOLDS, REPEATS * seed + repeat):
            right[repeat][:, test] = predictions(corpus, test).right
            accuracies.append(right[repeat][:, test].mean(axis=1))
    return right, np.array(accuracies)


def percentiles(
    right: NDArray[np.bool_], groups: NDArray[np.str_], n_groups: float | None, n_folds: int
) -> tuple[float, float]:
    """Give the bootstrap interval of accuracy, widened where a number of groups is given."""
    predicted = 1 - right.astype(int)
    counts = resampled(np.zeros_like(predicted), predicted, groups.tolist(), 2, 0)
    return interval(accuracy(counts), n_groups, n_folds)


def intervals(found: Predictions, n_folds: int = 1) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Accuracy of the second model with each kind of interval: title, and (accuracy, low, high)."""
    right, groups = found.right[1], found.groups
    share, n_groups = right.mean(), effective_groups(groups.tolist())
    alone = np.arange(len(groups)).astype(str)
    yield "percentiles, no groups", (share, *percentiles(right, alone, None, 1))
    yield "percentiles", (share, *percentiles(right, groups, None, 1))
    yield "percentiles, widened", (share, *percentiles(right, groups, n_groups, 1))
    yield "Wilson", (share, *wilson(right, groups.tolist()))
    if n_folds > 1:
        yield (
            "percentiles, widened for folds",
            (share, *percentiles(right, groups, n_groups, n_folds)),
        )
        yield "Wilson for folds", (share, *wilson(right, groups.tolist(), n_folds))


def tests(
    once: Predictions, pooled: Predictions, differences: NDArray, every: NDArray
) -> Iterator[tuple[str, float]]:
    """Which model each test finds better: title, and 1 for the first, -1 for the second, or 0."""

    def better(p_value: float, by: float) -> float:
        return float(np.sign(by) * (p_value < 0.05))

    for title, found in (("a fifth held out", once), ("folds pooled", pooled)):
        a, b = found.right
        by = a.mean() - b.mean()
        yield f"{title}: McNemar", better(mcnemar(a, b, found.groups), by)
        yield f"{title}: McNemar, no groups", better(mcnemar(a, b), by)
    a, b = pooled.right.astype(float)
    names = pooled.groups
    by = a.mean() - b.mean()
    yield "folds: corrected t", better(corrected_t(differences[:FOLDS], RATIO), by)
    widened = significance.pooled(a - b, names, FOLDS)
    yield "folds: t over songs, widened", better(widened.p_value, by)
    by = differences.mean()
    widened = significance.pooled(every[:, 0].mean(axis=0) - every[:, 1].mean(axis=0), names, FOLDS)
    yield "repeated folds: t over songs, widened", better(widened.p_value, by)
    yield "repeated folds: corrected t", better(corrected_t(differences, RATIO), by)
    yield "repeated folds: plain t", better(ttest_1samp(differences, 0).pvalue, by)
    bayes = bayesian_t(differences, RATIO)
    sure = float(bayes.a_better > 0.95) - float(bayes.b_better > 0.95)
    yield "repeated folds: P(better by .01) > .95", sure


@dataclass(frozen=True, eq=False)
class Found:
    """All intervals and tests on one corpus, by title."""

    shown: dict[str, tuple[float, ...]]
    called: dict[str, float]
    difference: float


def found(corpus: Corpus, seed: int) -> Found:
    """Split one corpus in every way, train, and measure."""
    once = predictions(corpus, splits.by_song(corpus.labels.astype(str), corpus.groups, seed))
    right, accuracies = folded(corpus, seed)
    pooled = Predictions(right[0], corpus.groups)
    shown = {
        f"{title}: {name}": one
        for title, part, n_folds in (
            ("random windows", leaked(corpus, seed), 1),
            ("a fifth held out", once, 1),
            ("folds pooled", pooled, FOLDS),
        )
        for name, one in intervals(part, n_folds)
    }
    share = right[:, 1].mean(axis=0)
    ends = wilson(share, corpus.groups.tolist(), FOLDS)
    shown["repeated folds: Wilson for folds"] = (share.mean(), *ends)
    ends = corrected_interval(accuracies[:, 1], RATIO)
    shown["repeated folds: corrected t"] = (accuracies[:, 1].mean(), *ends)
    differences = accuracies[:, 0] - accuracies[:, 1]
    return Found(
        shown, dict(tests(once, pooled, differences, right.astype(float))), differences.mean()
    )


def main() -> None:
    """Print the rates for corpora of three sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--signal", type=float, default=0.0)
    parser.add_argument("--groups", type=int, nargs="*", default=[8, 20, 50], help="in a class")
    options = parser.parse_args()
    for n_groups in options.groups:
        every = []
        for seed in range(options.seeds):
            corpus = made_up(seed, n_groups, options.signal)
            every.append(found(corpus, seed))
        print(f"\n{CLASSES} classes of {n_groups} groups, {len(corpus.labels)} songs")
        show(every)


def show(every: list[Found]) -> None:
    """Print the rates."""
    print(f"{'95 % interval':44} above  below chance  without the mean  mean  width")
    for title in every[0].shown:
        share, low, high = np.array([one.shown[title] for one in every]).T
        above, below = (low > 1 / CLASSES).mean(), (high < 1 / CLASSES).mean()
        missed = ((low > share.mean()) | (high < share.mean())).mean()
        print(
            f"{title:44} {above:5.1%}  {below:5.1%}        {missed:5.1%}             "
            f"{share.mean():.3f} {(high - low).mean():.3f}"
        )
    print(f"{'test':44} differ   first better   second")
    for title in every[0].called:
        which = [one.called[title] for one in every]
        first, second = (np.equal(which, side).mean() for side in (1, -1))
        print(f"{title:44} {first + second:5.1%}    {first:5.1%}          {second:5.1%}")
    difference = np.mean([one.difference for one in every])
    print(f"mean difference of the models over folds: {difference:.3f}", flush=True)


if __name__ == "__main__":
    main()
