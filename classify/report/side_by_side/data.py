"""Two or more runs side by side, as plain values: what differs, and what can be tested.

Runs of one corpus (the same fingerprint) are compared song by song, each with the first of them.
Runs of different corpora are compared by ranks, one run a corpus: the first that was named.

Conventions: a difference is the other run's score less the first one's.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation import paired, ranks, significance
from classify.evaluation.paired import Difference
from classify.files import whole
from classify.report.run_view import Row, View, read_view

#: Corpora from which on ranks are tested and drawn.
CORPORA = 3

#: What must be the same of each song for a paired test.
KEY = ["repeat", "fold", "song", "group", "label"]


@dataclass(eq=False)
class RunColumn:
    """One run: its name among the others, and what its own report shows."""

    name: str
    view: View

    @property
    def corpus(self) -> str:
        """The name of its corpus."""
        return str(self.view.run["corpus"]["name"])

    @property
    def fingerprint(self) -> str:
        """What distinguishes its corpus from all others."""
        return str(self.view.run["corpus"]["fingerprint"])

    def row(self, model: str) -> Row | None:
        """Give a model's row if it has scores."""
        return next((row for row in self.view.scored if row.name == model), None)


@dataclass(frozen=True, eq=False)
class Line:
    """One model in several runs; `rows` has one entry a run, None where it has no scores."""

    name: str
    title: str
    kind: str
    rows: list[Row | None]


@dataclass(frozen=True)
class PairedRuns:
    """One model in two runs, on the same songs.

    The p value of the difference is Holm-adjusted over all models and runs that are compared with
    the first; `gained` and `lost` count what is right in the other run only, and in the first only.
    """

    title: str
    first: str
    other: str
    difference: Difference
    gained: int
    lost: int


@dataclass(eq=False)
class SameCorpus:
    """Runs of one corpus, of which the first is what the others are compared with.

    `lines` go from best to worst in the first run, then come those that it lacks; `paired` is empty
    where no test is possible, and `untested` says why, by the run's name.
    """

    corpus: str
    runs: list[RunColumn]
    lines: list[Line]
    paired: list[PairedRuns]
    untested: dict[str, str]


@dataclass(frozen=True)
class Pair:
    """Two models over corpora: mean difference, corpora won, drawn and lost by the first."""

    a: str
    b: str
    difference: float
    won: int
    drawn: int
    lost: int
    p_value: float


@dataclass(eq=False)
class Across:
    """Runs of different corpora, one a corpus; `names` are those of the corpora, each different.

    `lines` go from best to worst mean rank, then come those that have no rank. `ranked` are the
    models but the majority class that have scores on every corpus, best first; `ranking` is theirs,
    None for fewer than two.
    """

    runs: list[RunColumn]
    names: list[str]
    lines: list[Line]
    ranked: list[Line]
    ranking: ranks.Ranking | None

    @property
    def tested(self) -> bool:
        """Whether pairs of models are tested: there have to be corpora enough."""
        return self.ranking is not None and len(self.runs) >= CORPORA

    @property
    def pairs(self) -> list[Pair]:
        """Every pair of ranked models, the better-ranked one first."""
        assert self.ranking
        scores, pairs = accuracy(self.ranked), []
        for i, j in combinations(range(len(self.ranked)), 2):
            difference = scores[:, i] - scores[:, j]
            won, lost = int((difference > 0).sum()), int((difference < 0).sum())
            counts = (won, len(difference) - won - lost, lost)
            p = float(self.ranking.p_values[i, j])
            names = (self.ranked[i].title, self.ranked[j].title)
            pairs.append(Pair(*names, float(difference.mean()), *counts, p))
        return pairs


@dataclass(eq=False)
class RunComparison:
    """Everything that a page of runs side by side shows, runs in the order they were named.

    `differing` has name and values, one a run, of every setting that is not the same in all; `same`
    an entry for each corpus with more than one run; `across` is None if all are of one corpus.
    """

    runs: list[RunColumn]
    differing: list[tuple[str, list[str]]]
    same: list[SameCorpus]
    across: Across | None


def read_runs(folders: list[Path], names: Sequence[str] = ()) -> RunComparison:
    """Read finished runs, two at least, and lay them side by side.

    Raises
    ------
    InputError
        If there are fewer than two, one is named twice, or one holds no finished run; or if names
        are given, and not a different one for each.
    """
    real = [whole(folder) for folder in folders]
    if len(real) < 2:
        raise InputError(f"{', '.join(map(str, folders))}: two runs at least can be compared")
    twice = [folder for folder, times in Counter(real).items() if times > 1]
    if twice:
        raise InputError(f"{twice[0]}: is named twice; name a run once, and another beside it")
    if names and (len(names) != len(real) or len(set(names)) < len(names)):
        raise InputError(
            f"--names {','.join(names)}: expected a different name for each of {len(real)} runs"
        )
    called = names or _names(real)
    runs = [RunColumn(n, read_view(f)) for n, f in zip(called, folders, strict=True)]
    corpora: dict[str, list[RunColumn]] = {}
    for run in runs:
        corpora.setdefault(run.fingerprint, []).append(run)
    same = [_same_corpus(group) for group in corpora.values() if len(group) > 1]
    firsts = [group[0] for group in corpora.values()]
    across = _across(firsts) if len(firsts) > 1 else None
    return RunComparison(runs, _differing(runs), same, across)


def _names(folders: list[Path]) -> list[str]:
    """Name each run by as much of the end of its path as distinguishes all."""
    longest = max(len(folder.parts) for folder in folders)
    for depth in range(1, longest):
        names = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def _differing(runs: list[RunColumn]) -> list[tuple[str, list[str]]]:
    """Collect the settings that are not the same in every run."""
    settings = [_settings(run.view.run) for run in runs]
    names = dict.fromkeys(name for values in settings for name in values)
    lines = [(name, [values.get(name, "–") for values in settings]) for name in names]
    return [(name, values) for name, values in lines if len(set(values)) > 1]


def _settings(run: dict[str, Any]) -> dict[str, str]:
    """Lay out everything that decides a run's numbers, by the name a reader knows it by."""
    corpus, split = run["corpus"], run["split"]
    asked = {name: v for name, v in run["settings"].items() if name not in ("corpus", "models")}
    training = {f"training: {name.replace('_', ' ')}": v for name, v in run["training"].items()}
    values = {
        "corpus": corpus["name"],
        "corpus fingerprint": corpus["fingerprint"][:16],
        "classes": sorted(corpus["songs_per_class"]),
        **{name.replace("_", " "): v for name, v in asked.items()},
        **{name: v for name, v in run["windows"].items() if name != "counts"},
        "split": split["kind"],
        **{f"{part} songs": sizes["songs"] for part, sizes in split["parts"].items()},
        **{name: v for name, v in training.items() if name != "training: recipe"},
        "models": sorted(facts["title"] for facts in run["models"].values()),
        "classify": run["classify"],
        **run["versions"],
    }
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> str:
    """Write a setting as a reader would."""
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _lines(runs: list[RunColumn]) -> list[Line]:
    """Collect every model with scores in any run: the first run's order, then the next ones'."""
    known: dict[str, Row] = {}
    for run in runs:
        for row in run.view.scored:
            known.setdefault(row.name, row)
    return [
        Line(name, row.title, row.kind, [run.row(name) for run in runs])
        for name, row in known.items()
    ]


def _same_corpus(runs: list[RunColumn]) -> SameCorpus:
    lines, first = _lines(runs), runs[0]
    untested = {run.name: why for run in runs[1:] if (why := _untestable(first, run))}
    pairs = [
        _paired(line, first, run)
        for line in lines
        for run, row in zip(runs[1:], line.rows[1:], strict=True)
        if line.rows[0] and row and line.kind != "reference" and run.name not in untested
    ]
    adjusted = significance.holm([pair.difference.p_value for pair in pairs])
    pairs = [
        replace(pair, difference=replace(pair.difference, p_value=p))
        for pair, p in zip(pairs, adjusted, strict=True)
    ]
    return SameCorpus(first.corpus, runs, lines, pairs, untested)


def _untestable(first: RunColumn, other: RunColumn) -> str:
    """Say why the songs of two runs cannot be paired; empty if they can."""
    runs = (first, other)
    ours, theirs = (r.view.test_songs[KEY].drop_duplicates().sort_values(KEY) for r in runs)
    if ours.reset_index(drop=True).equals(theirs.reset_index(drop=True)):
        return ""
    counts = [run.view.n_folds for run in runs]
    folds = {"one hold-out" if count == 1 else f"{count} folds" for count in counts}
    if len(folds) > 1:
        return f"one was tested on {' and the other on '.join(sorted(folds))}"
    songs = [set(table.song) for table in (ours, theirs)]
    if songs[0] != songs[1]:
        return (
            f"other songs were held out: {first.name} has {len(songs[0])} test songs, "
            f"{other.name} {len(songs[1])}, and {len(songs[0] & songs[1])} are in both"
        )
    if counts[0] > 1:
        return "the same songs were divided into folds in another way"
    return "the same songs have other labels or groups"


def _paired(line: Line, first: RunColumn, other: RunColumn) -> PairedRuns:
    """Compare one model in two runs that tested the same songs; p value as yet unadjusted."""
    both = []
    for name, run in (("first", first), ("other", other)):
        songs = run.view.test_songs
        both.append(songs[songs.model == line.name].assign(model=name))
    right = paired.right_table(pd.concat(both))
    differences = paired.against_best(
        right, ["other", "first"], None, first.view.n_folds, first.view.seed
    )
    before, after = right["first"].astype(bool), right["other"].astype(bool)
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return PairedRuns(line.title, first.name, other.name, differences["first"], gained, lost)


def _across(runs: list[RunColumn]) -> Across:
    corpora = [run.corpus for run in runs]
    names = [
        name if corpora.count(name) == 1 else f"{name} ({run.name})"
        for name, run in zip(corpora, runs, strict=True)
    ]
    lines = _lines(runs)
    ranked = [line for line in lines if all(line.rows) and line.kind != "reference"]
    if len(ranked) < 2:
        return Across(runs, names, lines, ranked, None)
    ranking = ranks.rank_models(accuracy(ranked))
    order = np.argsort(ranking.mean, kind="stable")
    p_values = ranking.p_values[np.ix_(order, order)]
    ranking = replace(ranking, mean=ranking.mean[order], p_values=p_values)
    best_first = [ranked[i] for i in order]
    rest = [line for line in lines if line not in ranked]
    rest.sort(key=lambda line: line.kind == "reference")
    return Across(runs, names, best_first + rest, best_first, ranking)


def accuracy(lines: list[Line]) -> NDArray[np.float64]:
    """Give accuracy on test songs, shape (n_corpora, n_models)."""
    return np.array([[row.score().value for row in line.rows if row] for line in lines]).T
