"""Where in a song a class is more probable, also with a model that describes songs as a whole."""

import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify import api, baselines
from classify.corpora import load as load_corpus
from classify.errors import InputError
from classify.experiments.settings import Settings
from classify.files import read_json
from classify.inference import training, training_plan
from classify.inference.course import balanced
from classify.inference.explain.song import explain, of_bundle
from classify.inference.prediction import predict
from classify.inference.saved_model import ABOUT, COURSE, PROBE_P, load, seal
from classify.songs import midi
from tests.conftest import write_corpus

#: A model of whole songs that is trained at once.
PLAIN = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
TITLE, INPUT, GRID = "Plain", "song-features", {}
def build(seed):
    return make_pipeline(StandardScaler(), LogisticRegression(C=1e-4))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Iterator[Path]:
    """A model of whole songs, with its companion."""
    place = tmp_path_factory.mktemp("course")
    songs = write_corpus(place / "songs")
    (place / "more").mkdir()
    (place / "more" / "plain_songs.py").write_text(PLAIN)
    settings = Settings(corpus=str(songs), window=16, folds=3, quick=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "__path__", [*baselines.__path__, str(place / "more")])
        yield training.train(training_plan.plan(settings, "plain-songs"), place / "model", 1)
    sys.modules.pop("classify.baselines.plain_songs")


@pytest.fixture
def halves(tmp_path) -> Path:
    """A song that is calm at first and happy then, of two of the classes' songs."""
    calm, happy = load_corpus(str(write_corpus(tmp_path / "made", per_class=1))).songs
    late = happy.notes.copy()
    late["onset"] += calm.seconds
    notes = np.concatenate([calm.notes, late])
    (tmp_path / "library").mkdir()
    beats = notes["onset"] * 2  # at 120 quarter notes a minute
    midi.write(tmp_path / "library" / "both.mid", beats, notes["duration"] * 2, notes["pitch"])
    return tmp_path / "library"


def test_windows_are_moved_until_their_mean_is_the_songs():
    draw = np.random.default_rng(0)
    song = np.repeat(np.arange(50), draw.integers(1, 9, 50))
    windows, p = draw.dirichlet([0.2] * 5, len(song)), draw.dirichlet([0.3] * 5, 50)
    course = balanced(windows, song, p)
    means = np.stack([course[song == one].mean(axis=0) for one in range(50)])
    np.testing.assert_allclose(means, p, atol=1e-5)
    np.testing.assert_allclose(course.sum(axis=1), 1)
    alone = np.bincount(song)[song] == 1
    np.testing.assert_allclose(course[alone], p[song[alone]], atol=1e-6)


def test_a_course_follows_the_song_and_agrees_with_what_is_said_of_it(bundle, halves, tmp_path):
    out = tmp_path / "course.csv"
    found = predict(load(bundle), [halves], course=out)
    course = pd.read_csv(out)
    assert len(course) == found.table.n_windows[0] > 3
    happy = course["p:Happy"].to_numpy()
    assert happy.mean() == pytest.approx(found.table["p:Happy"][0], abs=1e-4)
    assert predict(load(bundle), [halves]).window_predictions.empty  # nobody asked for it
    explained = explain(of_bundle(load(bundle)), midi.read(halves / "both.mid"))
    np.testing.assert_allclose(explained.windows[:, 1], happy, atol=1e-4)


def test_a_course_rises_where_the_song_becomes_happy(bundle, halves):
    model, song = load(bundle), midi.read(halves / "both.mid")
    windows, raw = model.predict_windows([song])
    assert np.ptp(raw, axis=0).max() == 0  # the model itself says the same throughout
    course = model.course([song], windows, raw, np.array([[0.5, 0.5]]))[:, 1]
    assert course[:2].max() < 0.3 and course[-2:].min() > 0.7
    assert course.mean() == pytest.approx(0.5, abs=1e-4)


def test_a_playlist_of_a_table_draws_the_course_where_the_songs_are_still_there(
    bundle, halves, tmp_path
):
    tune = "X:{0}\nM:4/4\nL:1/8\nK:C\n" + "CDEFGABc|" * 6 + "\n\n"
    (halves / "two.abc").write_text(tune.format(1) + tune.format(2))
    with zipfile.ZipFile(halves / "more.zip", "w") as archive:
        archive.write(halves / "both.mid", "again.mid")
    table = tmp_path / "moods.csv"
    predict(load(bundle), [halves], table)
    names = "again.mid", "both.mid", "two.abc#1", "two.abc#2"
    wishes = {
        "mood": "Calming", "minutes": 60, "min_confidence": 0.0, "tempo_change": None,
        "loudness_change": None, "formats": ("csv",), "pins": names,
    }  # fmt: skip

    def courses(source: Path) -> dict[str, tuple]:
        made = api.playlists(bundle, source, out=tmp_path / "list", **wishes)
        return {Path(one.song).name: one.course for one in made.playlists[0].entries}

    of_songs, of_table = courses(halves), courses(table)
    assert set(of_songs) == set(names) and all(of_songs.values())
    assert of_table == of_songs
    notes = midi.read(halves / "both.mid").notes[:40]
    midi.write(halves / "both.mid", notes["onset"], notes["duration"], notes["pitch"])
    (halves / "two.abc").unlink()
    assert [name for name, course in courses(table).items() if course] == ["again.mid"]
    (halves / "both.mid").unlink()
    (halves / "more.zip").write_bytes(b"no archive")
    assert not any(courses(table).values())


def test_a_companion_is_evaluated_on_songs_that_it_had_not_seen(bundle):
    about = load(bundle).about.companion
    assert about.windows == 16 * 3 and about.majority == 0.5
    assert about.accuracy.value > 0.9 and about.accuracy.low > 0.5
    assert "where a mood changes is not evaluated" in (bundle / "model-card.md").read_text()


def test_a_companion_that_says_otherwise_or_is_gone_is_refused(bundle, halves, tmp_path):
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    probes = np.load(other / COURSE / PROBE_P)
    np.save(other / COURSE / PROBE_P, 1 - probes)
    seal(other, read_json(other / ABOUT))
    with pytest.raises(InputError, match="predicts otherwise than when it was saved"):
        load(other)
    shutil.rmtree(other / COURSE)
    seal(other, read_json(other / ABOUT))
    with pytest.raises(InputError, match="do not agree on a companion"):
        load(other)
    seal(other, read_json(other / ABOUT) | {"companion": None})  # as earlier versions wrote it
    with pytest.raises(InputError, match="without a companion that follows their course"):
        predict(load(other), [halves], course=tmp_path / "course.csv")
