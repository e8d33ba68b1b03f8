"""One listener's labels: what they change, whether that helps, and which to ask for."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from classify.cli.main import main
from classify.errors import InputError
from classify.evaluation import conformal
from classify.inference import personalise as module
from classify.inference.personalise import adapt, assess, fit, spread, suggest
from classify.inference.prediction import predict
from classify.inference.saved_model import adapted, load
from tests.conftest import write_corpus, write_song


@pytest.fixture(scope="module")
def model(trained):
    return load(trained)


def listener(folder: Path, swapped: bool, n_songs: int = 6) -> Path:
    """Write songs and what a listener says of them: as the model, or the other way round."""
    rows = []
    for number in range(n_songs):
        for name, low, beat in (("slow", 45, 1.0), ("fast", 75, 0.25)):
            path = folder / f"{name}{number}.mid"
            write_song(path, 800 + number + 50 * (name == "fast"), low, beat)
            calm = (name == "slow") != swapped
            rows.append(f"{path.name},{'Calming' if calm else 'Happy'}")
    (folder / "my-labels.csv").write_text("path,label\n" + "\n".join(rows) + "\n")
    return folder / "my-labels.csv"


def said(n_songs: int, seed: int, sharp: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of three moods, and moods drawn from them: a calibrated model."""
    draw = np.random.default_rng(seed)
    p = draw.dirichlet(np.ones(3) / sharp, n_songs)
    return p, np.array([draw.choice(3, p=row) for row in p])


def test_without_a_lesson_nothing_changes():
    p, truth = said(400, 0)
    matrix, bias = fit(p, truth)
    assert np.abs(adapted(p, matrix, bias) - p).mean() < 0.03
    one, none = fit(p[:1], truth[:1]), fit(p[:0], truth[:0])
    np.testing.assert_allclose(none[0], np.eye(3))
    np.testing.assert_allclose(none[1], 0)
    assert np.abs(one[0] - np.eye(3)).max() < 0.5


def test_the_fit_is_the_most_probable_one():
    """No step in any direction makes labels and prior together likelier."""
    p, truth = said(12, 1)
    matrix, bias = fit(p, truth)

    def loss(matrix, bias):
        after = adapted(p, matrix, bias)[np.arange(12), truth]
        prior = ((matrix - np.eye(3)) ** 2).sum() / 0.3**2 + (bias**2).sum()
        return -np.log(after).sum() + prior / 2

    best, draw = loss(matrix, bias), np.random.default_rng(0)
    for _ in range(100):
        step = draw.normal(size=12) * 0.01
        assert loss(matrix + step[:9].reshape(3, 3), bias + step[9:]) > best


def test_a_listener_who_hears_more_sadness_is_followed():
    p, truth = said(40, 2)
    truth[::2] = 2
    assert fit(p, truth)[1].argmax() == 2
    report, after = assess(p, truth, [str(i) for i in range(40)])
    assert report.right_after > report.right_before and not report.hurts
    assert report.loss_after < report.loss_before and 0 < report.p_value <= 1
    np.testing.assert_allclose(after.sum(axis=1), 1)


def test_each_group_is_judged_without_its_own_labels():
    """Labels drawn at random: with their own label in the fit, songs would look better taught."""
    draw = np.random.default_rng(3)
    p = np.full((30, 3), 1 / 3) + draw.normal(0, 0.01, (30, 3))
    p /= p.sum(axis=1, keepdims=True)
    truth = draw.integers(0, 3, 30)
    groups = [str(i // 2) for i in range(30)]
    report, after = assess(p, truth, groups)
    seen = adapted(p, *fit(p, truth))
    rows = np.arange(30)
    assert -np.log(seen[rows, truth]).mean() < report.loss_before < report.loss_after
    changed = truth.copy()
    changed[:2] = (truth[:2] + 1) % 3
    np.testing.assert_allclose(assess(p, changed, groups)[1][:2], after[:2])
    assert np.abs(assess(p, changed, groups)[1][2:] - after[2:]).max() > 1e-4


def test_a_listener_who_hears_the_opposite(model, tmp_path):
    """A model that is no surer than about 0.9, and a listener who says the opposite throughout."""
    about = structs.replace(model.about, temperature=0.25, threshold=0.2)
    mild = type(model)(model.folder, about, model.estimator, model.novelty)
    labels = listener(tmp_path / "mine", swapped=True, n_songs=12)
    report, aside = adapt(mild, labels, tmp_path / "adapted")
    assert report.right_before == 0 and report.right_after > 20 and report.p_value < 0.001
    assert report.songs == report.groups == 24 and not aside
    loaded = load(tmp_path / "adapted")
    assert loaded.id != model.id and loaded.about.adaptation.source == model.id
    assert loaded.about.adaptation.sets == "the listener's"
    new = write_corpus(tmp_path / "new" / "songs", per_class=2, n_notes=44)
    before, after = predict(mild, [new]).table, predict(loaded, [new]).table
    assert (before.best != after.best).all()
    card = (tmp_path / "adapted" / "model-card.md").read_text()
    assert "Adapted to one listener by 24 labels" in card
    with pytest.raises(InputError, match="is adapted already"):
        adapt(loaded, labels, tmp_path / "twice")


def test_sets_are_the_listeners_own_once_there_are_enough_labels():
    p, truth = said(60, 5)
    _, after = assess(p, truth, [str(i) for i in range(60)])
    limit = conformal.threshold(after, truth)
    assert conformal.coverage(conformal.prediction_sets(after, limit), truth) >= 0.9


def test_what_hurts_is_not_written(model, tmp_path, monkeypatch, capsys):
    labels = listener(tmp_path / "mine", swapped=False, n_songs=3)
    out = tmp_path / "adapted"
    worse = lambda p, truth: (-np.eye(2), np.zeros(2))  # noqa: E731
    monkeypatch.setattr(module, "fit", worse)
    report, _ = adapt(model, labels, out)
    assert report.hurts and report.right_before == 6 and report.right_after == 0
    assert not out.exists()
    assert main(["adapt", str(model.folder), str(labels), "--out", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "6 were right before and 0 after" in printed and "nothing was written" in printed
    adapt(model, labels, out, force=True)
    assert load(out).about.adaptation.right_after == 0


def test_songs_that_were_trained_on_do_not_count(model, tmp_path):
    labels = listener(tmp_path / "mine", swapped=False, n_songs=2)
    shutil.copy(model.folder.parent / "songs" / "Happy" / "00.mid", tmp_path / "mine" / "known.mid")
    labels.write_text(labels.read_text() + "known.mid,Calming\n")
    report, aside = adapt(model, labels, tmp_path / "adapted", force=True)
    assert report.songs == 4
    assert [(item.name, item.reason) for item in aside] == [
        ("known.mid", "is a song that the model was trained on")
    ]


def test_labels_that_the_model_has_not_are_refused(model, tmp_path):
    labels = listener(tmp_path / "mine", swapped=False, n_songs=2)
    labels.write_text(labels.read_text().replace("Happy", "Joyful"))
    with pytest.raises(InputError, match=r"'Joyful' is none of the model's, which are Calming"):
        adapt(model, labels, tmp_path / "adapted")
    with pytest.raises(InputError, match="leaves 0 groups"):
        adapt(model, model.folder.parent / "songs", tmp_path / "adapted")


# --- suggestions


def test_unsure_songs_that_lie_apart_come_first():
    worth = np.array([0.9, 1.0, 0.95, 0.5, 0.0])
    place = np.array([[0.0, 0], [0, 0.01], [0, 0.02], [5, 5], [50, 50]])
    chosen, apart = spread(worth, place, 3)
    assert chosen[:2] == [1, 3] and apart[0] == np.inf and apart[1] > 3
    assert sorted(spread(worth, place, 99)[0]) == [0, 1, 2, 3, 4]


def test_suggestions_can_be_filled_in_and_given_to_adapt(model, tmp_path, capsys):
    library = tmp_path / "library"
    listener(library, swapped=False)
    (library / "my-labels.csv").unlink()
    shutil.copy(model.folder.parent / "songs" / "Happy" / "00.mid", library / "known.mid")
    out = library / "my-labels.csv"
    command = ["suggest", str(model.folder), str(library), "-n", "4", "--out", str(out)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "least sure of all: between" in printed and printed.strip().endswith(str(out))
    table = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert list(table.columns) == ["path", "label", "title", "best", "confidence", "reason"]
    assert len(table) == 4 and table.path.is_unique and set(table.label) == {""}
    assert "known.mid" not in set(table.path)
    assert main(command) == 2
    assert "is there already" in capsys.readouterr().err
    with pytest.raises(InputError, match="no song has a label"):
        adapt(model, out, tmp_path / "adapted")
    table["label"] = ["Happy", "Calming", "", "Calming"]
    table.to_csv(out, index=False)
    report, aside = adapt(model, out, tmp_path / "adapted", force=True)
    assert report.songs == 3
    assert [(one.name, one.reason) for one in aside] == [(table.path[2], "has no label (line 4)")]


def test_the_first_suggestion_is_the_least_sure(model, tmp_path):
    listener(tmp_path / "library", swapped=False)
    found = predict(model, [tmp_path / "library"])
    known = found.table[found.table.known]
    table = suggest(found, model, 3, tmp_path / "elsewhere" / "l.csv")
    assert table.title[0] == known.title[known.confidence.idxmin()]
    assert all(Path(path).is_absolute() for path in table.path)
