"""Window and channels are chosen on training songs alone, and where a choice was made it stays."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import symusic
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

from classify.cli.main import main
from classify.errors import InputError
from classify.experiments import comparison, window_search
from classify.experiments.comparison import compare
from classify.experiments.dataset import prepare
from classify.experiments.settings import Settings
from classify.experiments.window_search import Candidate
from classify.files import read_json, write_json
from classify.inference import training_plan
from classify.models import registry
from classify.progress import Lines
from classify.report import write_report
from classify.representations.channels import NOTES
from tests.conftest import write_corpus

KNN = registry.select(["knn"])


@pytest.fixture(autouse=True)
def small_forest(monkeypatch):
    """Ten trees tell these classes apart, in a tenth of the time."""
    forest = partial(RandomForestClassifier, 10, min_samples_leaf=2)
    monkeypatch.setitem(
        window_search.PROBES, "notes", (NOTES, lambda seed: forest(random_state=seed))
    )


def write(path: Path, pitch: np.ndarray, velocity: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    score = symusic.Score(480)
    score.tracks.append(symusic.Track())
    for place, (high, loud) in enumerate(zip(pitch, velocity, strict=True)):
        score.tracks[0].notes.append(symusic.Note(240 * place, 200, int(high), int(loud)))
    score.dump_midi(str(path))


def low_and_high(folder: Path, per_class: int = 15) -> Path:
    """Songs of 100 notes: low, then high, or high, then low; any 50 notes are one or the other."""
    for place in range(2 * per_class):
        draw = np.random.default_rng(place)
        half = 50 + draw.integers(-3, 4, 50), 80 + draw.integers(-3, 4, 50)
        pitch = np.concatenate(half if place % 2 else half[::-1])
        name = ("down", "up")[place % 2]
        write(folder / name / f"{place:02d}.mid", pitch, np.full(100, 80))
    return folder


def listing(folder: Path, wrong: bool = False) -> Path:
    """The same with a split of its own; wrong labels, where asked for, of test songs only."""
    low_and_high(folder)
    lines = ["path,label,split"]
    for path in sorted(folder.glob("*/*.mid")):
        test = int(path.stem) >= 20
        label = (
            {"up": "down", "down": "up"}[path.parent.name] if test and wrong else path.parent.name
        )
        lines.append(f"{path.relative_to(folder)},{label},{'test' if test else 'train'}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


def settings(folder: Path, **changes) -> Settings:
    plain = Settings(str(folder), models=("knn",), quick=True, tune=5.0)
    return replace(plain, **changes)


def tuned(asked: Settings, window: int | None = None, chosen=KNN) -> window_search.Tuning:
    """Tune where the default window is so long."""
    data = prepare(replace(asked, window=window or asked.window, tune=None))
    return window_search.tune(asked, data, chosen)


def test_a_long_window_is_chosen_where_only_that_tells_the_classes(tmp_path):
    found = tuned(settings(low_and_high(tmp_path / "songs")), window=50)
    assert [one.window for one in found.candidates] == [50, 100, 100, 100]
    assert found.chosen.window == found.chosen.hop == 100
    assert found.chosen.score > 0.9 > 0.75 > found.candidates[0].score
    assert found.n_songs == 24 and found.n_folds == 5 and found.left == 0


def test_pitch_alone_is_chosen_where_all_else_misleads(tmp_path, monkeypatch):
    """Loudness is drawn for each song, so that a nearest neighbour looks at nothing else."""
    for place in range(30):
        draw = np.random.default_rng(place)
        pitch = 60 + 2 * (place % 2) + draw.integers(0, 2, 60)
        name = ("low", "high")[place % 2]
        write(
            tmp_path / "songs" / name / f"{place}.mid", pitch, np.full(60, draw.integers(20, 120))
        )
    monkeypatch.setitem(
        window_search.PROBES, "notes", (NOTES, lambda seed: KNeighborsClassifier(1))
    )
    found = tuned(settings(tmp_path / "songs", window=30, keep_duplicates=True))
    assert [one.window for one in found.candidates] == [30] * 3  # it was given
    assert found.chosen.channels in (("pitch",), ("pitch", "inter-onset", "duration", "drum"))
    assert found.chosen.score > 0.9 > found.candidates[0].score


def test_the_test_songs_have_no_say(tmp_path):
    right = settings(listing(tmp_path / "a"), split="given")
    wrong = settings(listing(tmp_path / "b", wrong=True), split="given")
    scores = [
        [(one.named, one.score, one.error) for one in tuned(asked, 50).candidates]
        for asked in (right, wrong)
    ]
    assert scores[0] == scores[1] and len(scores[0]) == 4


def test_no_time_still_tries_two_and_says_how_many_are_left(tmp_path):
    found = tuned(settings(low_and_high(tmp_path / "songs"), tune=1e-9), window=50)
    assert len(found.candidates) == window_search.FEWEST == 2 and found.left == 2


def test_models_on_features_have_a_probe_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(window_search, "FOLDS", 2)
    folder = low_and_high(tmp_path / "songs", per_class=6)
    both = registry.select(["knn", "features-logistic"])
    found = tuned(settings(folder, channels=("pitch",), tune=1e-9), 50, both)
    assert found.probes == ["notes", "features"]
    assert {one.channels for one in found.candidates} == {("pitch",)}
    assert [one.window for one in found.candidates] == [50, 100]


def candidate(window: int, score: float, ahead: float, error: float) -> Candidate:
    return Candidate(window, window, ("pitch",), score, 0.02, ahead, error, 1.0)


def test_the_default_is_kept_unless_another_is_ahead_beyond_its_error():
    first = candidate(800, 0.5, 0.0, 0.0)
    within, beyond, best = (
        candidate(100, 0.56, 0.06, 0.07),
        candidate(200, 0.53, 0.03, 0.02),
        candidate(400, 0.55, 0.05, 0.02),
    )
    assert window_search.best([first]) is window_search.best([first, within]) is first
    assert window_search.best([first, within, beyond]) is beyond
    assert window_search.best([first, within, beyond, best]) is best
    assert window_search.best([first, candidate(100, 0.5, 0.0, 0.0)]) is first


def test_a_run_records_its_choice_keeps_it_and_trains_by_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Settings, "windows", _cut_at_50(Settings.windows))
    asked = settings(low_and_high(tmp_path / "songs"))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(comparison, "train_all", killed)
        compare(asked, tmp_path / "run", 1, Lines())
    record = read_json(tmp_path / "run" / "run.json")
    assert not record["finished"] and record["tuning"]["chosen"]["window"] == 100
    assert record["windows"]["window"] == record["windows"]["hop"] == 100
    assert "Tried 50 notes, all channels: " in capsys.readouterr().err

    with monkeypatch.context() as patch:  # what was chosen before is not asked again
        patch.setattr(window_search, "tune", killed)
        folder = compare(asked, tmp_path / "run", 1, Lines())
        assert "chosen before; they stay" in capsys.readouterr().err
        assert compare(asked, tmp_path / "run", 1) == folder
        with pytest.raises(InputError, match=r"its tune is 5\.0, here it is 6\.0"):
            compare(replace(asked, tune=6.0), tmp_path / "run", 1)
    assert read_json(folder / "run.json")["tuning"] == record["tuning"]
    plan = training_plan.plan_of_run(folder, None)
    assert (plan.settings.window, plan.settings.hop, plan.settings.tune) == (100, 100, None)
    assert plan.settings.channels == tuple(record["tuning"]["chosen"]["channels"])
    html = write_report(folder).read_text().replace("\u00a0", " ")
    for text in (html, (folder / "report.md").read_text()):
        assert "With 5 minutes to do so, the run chose its window and channels on the 24" in text
        assert "points above the default, 50 notes with all channels (standard error" in text
        assert "The test songs had no say." in text


def _cut_at_50(windows):
    """Make 50 notes the default window."""

    def of(self, corpus):
        return windows(replace(self, window=self.window or 50, tune=None), corpus)

    return of


def test_a_default_that_is_kept_is_said_to_be(tmp_path):
    from tests.report.made_runs import write_run

    run = write_run(tmp_path / "run", {"svm": 30, "knn": 20})
    record = read_json(run / "run.json")
    one = {"window": 16, "hop": 16, "channels": ["pitch"], "score": 0.5, "error": 0.1,
           "ahead": 0.0, "ahead_error": 0.0, "seconds": 1.0}  # fmt: skip
    record["settings"]["tune"] = 0.5
    record["tuning"] = {"candidates": [one, one | {"window": 50, "score": 0.4}], "chosen": one,
                        "probes": ["notes"], "n_songs": 40, "n_folds": 5, "left": 3}  # fmt: skip
    write_json(run / "run.json", record)
    text = write_report(run).read_text()
    assert "The default, 16 notes with pitch, was kept: none was ahead of it" in text
    assert "(3 more were not, for want of time)" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tune", "5", "--window", "50", "--channels", "pitch"], "leave one of them out"),
        (["--tune", "5", "--folds", "5"], "each of --folds 5 would need a choice of its own"),
        (["--tune", "5", "--split", "window"], "--split window tests parts of all songs"),
        (["--tune", "5", "--hop", "10"], "give --window with --hop 10, or leave --hop out"),
        (["--tune", "0"], "--tune 0: expected a number of minutes above 0"),
        (["--tune", "nan"], "--tune nan: expected a number of minutes above 0"),
        (["--tune", "soon"], "expected a number of minutes, not 'soon'"),
    ],
)
def test_what_cannot_be_tuned_is_refused_in_one_sentence(tmp_path, capsys, arguments, message):
    assert main(["compare", str(tmp_path), *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_folder_that_is_no_run_is_refused_before_any_tuning(tmp_path, monkeypatch):
    monkeypatch.delattr(window_search, "tune")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="is there already and is no run"):
        compare(settings(low_and_high(tmp_path / "songs", 5)), tmp_path / "out")


def test_songs_too_short_for_any_other_window(tmp_path):
    asked = settings(write_corpus(tmp_path / "songs", 6, n_notes=40), channels=("pitch",))
    with pytest.raises(InputError, match="no other window to try, since songs are too short"):
        window_search.tune(asked, prepare(replace(asked, window=60, tune=None)), KNN)
