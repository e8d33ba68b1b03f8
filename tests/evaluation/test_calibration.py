"""Calibration against scikit-learn, closed forms and examples worked by hand."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

from classify.evaluation import calibration, intervals
from classify.evaluation.intervals import bootstrap_of_counts

DRAW = np.random.default_rng(0)
P = DRAW.dirichlet([2, 2, 2, 2], 500)
TRUTH = np.array([DRAW.choice(4, p=row) for row in P])


def of_confidence(confidence, right):
    """Two classes: probabilities of class 1 or 0 with these confidences, and whether right."""
    confidence = np.asarray(confidence, float)
    return np.column_stack([confidence, 1 - confidence]), 1 - np.asarray(right, int)


def test_a_temperature_of_two_classes_in_closed_form():
    # sure by .9, right in 7 of 10: the likelihood is largest where the confidence is .7,
    # log(.9 / .1) / T = log(.7 / .3)
    p, truth = of_confidence([0.9] * 10, [1] * 7 + [0] * 3)
    temperature = calibration.fit_temperature(p, truth)
    assert temperature == pytest.approx(np.log(9) / np.log(7 / 3), rel=1e-7)
    assert calibration.apply_temperature(p, temperature)[:, 0] == pytest.approx(0.7, abs=1e-8)


@pytest.mark.parametrize("sharpness", [0.3, 1])
def test_the_temperature_is_scikit_learns(sharpness):
    x = np.random.default_rng(1).normal(size=(400, 5))
    truth = (x[:, 0] + np.random.default_rng(2).normal(size=400) > 0) + 2 * (x[:, 1] > 0)
    model = LogisticRegression().fit(x[:200], truth[:200])
    model.coef_ *= sharpness
    scaled = CalibratedClassifierCV(FrozenEstimator(model), method="temperature", ensemble=False)
    scaled.fit(x[200:], truth[200:])
    p = model.predict_proba(x[200:])
    temperature = calibration.fit_temperature(p, truth[200:])
    ours, theirs = calibration.apply_temperature(p, temperature), scaled.predict_proba(x[200:])
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert log_loss(truth[200:], ours) == pytest.approx(log_loss(truth[200:], theirs), abs=1e-9)


def test_a_temperature_undoes_a_temperature():
    sharp = calibration.apply_temperature(P, 0.5)
    temperature = calibration.fit_temperature(sharp, TRUTH)
    assert temperature == pytest.approx(2 * calibration.fit_temperature(P, TRUTH), rel=1e-6)
    assert temperature == pytest.approx(2, rel=0.15)
    np.testing.assert_allclose(calibration.apply_temperature(sharp, 2), P, atol=1e-6)
    np.testing.assert_array_equal(sharp.argmax(axis=1), P.argmax(axis=1))


def test_probabilities_of_zero_have_a_temperature():
    p = np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0]])
    temperature = calibration.fit_temperature(p, np.array([0, 1, 1]))
    cooled = calibration.apply_temperature(p, temperature)
    assert temperature > 1 and np.isfinite(cooled).all()
    np.testing.assert_allclose(cooled.sum(axis=1), 1)


def test_songs_all_right_are_as_cold_as_it_gets():
    p, truth = of_confidence([0.6, 0.7], [1, 1])
    assert calibration.fit_temperature(p, truth) == pytest.approx(0.05, rel=1e-3)


def test_brier_is_scikit_learns():
    expected = brier_score_loss(TRUTH, P, labels=range(4))
    assert calibration.brier(P, TRUTH) == pytest.approx(expected, abs=1e-12)
    # the example in scikit-learn's documentation: (.06 + .14 + .24) / 3
    p = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]])
    assert calibration.brier(p, np.array([0, 1, 2])) == pytest.approx(0.44 / 3, abs=1e-12)
    assert calibration.brier(np.eye(3), np.array([1, 2, 0])) == 2


def test_the_calibration_error_by_hand():
    # two bins of three songs: confidence .6 and accuracy 1/3; confidence .9 and accuracy 1
    p, truth = of_confidence([0.95, 0.55, 0.85, 0.6, 0.9, 0.65], [1, 1, 1, 0, 1, 0])
    bins = calibration.reliability(p, truth, 2)
    np.testing.assert_allclose(bins.confidence, [0.6, 0.9], atol=1e-12)
    np.testing.assert_allclose(bins.accuracy, [1 / 3, 1], atol=1e-12)
    np.testing.assert_array_equal(bins.count, [3, 3])
    expected = ((0.6 - 1 / 3) + (1 - 0.9)) / 2
    assert calibration.calibration_error(p, truth, 2) == pytest.approx(expected, abs=1e-9)


def test_bins_are_even_and_their_error_is_that_of_numpys_even_parts():
    order = np.argsort(P.max(axis=1))
    right = (P.argmax(axis=1) == TRUTH).astype(float)
    parts = np.array_split(order, 10)
    gaps = [abs(right[part].mean() - P[part].max(axis=1).mean()) for part in parts]
    np.testing.assert_array_equal(calibration.reliability(P, TRUTH).count, [50] * 10)
    expected = np.mean(gaps)
    assert calibration.calibration_error(P, TRUTH) == pytest.approx(expected, abs=1e-9)


def test_songs_of_one_confidence_share_a_bin_in_any_order():
    p, truth = of_confidence([0.6, 0.8, 0.8, 0.8, 0.8, 0.9], [1, 0, 1, 0, 1, 1])
    np.testing.assert_array_equal(calibration.reliability(p, truth, 3).count, [1, 4, 1])
    error = calibration.calibration_error(p, truth, 3)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(6)
        assert calibration.calibration_error(p[order], truth[order], 3) == pytest.approx(error)


def test_tempering_mends_the_calibration_error():
    sharp = calibration.apply_temperature(P, 0.3)
    fitted = calibration.fit_temperature(sharp[:250], TRUTH[:250])
    before = calibration.calibration_error(sharp[250:], TRUTH[250:])
    after = calibration.calibration_error(
        calibration.apply_temperature(sharp[250:], fitted), TRUTH[250:]
    )
    assert before > 0.2 and after < 0.1


def test_risk_and_coverage_by_hand():
    # from the surest: right, wrong, right, then two of one confidence, one of them wrong
    p, truth = of_confidence([0.9, 0.6, 0.8, 0.7, 0.6], [1, 1, 0, 1, 0])
    curve = calibration.risk_coverage(p, truth)
    np.testing.assert_allclose(curve.threshold, [0.9, 0.8, 0.7, 0.6], atol=1e-12)
    np.testing.assert_allclose(curve.coverage, [1 / 5, 2 / 5, 3 / 5, 1], atol=1e-12)
    np.testing.assert_allclose(curve.risk, [0, 1 / 2, 1 / 3, 2 / 5], atol=1e-12)
    expected = (0 + 1 / 2 + 1 / 3 + 2 / 5 + 2 / 5) / 5
    assert calibration.area_under_risk_coverage(curve) == pytest.approx(expected, abs=1e-9)
    assert calibration.coverage_and_risk(p, truth, 0.75) == pytest.approx((2 / 5, 1 / 2), abs=1e-12)
    coverage, risk = calibration.coverage_and_risk(p, truth, 0.95)
    assert coverage == 0 and np.isnan(risk)


def test_the_area_is_the_mean_of_the_risks_of_the_k_surest_songs():
    # Geifman, Uziel and El-Yaniv 2019: the mean over songs of the risk at their own confidence
    order = np.argsort(-P.max(axis=1))
    wrong = (P.argmax(axis=1) != TRUTH)[order]
    expected = np.mean([wrong[:k].mean() for k in range(1, 501)])
    curve = calibration.risk_coverage(P, TRUTH)
    assert calibration.area_under_risk_coverage(curve) == pytest.approx(expected, abs=1e-9)
    assert curve.risk[-1] == pytest.approx(wrong.mean(), abs=1e-12)


@pytest.mark.parametrize(
    ("p", "truth", "message"),
    [
        (np.full((2, 2), 0.5), [0], "shape .2, 2. do not fit 1 songs"),
        (np.full((1, 2), 0.7), [0], "sum to 1"),
        (np.full((1, 2), np.nan), [0], "sum to 1"),
        (np.full((1, 2), 0.5), [2], "columns 0 to 1"),
    ],
)
def test_what_are_no_probabilities(p, truth, message):
    for measure in (calibration.brier, calibration.reliability, calibration.fit_temperature):
        with pytest.raises(ValueError, match=message):
            measure(p, np.array(truth))


def test_no_temperature_of_zero():
    with pytest.raises(ValueError, match="temperature of 0 is not above 0"):
        calibration.apply_temperature(P, 0)


@pytest.mark.parametrize("p", [P, P.round(1) + 1e-3], ids=["distinct", "ties"])
def test_many_draws_at_once_have_the_errors_that_each_has_alone(p):
    p = p / p.sum(axis=1, keepdims=True)
    times = np.random.default_rng(3).multinomial(len(p), np.full(len(p), 1 / len(p)), 40)
    songs = np.arange(len(p))
    for one, many in (
        (calibration.calibration_error, calibration.resampled_error),
        (calibration.brier, calibration.resampled_brier),
    ):
        alone = [one(p[drawn], TRUTH[drawn]) for drawn in (np.repeat(songs, t) for t in times)]
        np.testing.assert_allclose(many(p, TRUTH, times), alone, atol=1e-12)
    bins = calibration.reliability(p, TRUTH)
    gaps = np.average(np.abs(bins.accuracy - bins.confidence), weights=bins.count)
    assert calibration.calibration_error(p, TRUTH) == pytest.approx(gaps, abs=1e-12)


def test_blocks_of_draws_change_nothing(monkeypatch):
    groups = [str(song // 3) for song in range(len(P))]

    def drawn() -> np.ndarray:
        return bootstrap_of_counts(
            lambda times: calibration.resampled_error(P, TRUTH, times), groups, 0
        )

    whole = drawn()
    monkeypatch.setattr(intervals, "BLOCK", 7 * len(P))
    np.testing.assert_allclose(drawn(), whole, atol=1e-12)
