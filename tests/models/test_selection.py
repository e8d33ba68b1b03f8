"""Everything is chosen by the same score of songs."""

import numpy as np
from classify.baselines.knn import build
from sklearn.model_selection import ParameterGrid

from classify.evaluation.scores import confusion, macro_f1
from classify.evaluation.splits import inner_folds
from classify.models.baseline_classifier import BaselineClassifier
from classify.models.selection import song_score


def test_songs_count_and_not_their_windows():
    outputs = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8], [0.6, 0.4]])
    codes, songs = np.array([0, 0, 0, 1, 1]), np.array([3, 3, 3, 5, 8])
    expected = macro_f1(confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), 2))
    assert song_score(outputs, codes, songs) == expected


def test_a_grid_is_searched_by_songs():
    """A long song of one class, seen in many windows, must not decide for the short ones."""
    draw = np.random.default_rng(0)
    n_windows = np.array([30, *[1] * 29])
    song = np.arange(30).repeat(n_windows)
    codes = (np.arange(30) % 2)[song]
    x = (codes[:, None] + draw.normal(0, 0.8, (len(song), 6)))[:, None].astype(np.float32)
    model = BaselineClassifier("knn", seed=1)
    model.fit(x, codes.astype(str), song.astype(str), songs=song)
    best = song_score(model.held_out_, codes, song)
    table = x[:, 0] if model.scaler_ is None else model.prepare(x)[:, 0]
    folds = inner_folds(codes.astype(str), song.astype(str), model.n_folds, 1)
    scores = []
    for values in ParameterGrid(model.grid):
        out = np.full((len(song), 2), np.nan)
        for fit, validate in folds:
            knn = build(1).set_params(**values)
            try:
                out[validate] = knn.fit(table[fit], codes[fit]).predict_proba(table[validate])
            except ValueError:
                break  # more neighbours than windows
        else:
            scores.append(song_score(out, codes, song))
    assert best == max(scores) and len(set(scores)) > 1
