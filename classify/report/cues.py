"""What a song's source, metre, tempo, length or instruments predict alone, beside the models.

A *cue* is what can be known of a song without hearing its notes in order. Read from the
`confounds` rows of checks.parquet.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from classify.evaluation.intervals import (
    Estimate,
    effective_groups,
    estimate,
    estimate_share,
    interval,
    resampled,
)
from classify.evaluation.scores import SCORES, confusion
from classify.experiments import results
from classify.report.paired_changes import SONG
from classify.report.run_view import View

#: Points above the majority class from which a reader must know of a cue.
MUCH = 0.10


@dataclass(frozen=True)
class Cue:
    """One cue: its name, its scores on test songs, and how far it is ahead of the majority class.

    `behind` is how far the best model is ahead of it.
    """

    name: str
    scores: dict[str, Estimate]
    ahead: Estimate
    behind: Estimate | None

    @property
    def title(self) -> str:
        """Its row in tables."""
        return f"{self.name} only"

    @property
    def accuracy(self) -> Estimate:
        """Share of test songs that it predicts."""
        return self.scores["accuracy"]


def read(view: View) -> list[Cue]:
    """Score every cue of a run, the most telling first; none where the run has none.

    Raises
    ------
    InputError
        If checks.parquet is damaged.
    """
    table = view.table(results.CHECKS)
    if table is None or view.majority is None:
        return []
    rows = table[table.check == "confounds"]
    cues = [_cue(view, str(name), of_cue) for name, of_cue in rows.groupby("variant", sort=False)]
    return sorted(cues, key=lambda cue: -cue.accuracy.value)


def _cue(view: View, name: str, rows: pd.DataFrame) -> Cue:
    groups = rows.group.tolist()
    right = (rows.label == rows.prediction).to_numpy()
    truth, predicted = (np.searchsorted(view.classes, rows[k]) for k in ("label", "prediction"))
    n_classes, n_groups = len(view.classes), effective_groups(groups)
    draws = resampled(truth, predicted, groups, n_classes, view.seed)
    counts = confusion(truth, predicted, n_classes)
    scores = {}
    for metric, score in SCORES.items():
        ends = interval(score(draws), n_groups, view.n_folds) if n_groups > 1 else (0.0, 1.0)
        scores[metric] = Estimate(float(score(counts)), *ends)
    per_song = pd.Series(right).groupby([rows.song.to_numpy(), rows.group.to_numpy()]).mean()
    per_group = per_song.index.get_level_values(1).tolist()
    scores["accuracy"] = estimate_share(per_song.to_numpy(), per_group, view.n_folds)
    assert view.majority is not None
    best = view.best
    return Cue(
        name,
        scores,
        _ahead(view, rows, view.majority.name),
        _minus(_ahead(view, rows, best.name)) if best else None,
    )


def _ahead(view: View, rows: pd.DataFrame, model: str) -> Estimate:
    """Give the accuracy of a cue less that of a model, on the same songs."""
    songs = view.test_songs[view.test_songs.model == model].set_index(SONG)
    own = rows.set_index(SONG)
    own, songs = own.sort_index(), songs.loc[own.index].sort_index()
    values = (own.prediction == own.label).astype(int) - (songs.prediction == songs.label)
    per_song = values.groupby(["song", "group"]).mean()
    groups = per_song.index.get_level_values("group").tolist()
    return estimate(per_song.to_numpy(), groups, view.seed, view.n_folds, (-1.0, 1.0))


def _minus(one: Estimate) -> Estimate:
    return Estimate(-one.value, -one.high, -one.low)
