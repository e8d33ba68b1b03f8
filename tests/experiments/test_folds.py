"""Repeated folds, the leak beside the truth, fewer songs and changed songs: one run with it all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify.compute.inline import InlineExecutor
from classify.corpora import load
from classify.errors import InputError
from classify.evaluation import calibration, conformal
from classify.experiments import fitting, results
from classify.experiments.best_model import best_model
from classify.experiments.comparison import compare
from classify.experiments.dataset import prepare
from classify.experiments.folds import SHARES
from classify.experiments.settings import Settings
from classify.files import read_json
from classify.representations import perturbations
from classify.songs import NOTE, Song
from tests.conftest import write_corpus

FOLDED = Settings(
    window=16,
    models=("knn", "svm", "features-logistic"),
    quick=True,
    folds=3,
    repeats=2,
    leak=True,
    robustness=True,
    learning_curve=True,
)


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "songs", per_class=12)


@pytest.fixture(scope="module")
def run(songs, tmp_path_factory) -> Path:
    return compare(replace(FOLDED, corpus=str(songs)), tmp_path_factory.mktemp("runs") / "run", 2)


@pytest.fixture(scope="module")
def table(run) -> pd.DataFrame:
    return results.read(run)[0]


def test_every_song_is_tested_once_in_each_repeat(table):
    tested = table[(table.level == "song") & (table.part == "test") & (table.protocol == "song")]
    counts = tested.groupby(["model", "repeat", "song"]).size()
    assert (counts == 1).all() and len(counts) == 4 * 2 * 24
    draws = tested[tested.model == "knn"].pivot(index="song", columns="repeat", values="fold")
    assert (draws[0] != draws[1]).any()


def test_windows_of_a_tested_song_are_never_trained_on(table):
    own = table[(table.level == "window") & (table.protocol == "song") & (table.model == "knn")]
    for _, fold in own.groupby(["repeat", "fold"]):
        parts = {part: set(rows.group) for part, rows in fold.groupby("part")}
        assert not parts["train"] & parts["test"]
        assert len(fold) == 24 * 3


def test_the_leak_stands_beside_the_truth(table, run):
    leaking = table[(table.protocol == "window") & (table.level == "window")]
    assert set(leaking.model) == set(table.model)
    own = leaking[leaking.model == "knn"]
    tested = own[own.part == "test"]
    assert len(tested) == len(tested.drop_duplicates(["song", "start"])) == 72  # each once
    first = own[own.fold == 0]
    parted = set(first[first.part == "test"].group) & set(first[first.part == "train"].group)
    assert len(first) == 72 and parted
    _, scores = results.read(run)
    assert set(scores.protocol) == {"song", "window"}
    assert [probe["title"] for probe in read_json(run / "run.json")["split"]["probes"]]


def test_each_fold_is_calibrated_on_its_own_training_songs(table, run):
    tested = table[(table.level == "song") & (table.part == "test") & (table.protocol == "song")]
    per_fold = tested.groupby(["model", "repeat", "fold"])[["temperature", "threshold"]].nunique()
    assert (per_fold == 1).all(axis=None)
    fits = read_json(run / "run.json")["models"]["svm"]["fits"]
    assert [(fit["repeat"], fit["fold"]) for fit in fits] == [
        (r, f) for r in (0, 1) for f in range(3)
    ]
    assert all(fit["n_calibration_songs"] == 16 for fit in fits)
    own = tested[tested.model == "svm"]
    assert set(own.temperature) == {fit["temperature"] for fit in fits}
    trained = table[(table.part == "train") | (table.level == "window")]
    assert trained.temperature.isna().all() and trained.threshold.isna().all()


def test_calibration_scores_follow_from_the_predictions(table, run):
    _, scores = results.read(run)
    rows = table[(table.level == "song") & (table.part == "test") & (table.protocol == "song")]
    rows = rows[rows.model == "knn"]
    p = np.stack([
        calibration.apply_temperature(row[None], t)[0]
        for row, t in zip(rows[["p:Calming", "p:Happy"]].to_numpy(), rows.temperature, strict=True)
    ])  # fmt: skip
    truth = (rows.label == "Happy").to_numpy().astype(int)
    row = scores[(scores.model == "knn") & (scores.protocol == "song")].set_index("metric")
    assert row.value["brier"] == pytest.approx(calibration.brier(p, truth), abs=1e-6)
    assert row.value["ece"] == pytest.approx(calibration.calibration_error(p, truth), abs=1e-6)
    assert row.low["brier"] <= row.value["brier"] <= row.high["brier"]


def test_what_is_calibrated_on_was_not_learned_from(songs):
    data = prepare(replace(FOLDED, corpus=str(songs)))
    part = data.outer[0]
    x = np.nan_to_num(data.windows.x)[part.train]
    label, group = data.labels[part.train], data.groups[part.train]
    for name in ("knn", "svm", "majority"):
        spec = next(spec for spec in fitting.registry.select([name]) if spec.name == name)
        model = fitting.registry.make(spec, 0, FOLDED.training, quick=True).fit(x, label, group)
        assert model.held_out_.shape == (len(x), 2)
        np.testing.assert_allclose(model.held_out_.sum(axis=1), 1, rtol=1e-6)
    # a nearest neighbour that had seen a window would be sure of it
    model = fitting.registry.make(fitting.registry.find()["knn"], 0, FOLDED.training, quick=True)
    noise = np.random.default_rng(0).normal(size=(60, 8, 1)).astype(np.float32)
    names = np.array(["a", "b"] * 30)
    model.fit(noise, names, np.array([f"g{i // 2}" for i in range(60)]))
    sure = (model.held_out_.argmax(axis=1) == np.arange(60) % 2).mean()
    assert 0.2 < sure < 0.8


def test_sets_hold_what_they_promise_on_songs_like_those(table):
    tested = table[(table.level == "song") & (table.part == "test") & (table.protocol == "song")]
    for _, rows in tested.groupby("model"):
        chosen = results.calibrated(rows) >= rows.threshold.to_numpy()[:, None]
        truth = (rows.label == "Happy").to_numpy().astype(int)
        assert conformal.coverage(chosen, truth) >= 0.8


def test_fewer_songs_are_nested_and_tested_on_the_same(run, table, songs):
    checks = pd.read_parquet(run / results.CHECKS)
    curve = checks[checks.check == "learning-curve"]
    assert set(curve.variant) == set(SHARES.values()) and set(curve.repeat) == {0}
    assert (curve.groupby(["model", "variant", "song"]).size() == 1).all()
    sizes = curve.groupby("amount").n_train.mean()
    assert sizes.is_monotonic_increasing and sizes[0.5] == 8
    data = prepare(replace(FOLDED, corpus=str(songs)))
    by_share = {part.share: part.train for part in data.extra if part.key.startswith("r0f0-")}
    assert (by_share[0.25] >= by_share[0.125]).all() and (by_share[0.5] >= by_share[0.25]).all()
    assert (data.outer[0].train >= by_share[0.5]).all()


def test_changed_songs_are_answered_by_the_same_models(run, table):
    checks = pd.read_parquet(run / results.CHECKS)
    changed = checks[checks.check == "robustness"]
    names = set(changed.variant)
    assert {"transposed +6", "transposed -1", "stretched 0.8"} <= names
    nothing_to_take = {"drums removed", "velocity flattened", "metre removed"}  # all songs alike
    assert not nothing_to_take & names
    assert (changed.groupby(["model", "variant", "song"]).size() == 1).all()
    plain = table[(table.level == "song") & (table.part == "test") & (table.repeat == 0)]
    plain = plain[(plain.protocol == "song") & (plain.model == "majority")].set_index("song")
    same = changed[(changed.model == "majority") & (changed.variant == "stretched 0.8")]
    np.testing.assert_allclose(
        same.set_index("song")["p:Happy"], plain["p:Happy"].loc[same.song], rtol=1e-6
    )
    flat = changed[(changed.model == "features-logistic")]
    right = (flat.label == flat.prediction).groupby(flat.variant).mean()
    assert right["stretched 1.1"] == 1 and right["transposed +1"] == 1


def test_songs_that_are_wrong_and_sure_can_be_looked_at(run, table):
    excerpts = pd.read_parquet(run / results.EXCERPTS)
    assert list(excerpts.columns) == ["song", "onset", "duration", "pitch", "velocity", "drum"]
    tested = table[(table.level == "song") & (table.part == "test") & (table.protocol == "song")]
    best = tested[tested.model == best_model(results.read(run)[1], "song")]
    wrong = best.groupby("song").filter(lambda rows: (rows.label != rows.prediction).all())
    right = best.groupby("song").filter(lambda rows: (rows.label == rows.prediction).all())
    assert set(wrong.song) <= set(excerpts.song) and not set(right.song) & set(excerpts.song)


@pytest.mark.parametrize(
    "model", ["svm", *(pytest.param(n, marks=pytest.mark.slow) for n in ("random-forest", "nn3"))]
)
@pytest.mark.usefixtures("local_processes")
def test_neither_jobs_nor_executors_change_a_prediction_and_seeds_do(songs, tmp_path, model):
    chosen = replace(FOLDED, corpus=str(songs), models=("knn", model), folds=2, repeats=1, epochs=1,
                     leak=False, robustness=False, learning_curve=False)  # fmt: skip
    two = compare(chosen, tmp_path / "two", 2)
    here = compare(chosen, tmp_path / "here", executor=InlineExecutor())
    assert (two / results.PREDICTIONS).read_bytes() == (here / results.PREDICTIONS).read_bytes()
    quick = replace(chosen, models=("knn",), seed=1)
    seeded = compare(quick, tmp_path / "seeded", executor=InlineExecutor())
    first, other = (pd.read_parquet(folder / results.PREDICTIONS) for folder in (here, seeded))
    first = first[first.model.isin(other.model)].reset_index(drop=True)
    assert len(first) == len(other) and not first.equals(other)


def test_weights_of_folds_are_not_kept(run):
    assert not list(run.rglob("*.keras")) and not list(run.rglob("*.skops"))
    assert not (run / "work").exists() and not (run / "logs").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repeats": 2}, "--repeats 2: repeats folds; give --folds too"),
        ({"folds": 0}, "--folds 0: expected a whole number from 1 up"),
        ({"folds": 3, "split": "given"}, "--split given names one test part"),
        ({"leak": True, "split": "window"}, "is the leak itself"),
        ({"robustness": True, "split": "window"}, "is the leak itself"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Settings(**changes)


def test_more_folds_than_songs_of_a_class(songs):
    with pytest.raises(InputError, match=r"'Calming' has 12 songs, and a split needs at least 13"):
        prepare(Settings(corpus=str(songs), window=16, folds=13))


def made(pitches: list[int], drum: bool = False) -> Song:
    notes = np.zeros(len(pitches), dtype=NOTE)
    notes["onset"], notes["pitch"] = np.arange(len(pitches)), pitches
    notes["duration"], notes["velocity"], notes["drum"] = 0.5, 90, drum
    return Song.of(notes, Path("made.mid"))


def test_changes_of_a_song_do_what_they_say():
    song = made([60, 64, 127, 1])
    song.notes["velocity"][0] += 1
    by_name = {change.name: change for change in perturbations.perturbations_of([song])}
    up = by_name["transposed +3"].of(song)
    assert up.notes["pitch"].tolist() == [63, 67, 118, 4]  # 130 is none; an octave lower is
    down = by_name["transposed -3"].of(song)
    assert down.notes["pitch"].tolist() == [57, 61, 124, 10]
    slow = by_name["stretched 1.25"].of(song)
    assert slow.notes["onset"].tolist() == [0, 1.25, 2.5, 3.75] and slow.seconds == 3.5 * 1.25
    assert set(by_name["velocity flattened"].of(song).notes["velocity"]) == {perturbations.FLAT}
    assert song.notes["pitch"].tolist() == [60, 64, 127, 1]  # what is given stays as it is


def test_drums_are_left_alone_or_left_out():
    drums, both = made([36, 38], drum=True), made([60, 36, 62])
    both.notes["drum"][1] = True
    by_name = {change.name: change for change in perturbations.perturbations_of([both])}
    assert by_name["transposed +3"].of(both).notes["pitch"].tolist() == [63, 36, 65]
    bare = by_name["drums removed"].of(both)
    assert bare.notes["pitch"].tolist() == [60, 62] and bare.n_notes == 2
    assert by_name["drums removed"].of(drums).n_notes == 2


def test_real_music_keeps_its_notes_when_changed(real_data):
    songs = load(str(real_data / "genre8")).songs[:12]
    for change in perturbations.perturbations_of(songs):
        for song in songs:
            changed = change.of(song)
            assert len(changed.notes) == changed.n_notes and changed.notes["pitch"].max() <= 127
            assert (np.diff(changed.notes["onset"]) >= 0).all()
