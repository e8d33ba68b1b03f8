"""Window and channels chosen on the training songs, before any model is compared.

Songs of the outer test part are never looked at. The training songs are divided into inner folds,
groups kept whole; each candidate is scored by quick probes of fixed settings: a random forest on
notes if some model takes notes, a logistic regression on features if some takes features. The
score of a fold is the accuracy on its songs, averaged over the probes; a song's prediction is by
the mean of its windows' probabilities.

Candidates are tried one after another until the time is over: the default, the other windows from
the nearest to the furthest, then other channels at the best window so far. A candidate that has
begun is finished, and two are tried at least. Another than the default is taken only if it is ahead
of it by more than one standard error of that difference over the folds (Breiman, Friedman, Olshen
and Stone 1984, section 3.4.3, with the default as the simplest).

How many candidates were looked at depends on the machine. A run therefore records its choice before
it trains, and a run that goes on takes the choice that was recorded.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from classify.errors import InputError
from classify.evaluation import splits
from classify.evaluation.scores import song_means
from classify.experiments.dataset import SplitDataset
from classify.experiments.settings import Settings
from classify.models import registry
from classify.representations.arrays import as_rows
from classify.representations.channels import NOTES
from classify.representations.musical_features import FEATURES
from classify.representations.representation import Representation
from classify.representations.scaling import unscaled
from classify.representations.windows import CHANNELS, WindowSettings, cut
from classify.songs import Song

#: Windows that are tried, in notes, where the songs are long enough.
WINDOWS = (50, 100, 200, 400, 800)

#: Share of the training songs that must fill a window for it to be tried.
FILLED = 0.25

#: Channels that are tried.
CHANNEL_SETS = (
    tuple(CHANNELS),
    ("pitch",),
    tuple(name for name in CHANNELS if name != "velocity"),
)

#: Inner folds.
FOLDS = 5

#: Candidates that are tried however long they take.
FEWEST = 2

#: Told of each candidate as it is scored.
Watch = Callable[["Candidate"], None]


@dataclass(frozen=True)
class Candidate:
    """One way to cut songs, and what probes made of it.

    Parameters
    ----------
    window, hop : int
        In notes.
    channels : tuple of str
        Of `classify.representations.windows.CHANNELS`.
    score, error : float
        Mean accuracy on songs over the inner folds, and its standard error.
    ahead, ahead_error : float
        The same of its difference from the default, fold by fold.
    seconds : float
        By the clock.
    """

    window: int
    hop: int
    channels: tuple[str, ...]
    score: float
    error: float
    ahead: float
    ahead_error: float
    seconds: float

    @property
    def named(self) -> str:
        """What it is, in words."""
        what = "all channels" if self.channels == tuple(CHANNELS) else ", ".join(self.channels)
        return f"{self.window} notes, {what}"


@dataclass(frozen=True)
class Tuning:
    """What was tried and what was chosen.

    Parameters
    ----------
    candidates : list of Candidate
        In the order in which they were tried, the default first.
    chosen : Candidate
        One of them.
    probes : list of str
        What probes were given: notes, features.
    n_songs, n_folds : int
        Training songs, and inner folds.
    left : int
        Candidates for which there was no time.
    """

    candidates: list[Candidate]
    chosen: Candidate
    probes: list[str]
    n_songs: int
    n_folds: int
    left: int


def tune(
    settings: Settings,
    data: SplitDataset,
    chosen: Sequence[registry.ModelSpec],
    watch: Watch = lambda one: None,
) -> Tuning:
    """Choose window and channels, whichever of them was not given.

    Parameters
    ----------
    settings : Settings
        With `tune`, in minutes.
    data : SplitDataset
        The corpus, cut as by default, and split once.
    chosen : sequence of ModelSpec
        Models that will be compared; they decide what probes are given.
    watch : callable, optional
        Told of each candidate.

    Raises
    ------
    InputError
        If nothing is left to choose: two candidates cannot be made of these songs.
    """
    assert settings.tune is not None
    ends = time.monotonic() + 60 * settings.tune
    trial = _trial(settings, data, chosen)
    lengths = np.array([song.n_notes for song in trial.songs])
    others = _windows(data.cutting, lengths) if settings.window is None else []
    sets = [channels for channels in CHANNEL_SETS if channels != data.cutting.channels]
    sets = sets if settings.channels == tuple(CHANNELS) else []
    if not others and not sets:
        raise InputError(
            f"--tune {settings.tune:g}: there is no other window to try, since songs are too "
            f"short; leave it out"
        )
    tried = [trial.of(data.cutting)]
    watch(tried[0])
    while others or sets:
        if len(tried) >= FEWEST and time.monotonic() >= ends:
            break
        if others:
            cutting = _cutting(settings, others.pop(0), data.cutting.channels)
        else:
            cutting = _cutting(settings, best(tried).window, sets.pop(0))
        tried.append(trial.of(cutting))
        watch(tried[-1])
    return Tuning(tried, best(tried), list(trial.probes), len(lengths), len(trial.folds),
                  len(others) + len(sets))  # fmt: skip


def best(tried: Sequence[Candidate]) -> Candidate:
    """Choose the most accurate of those that are ahead of the first beyond their error."""
    ahead = [one for one in tried if one.ahead > one.ahead_error]
    return max(ahead, key=lambda one: one.score, default=tried[0])


def apply_choice(settings: Settings, tuning: Tuning) -> Settings:
    """Give the settings that cut songs as a tuning chose."""
    chosen = tuning.chosen
    return replace(settings, window=chosen.window, hop=chosen.hop, channels=chosen.channels,
                   tune=None)  # fmt: skip


def _windows(default: WindowSettings, lengths: NDArray[np.int64]) -> list[int]:
    """Give the other windows that songs are long enough for, those like the default first."""
    possible = [
        window
        for window in WINDOWS
        if window != default.window and (lengths >= window).mean() >= FILLED
    ]
    return sorted(possible, key=lambda window: abs(np.log(window / default.window)))


def _cutting(settings: Settings, window: int, channels: tuple[str, ...]) -> WindowSettings:
    return WindowSettings(window, settings.hop or window, channels)


def _forest(seed: int) -> ClassifierMixin:
    return RandomForestClassifier(100, min_samples_leaf=2, random_state=seed)


def _regression(seed: int) -> ClassifierMixin:
    regression = LogisticRegression(C=0.003, max_iter=300, random_state=seed)
    return make_pipeline(StandardScaler(), regression)


#: What each probe is given, and what it is.
PROBES: dict[str, tuple[Representation, Callable[[int], ClassifierMixin]]] = {
    "notes": (NOTES, _forest),
    "features": (FEATURES, _regression),
}


@dataclass(frozen=True, eq=False)
class _Trial:
    """Training songs in inner folds, on which candidates are scored; the first is the default."""

    songs: list[Song]
    labels: NDArray[np.str_]
    folds: list[tuple[NDArray[np.int64], NDArray[np.int64]]]
    probes: list[str]
    seed: int
    scored: dict[tuple[Any, ...], NDArray[np.float64]] = field(default_factory=dict)

    def of(self, cutting: WindowSettings) -> Candidate:
        """Score one candidate."""
        begun = time.monotonic()
        with threadpool_limits(1):  # sums over several threads differ in the last digits
            scores = np.mean([self._probed(probe, cutting) for probe in self.probes], axis=0)
        default = self.scored.setdefault(("default",), scores)
        return Candidate(
            cutting.window,
            cutting.hop,
            cutting.channels,
            *_mean_and_error(scores),
            *_mean_and_error(scores - default),
            seconds=time.monotonic() - begun,
        )

    def _probed(self, probe: str, cutting: WindowSettings) -> NDArray[np.float64]:
        """Give a probe's accuracy on the songs of each fold; features know nothing of channels."""
        key = (
            probe,
            cutting.window,
            cutting.hop,
            *(cutting.channels if PROBES[probe][0].scaled else ()),
        )
        if key not in self.scored:
            windows = cut(self.songs, cutting)
            x = np.concatenate(list(PROBES[probe][0].encode(self.songs, windows)))
            x = as_rows(unscaled(x))
            self.scored[key] = np.array(
                [self._accuracy(probe, x, windows.song, *fold) for fold in self.folds]
            )
        return self.scored[key]

    def _accuracy(
        self, probe: str, x: NDArray, song: NDArray, fit: NDArray, validate: NDArray
    ) -> float:
        rows, held = np.isin(song, fit), np.isin(song, validate)
        model = PROBES[probe][1](self.seed).fit(x[rows], self.labels[song[rows]])
        p = model.predict_proba(x[held])
        songs, place = np.unique(song[held], return_inverse=True)
        predictions = model.classes_[song_means(p, place).argmax(axis=1)]
        return float((predictions == self.labels[songs]).mean())


def _trial(settings: Settings, data: SplitDataset, chosen: Sequence[registry.ModelSpec]) -> _Trial:
    """Take the training songs of the outer split, and nothing else of the corpus."""
    (part,) = data.outer
    songs = np.unique(data.windows.song[part.train])
    labels = np.array(data.corpus.labels)[songs]
    groups = np.array(data.corpus.groups)[songs]
    on_features = [s.representation.described for s in chosen if s.kind != "reference"]
    probes = ["notes"] * (not all(on_features)) + ["features"] * any(on_features)
    return _Trial(
        [data.corpus.songs[index] for index in songs],
        labels,
        splits.inner_folds(labels, groups, FOLDS, settings.seed),
        probes or ["notes"],
        settings.seed,
    )


def _mean_and_error(values: NDArray[np.float64]) -> tuple[float, float]:
    """Give the mean over folds, and its standard error; 0 for a single fold, which has none."""
    if len(values) < 2:
        return float(values.mean()), 0.0
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
