"""Two or more runs side by side, as plain values: what differs, and what can be tested.

Runs of one corpus (the same fingerprint) are compared song by song, each with the first of them.
Runs of different corpora are compared by ranks, one run a corpus: the first that was named.

Conventions: a difference is the other run's score less the first one's.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation import ranks, significance
from classify.report import paired
from classify.report.paired import Difference
from classify.report.view import Row, View, read_view

#: Corpora from which on a picture of ranks is drawn.
CORPORA = 3

#: What must be the same of each song for a paired test.
KEY = ["repeat", "fold", "song", "group", "label"]


@dataclass(eq=False)
class Side:
    """One run: its name among the others, and what its own report shows."""

    name: str
    view: View

    @property
    def corpus(self) -> str:
        """The name of its corpus."""
        return str(self.view.run["corpus"]["name"])

    @property
    def fingerprint(self) -> str:
        """What tells its corpus from all others."""
        return str(self.view.run["corpus"]["fingerprint"])

    def row(self, model: str) -> Row | None:
        """Give a model's row if it has scores."""
        return next((row for row in self.view.scored if row.name == model), None)

    @cached_property
    def songs(self) -> pd.DataFrame:
        """Songs of the test part as the run's own split has them, a line a model and song."""
        table = self.view.predictions
        own = table[table.protocol == self.view.protocol]
        return own[(own.level == "song") & (own.part == "test")].sort_values(KEY)

    def answers(self, model: str) -> pd.DataFrame:
        """Give a model's test songs, a line a song and fold."""
        return self.songs[self.songs.model == model]


@dataclass(frozen=True, eq=False)
class Line:
    """One model in several runs; `rows` has one entry a run, None where it has no scores."""

    name: str
    title: str
    kind: str
    rows: list[Row | None]


@dataclass(frozen=True)
class Paired:
    """One model in two runs, on the same songs.

    Parameters
    ----------
    title : str
        Of the model.
    first, other : str
        Names of the runs.
    difference : Difference
        Of the other's accuracy less the first's; p value Holm-adjusted over all models and runs
        that are compared with the first.
    gained, lost : int
        Answers that are right in the other run only, and in the first only.
    """

    title: str
    first: str
    other: str
    difference: Difference
    gained: int
    lost: int


@dataclass(eq=False)
class SameCorpus:
    """Runs of one corpus.

    Parameters
    ----------
    corpus : str
        Its name.
    sides : list of Side
        The first is what the others are compared with.
    lines : list of Line
        From best to worst in the first run, then those that it lacks.
    paired : list of Paired
        Empty where no test is possible.
    untested : dict of str to str
        Why a run's songs cannot be compared with the first one's, by the run's name.
    """

    corpus: str
    sides: list[Side]
    lines: list[Line]
    paired: list[Paired]
    untested: dict[str, str]


@dataclass(eq=False)
class Across:
    """Runs of different corpora, one a corpus.

    Parameters
    ----------
    sides : list of Side
        One a corpus.
    names : list of str
        Of the corpora, each different.
    lines : list of Line
        From best to worst mean rank, then those that have no rank.
    ranked : list of Line
        The models but the majority class that have scores on every corpus, best first.
    ranking : Ranking or None
        Of the `ranked` models in their order; None for fewer than two.
    """

    sides: list[Side]
    names: list[str]
    lines: list[Line]
    ranked: list[Line]
    ranking: ranks.Ranking | None


@dataclass(eq=False)
class Sides:
    """Everything that a page of runs side by side shows.

    Parameters
    ----------
    sides : list of Side
        In the order they were named.
    differing : list of (str, list of str)
        Name and values, one a run, of every setting that is not the same in all.
    same : list of SameCorpus
        One for each corpus with more than one run.
    across : Across or None
        None if all runs are of one corpus.
    """

    sides: list[Side]
    differing: list[tuple[str, list[str]]]
    same: list[SameCorpus]
    across: Across | None


def read_sides(folders: list[Path]) -> Sides:
    """Read runs and lay them side by side.

    Parameters
    ----------
    folders : list of Path
        Runs' folders, two at least, each a finished run.

    Raises
    ------
    InputError
        If there are fewer than two, one is named twice, or one holds no finished run.
    """
    whole = [folder.resolve() for folder in folders]
    if len(whole) < 2:
        raise InputError(f"{', '.join(map(str, folders))}: two runs at least can be compared")
    twice = [folder for folder, times in Counter(whole).items() if times > 1]
    if twice:
        raise InputError(f"{twice[0]}: is named twice; name a run once, and another beside it")
    names = _names(whole)
    sides = [Side(name, read_view(path)) for name, path in zip(names, folders, strict=True)]
    corpora: dict[str, list[Side]] = {}
    for side in sides:
        corpora.setdefault(side.fingerprint, []).append(side)
    same = [_same_corpus(group) for group in corpora.values() if len(group) > 1]
    firsts = [group[0] for group in corpora.values()]
    return Sides(sides, _differing(sides), same, _across(firsts) if len(firsts) > 1 else None)


def _names(folders: list[Path]) -> list[str]:
    """Name each run by as much of the end of its path as tells all apart."""
    longest = max(len(folder.parts) for folder in folders)
    for depth in range(1, longest):
        names = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def _differing(sides: list[Side]) -> list[tuple[str, list[str]]]:
    """Collect the settings that are not the same in every run."""
    settings = [_settings(side.view.run) for side in sides]
    names = dict.fromkeys(name for found in settings for name in found)
    lines = [(name, [found.get(name, "–") for found in settings]) for name in names]
    return [(name, values) for name, values in lines if len(set(values)) > 1]


def _settings(run: dict[str, Any]) -> dict[str, str]:
    """Lay out everything that decides a run's numbers, by the name a reader knows it by."""
    corpus, split = run["corpus"], run["split"]
    asked = {name: v for name, v in run["settings"].items() if name not in ("corpus", "models")}
    training = {f"training: {name.replace('_', ' ')}": v for name, v in run["training"].items()}
    cut = {name: v for name, v in run["windows"].items() if name != "counts"}
    parts = {f"{part} songs": sizes["songs"] for part, sizes in split["parts"].items()}
    found = {
        "corpus": corpus["name"],
        "corpus fingerprint": corpus["fingerprint"][:16],
        "classes": sorted(corpus["songs_per_class"]),
        **{name.replace("_", " "): v for name, v in asked.items()},
        **cut,
        "split": split["kind"],
        **parts,
        **{name: v for name, v in training.items() if name != "training: recipe"},
        "models": sorted(facts["title"] for facts in run["models"].values()),
        "classify": run["classify"],
        **run["versions"],
    }
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> str:
    """Write a setting as a reader would."""
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _lines(sides: list[Side]) -> list[Line]:
    """Collect every model with scores in any run: the first run's order, then the next ones'."""
    known: dict[str, Row] = {}
    for side in sides:
        for row in side.view.scored:
            known.setdefault(row.name, row)
    return [
        Line(name, row.title, row.kind, [side.row(name) for side in sides])
        for name, row in known.items()
    ]


def _same_corpus(sides: list[Side]) -> SameCorpus:
    lines = _lines(sides)
    first = sides[0]
    untested = {side.name: why for side in sides[1:] if (why := _untestable(first, side))}
    found = [
        _paired(line, first, side)
        for line in lines
        for side, row in zip(sides[1:], line.rows[1:], strict=True)
        if line.rows[0] and row and line.kind != "reference" and side.name not in untested
    ]
    adjusted = significance.holm([pair.difference.p_value for pair in found])
    found = [
        replace(pair, difference=replace(pair.difference, p_value=p))
        for pair, p in zip(found, adjusted, strict=True)
    ]
    return SameCorpus(first.corpus, sides, lines, found, untested)


def _untestable(first: Side, other: Side) -> str:
    """Say why the songs of two runs cannot be paired; empty if they can."""
    ours, theirs = (side.songs[KEY].drop_duplicates() for side in (first, other))
    if ours.reset_index(drop=True).equals(theirs.reset_index(drop=True)):
        return ""
    folds = {
        "one hold-out" if side.view.n_folds == 1 else f"{side.view.n_folds} folds"
        for side in (first, other)
    }
    if len(folds) > 1:
        return f"one was tested on {' and the other on '.join(sorted(folds))}"
    songs = [set(table.song) for table in (ours, theirs)]
    if songs[0] != songs[1]:
        shared = len(songs[0] & songs[1])
        return (
            f"other songs were held out: {first.name} has {len(songs[0])} test songs, "
            f"{other.name} {len(songs[1])}, and {shared} are in both"
        )
    if first.view.n_folds > 1:
        return "the same songs were parted into folds in another way"
    return "the same songs have other labels or groups"


def _paired(line: Line, first: Side, other: Side) -> Paired:
    """Compare one model in two runs that tested the same songs; p value as yet unadjusted."""
    sides = {"first": first, "other": other}
    answers = [side.answers(line.name).assign(model=name) for name, side in sides.items()]
    right = paired.right_table(pd.concat(answers))
    seed = first.view.run["settings"]["seed"]
    difference = paired.against_best(right, ["other", "first"], None, first.view.n_folds, seed)
    before, after = right["first"].astype(bool), right["other"].astype(bool)
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return Paired(line.title, first.name, other.name, difference["first"], gained, lost)


def _across(sides: list[Side]) -> Across:
    corpora = [side.corpus for side in sides]
    names = [
        name if corpora.count(name) == 1 else f"{name} ({side.name})"
        for name, side in zip(corpora, sides, strict=True)
    ]
    lines = _lines(sides)
    ranked = [line for line in lines if all(line.rows) and line.kind != "reference"]
    if len(ranked) < 2:
        return Across(sides, names, lines, ranked, None)
    found = ranks.rank(accuracy(ranked))
    order = np.argsort(found.mean, kind="stable")
    found = replace(found, mean=found.mean[order], p_values=found.p_values[np.ix_(order, order)])
    best_first = [ranked[i] for i in order]
    rest = [line for line in lines if line not in ranked and line.kind != "reference"]
    rest += [line for line in lines if line.kind == "reference"]
    return Across(sides, names, best_first + rest, best_first, found)


def accuracy(lines: list[Line]) -> NDArray[np.float64]:
    """Give accuracy on test songs, shape (n_corpora, n_models)."""
    return np.array([[row.score().value for row in line.rows if row] for line in lines]).T
