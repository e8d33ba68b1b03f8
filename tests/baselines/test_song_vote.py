"""The vote says much the same of a song and of what was heard of it, and costs nothing without."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from classify.baselines import song_vote

N = 80


def heard() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Songs and a copy of most: one column is kept, a clearer one comes out at random."""
    draw = np.random.default_rng(0)
    y = np.arange(N) % 2
    songs = np.column_stack([y + draw.normal(0, 0.8, N), y + draw.normal(0, 0.4, N)])
    copies = np.column_stack([songs[:60, 0], draw.normal(0.5, 0.6, 60)])
    return np.concatenate([songs, copies]), np.append(y, y[:60]), np.append(np.arange(N), range(60))


def vote() -> song_vote.SongVote:
    return song_vote.build(0).set_params(trees__n_estimators=3, plain__logisticregression__C=0.03)


def test_a_song_and_its_copy_differ_less_in_scores():
    x, y, originals = heard()

    def apart(model: song_vote.SongVote) -> float:
        score = model.estimators_[0].decision_function(x)
        return float(np.abs(score[N:] - score[:60]).mean() / np.abs(score).mean())

    plain, steady = vote().fit(x, y), vote().fit(x, y, originals)
    assert apart(steady) < 0.8 * apart(plain)
    assert steady.score(x[N:], y[N:]) >= plain.score(x[N:], y[N:]) - 0.05


def test_rows_that_are_no_copies_leave_the_vote_as_it_is():
    x, y, _ = heard()
    alone, told = vote().fit(x[:N], y[:N]), vote().fit(x[:N], y[:N], np.arange(N))
    np.testing.assert_array_equal(alone.predict_proba(x), told.predict_proba(x))


def test_weights_are_the_cheapest_with_the_price_on_differences():
    x, y, originals = heard()
    model = vote().fit(x, y, originals).estimators_[0]
    regression: LogisticRegression = model[-1]
    rows = model[:-1].transform(x)
    apart = rows[N:] - rows[:60]

    def cost(weights: np.ndarray, constant: float) -> float:
        p = 1 / (1 + np.exp(-rows @ weights - constant))
        differing = song_vote.STEADINESS * np.mean((apart @ weights) ** 2)
        return log_loss(y, p) * len(y) + 0.5 * (weights @ weights + differing) / regression.C

    weights, constant = regression.coef_[0], float(regression.intercept_[0])
    least = cost(weights, constant)
    for step in 0.03 * np.random.default_rng(1).normal(size=(20, 3)):
        assert cost(weights + step[:2], constant + step[2]) > least


def test_what_lasts_has_a_vote_of_its_own():
    x, y, originals = heard()
    model = vote().fit(x, y, originals)
    assert model.lasting_.tolist() == [0]  # the other column comes out at random
    apart = [np.abs(p[N:] - p[:60]).mean() for p in (model.predict_proba(x), of_all(model, x))]
    assert apart[0] < 0.6 * apart[1]
    few = np.arange(N + song_vote.LEAST_PAIRS - 1)
    assert vote().fit(x[few], y[few], originals[few]).lasting_vote_ is None


def of_all(model: song_vote.SongVote, x: np.ndarray) -> np.ndarray:
    """What members on all columns say alone."""
    return np.mean([member.predict_proba(x) for member in model.estimators_], axis=0)
