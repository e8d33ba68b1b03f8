"""A weighted mean of several models' probabilities for a song, selected inside training.

Members are added one at a time, with replacement, as long as the mean of their probabilities for
songs that they have not seen becomes better (Caruana et al. 2004, "Ensemble selection from
libraries of models"). What does not help is left out.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from . import song_vote

TITLE = "Selected song-level ensemble"
INPUT = "song-features"
GRID: dict[str, list] = {}

#: Folds of the training part, and members that a vote may hold, one counted as often as chosen.
FOLDS, ROUNDS = 3, 20

#: Pairs of index arrays: rows to learn from, rows held out.
Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]

#: Probabilities below are taken for this one, so that none is infinitely unlikely.
LEAST = 1e-6


def build(seed: int) -> "SelectedEnsemble":
    """Build the vote over `members`."""
    return SelectedEnsemble(members(seed), seed)


def members(seed: int) -> list[tuple[str, Any]]:
    """Build what can be chosen: the members of song-vote, boosting, and an SVM on ranks."""
    known = song_vote.build(seed).estimators
    boosting = HistGradientBoostingClassifier(
        learning_rate=0.15,
        max_iter=25,
        max_bins=32,
        max_features=0.1,
        early_stopping=False,
        random_state=seed,
    )
    ranks = dict(known)["ranked"][:-1]
    machine = make_pipeline(ranks, SVC(C=3.0, random_state=seed))
    return [*known, ("boosting", boosting), ("svm", machine)]


class SelectedEnsemble(ClassifierMixin, BaseEstimator):
    """A weighted mean of probabilities, whose weights come from folds of the training part.

    Each member is fitted once a fold, and once more on everything if it is chosen. Members differ
    in how confident they are, and some give no probabilities at all; so the logarithms of a
    member's probabilities, or its decisions, are multiplied by the one number that makes them
    likeliest on what it has not seen (Guo et al. 2017). More numbers would flatter the member they
    belong to.

    Parameters
    ----------
    members : list of (str, estimator)
        What can be chosen.
    seed : int
        Of the folds.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        Labels in the order of the columns of `predict_proba`.
    weights_ : ndarray, shape (n_members,)
        Sum to 1; 0 is not chosen.
    models_ : list of estimators
        The chosen members, fitted.
    steepness_ : ndarray, shape (n_chosen,)
        What each chosen member's scores are multiplied by; below 1 it is less sure than it says.
    """

    def __init__(self, members: list[tuple[str, Any]], seed: int = 0) -> None:
        self.members = members
        self.seed = seed

    def fit(self, x: NDArray, y: ArrayLike, groups: ArrayLike | None = None) -> "SelectedEnsemble":
        """Choose and fit members.

        Parameters
        ----------
        x : ndarray, shape (n, n_columns)
            Rows, one a song.
        y : array of labels, length n
            At least two classes.
        groups : array, length n, optional
            Rows of one group are never parted; each row is its own group unless given.

        Raises
        ------
        ValueError
            If no fold leaves rows of every class to learn from.
        """
        y = np.asarray(y)
        self.classes_ = np.unique(y)
        folds = whole_folds(y, groups, FOLDS, self.seed)
        held_out = np.concatenate([held for _, held in folds])
        codes = np.searchsorted(self.classes_, y[held_out])
        scores = np.array([self._unseen(member, x, y, folds) for _, member in self.members])
        steepness = np.array([fitted_steepness(of_member, codes) for of_member in scores])
        p = softmax(scores * steepness[:, None, None], axis=2)
        self.weights_ = chosen_weights(p, codes)
        chosen = np.flatnonzero(self.weights_)
        self._combine(p[chosen], y[held_out])
        self.steepness_ = steepness[chosen]
        self.models_ = [clone(self.members[i][1]).fit(x, y) for i in chosen]
        return self

    def _unseen(self, member: Any, x: NDArray, y: NDArray, folds: Folds) -> NDArray[np.float64]:
        """Let a member predict each fold after learning from the rest."""
        return np.concatenate(
            [_scores(clone(member).fit(x[fit], y[fit]), x[held]) for fit, held in folds]
        )

    def _combine(self, p: NDArray, y: NDArray) -> None:
        """Learn from held-out probabilities (n_chosen, n, n_classes); a vote has its weights."""

    def predict_proba(self, x: NDArray) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes), columns as in `classes_`."""
        return np.average(
            self._member_probabilities(x), axis=0, weights=self.weights_[self.weights_ > 0]
        )

    def predict(self, x: NDArray) -> NDArray:
        """Give the most probable class of each row."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]

    def _member_probabilities(self, x: NDArray) -> NDArray[np.float64]:
        """Give the chosen members' probabilities, shape (n_chosen, n, n_classes)."""
        scores = np.array([_scores(model, x) for model in self.models_])
        return softmax(scores * self.steepness_[:, None, None], axis=2)


def whole_folds(y: NDArray, groups: ArrayLike | None, n_folds: int, seed: int) -> Folds:
    """Split rows into stratified folds that part no group.

    Parameters
    ----------
    y : ndarray, length n
        Classes.
    groups : array, length n, or None
        None takes each row for a group.
    n_folds : int
        Fewer are made where a class has fewer groups.
    seed : int
        Order of the draw.

    Returns
    -------
    list of (fit, held out) pairs of index arrays
        Every class is in every `fit`; folds where that fails are left out.

    Raises
    ------
    ValueError
        If none remains.
    """
    group = np.arange(len(y)) if groups is None else np.asarray(groups)
    scarcest = min(len(set(group[y == label])) for label in np.unique(y))
    if scarcest < 2:
        raise ValueError("a class has songs of a single group, which leaves none to choose by")
    folds = StratifiedGroupKFold(min(n_folds, scarcest), shuffle=True, random_state=seed)
    n_classes = len(np.unique(y))
    pairs = list(folds.split(np.zeros(len(y)), y, group))
    whole = [pair for pair in pairs if len(np.unique(y[pair[0]])) == n_classes and len(pair[1])]
    if not whole:
        raise ValueError("groups are so large that no fold has songs of every class to learn from")
    return whole


def chosen_weights(p: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Choose members greedily, with replacement, by the log loss of their mean.

    Parameters
    ----------
    p : ndarray, shape (n_members, n, n_classes)
        Probabilities of rows that the members have not seen.
    codes : ndarray of int, shape (n,)
        Column of each row's class.

    Returns
    -------
    ndarray, shape (n_members,)
        How often each was chosen, as a share, in the best of the votes of 1 to `ROUNDS` members.
    """
    columns = np.arange(p.shape[2])
    counts, total = np.zeros(len(p)), np.zeros(p.shape[1:])
    best, weights = np.inf, counts
    for n in range(1, ROUNDS + 1):
        losses = [log_loss(codes, (total + of_member) / n, labels=columns) for of_member in p]
        added = int(np.argmin(losses))
        total, counts = total + p[added], counts + (np.arange(len(p)) == added)
        if losses[added] < best:
            best, weights = losses[added], counts / n
    return weights


def fitted_steepness(scores: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    """Find the factor, between 1/50 and 50, with which scores give the truth most probability.

    Parameters
    ----------
    scores : ndarray, shape (n, n_classes)
        Logarithms of probabilities, or decisions.
    codes : ndarray of int, shape (n,)
        Column of each row's class.
    """

    def loss(logarithm: float) -> float:
        return float(-log_softmax(scores * np.exp(logarithm), axis=1)[rows, codes].mean())

    rows, widest = np.arange(len(codes)), np.log(50)
    return float(np.exp(minimize_scalar(loss, bounds=(-widest, widest), method="bounded").x))


def _scores(model: Any, x: NDArray) -> NDArray[np.float64]:
    """Give a fitted member's log-probabilities or decisions, one column a class."""
    if hasattr(model, "predict_proba"):
        return np.log(np.clip(model.predict_proba(x).astype(float), LEAST, 1))
    decisions = model.decision_function(x).astype(float)
    return decisions if decisions.ndim == 2 else np.stack([-decisions, decisions], axis=1)
