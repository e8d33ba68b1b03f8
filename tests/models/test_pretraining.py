"""From songs without labels to a network that starts from them: real songs, fits, kills."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from classify.cli.main import main
from classify.errors import InputError
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from classify.files import read_json, write_json
from classify.inference import saved_model, training_plan
from classify.inference.prediction import predict
from classify.models import artifacts, pretrained, pretraining, trainer
from classify.models.network_classifier import NetworkClassifier
from classify.models.pretrained import ABOUT, ENCODER, KIND
from classify.models.training_settings import TrainingSettings
from classify.progress import Lines
from classify.report import summary
from classify.report.run_view import read_view
from classify.representations.note_events import COLUMNS
from classify.songs import midi
from tests.conftest import write_corpus, write_song

OWN = pretraining.PretrainingSettings("crnn", window=20, epochs=2)


@pytest.fixture(autouse=True)
def short(request, monkeypatch) -> None:
    """Let epochs be as short as the library is, but where something is to be learned."""
    if "learned" not in request.node.name:
        monkeypatch.setattr(pretraining, "BATCHES", 1)


def write_scales(folder: Path, n_songs: int) -> Path:
    """Write songs in which every note follows from its neighbours: scales, up and down."""
    draw = np.random.default_rng(5)
    folder.mkdir(parents=True)
    for number in range(n_songs):
        shape = np.abs((np.arange(160) + draw.integers(24)) % 24 - 12)
        onset = np.arange(160) * draw.choice([0.25, 0.5])
        midi.write(folder / f"{number:02d}.mid", onset, np.full(160, 0.25), 55 + shape)
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Songs of the corpus and others, without labels."""
    return write_corpus(tmp_path_factory.mktemp("library") / "songs", per_class=6)


@pytest.fixture(scope="module")
def weights(library, tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretraining, "BATCHES", 1)
        return pretraining.pretrain([library], tmp_path_factory.mktemp("weights") / "mine", OWN)


@pytest.fixture
def copy(weights, tmp_path) -> Path:
    return Path(shutil.copytree(weights, tmp_path / "copy"))


@pytest.fixture(scope="module")
def corpus(library, tmp_path_factory) -> Path:
    """Twelve songs of the library, and eight that it has not."""
    folder = Path(shutil.copytree(library, tmp_path_factory.mktemp("corpus") / "songs"))
    for number in range(4):
        write_song(folder / "Calming" / f"new{number}.mid", 900 + number, 45, 1.0)
        write_song(folder / "Happy" / f"new{number}.mid", 950 + number, 75, 0.25)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("model", ["crnn", "transformer"])
def test_how_songs_go_is_learned(model, tmp_path):
    """What follows from the notes around is guessed far better than by who hears none."""
    songs = write_scales(tmp_path / "songs", 24)
    settings = pretraining.PretrainingSettings(model, window=40, epochs=5)
    about = pretrained.load(pretraining.pretrain([songs], tmp_path / "out", settings)).about
    blind, known = about.loss.blind, about.loss.held_out
    assert known["degree"] < 0.75 * blind["degree"]
    assert sum(known.values()) < 0.8 * sum(blind.values())


def test_a_folder_says_what_it_comes_from(weights, library):
    found = pretrained.load(weights)
    assert {path.name for path in weights.iterdir()} == {ABOUT, ENCODER}
    assert not weights.with_name(".mine.work").exists()
    assert (found.model, found.window, found.about.stride) == ("crnn", 20, 1)
    assert len(found.about.songs) == 12 and found.about.windows.held_out == 2
    assert len(found.about.loss.history) == 2


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_others(weights, library, tmp_path):
    x = np.random.default_rng(0).integers(0, 60, (2, 20, len(COLUMNS))).astype(np.float32)

    def said(folder: Path) -> np.ndarray:
        return pretrained.load(folder).encoder(20, len(COLUMNS)).predict(x, verbose=0)[0]

    again = pretraining.pretrain([library], tmp_path / "again", OWN)
    np.testing.assert_array_equal(said(again), said(weights))
    other = pretraining.pretrain([library], tmp_path / "other", replace(OWN, seed=1, epochs=1))
    assert not np.allclose(said(other), said(weights))


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(weights, library, tmp_path, monkeypatch):
    write, written = trainer._TrainingRun._write_checkpoint, []

    def killed(*arguments):
        write(*arguments)
        written.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer._TrainingRun, "_write_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        pretraining.pretrain([library], tmp_path / "out", OWN)
    assert not (tmp_path / "out").exists()

    def counted(*arguments):
        write(*arguments)
        written.append(arguments)

    monkeypatch.setattr(trainer._TrainingRun, "_write_checkpoint", counted)
    done = pretrained.load(pretraining.pretrain([library], tmp_path / "out", OWN))
    whole = pretrained.load(weights)
    assert len(written) == 2 and done.about.loss == whole.about.loss
    encoders = [one.encoder(20, len(COLUMNS)).get_weights() for one in (done, whole)]
    for own, other in zip(*encoders, strict=True):
        np.testing.assert_array_equal(own, other)
    assert (done.folder / ENCODER).read_bytes() == (whole.folder / ENCODER).read_bytes()


def test_the_same_command_again_trains_nothing(weights, library, capsys):
    before = (weights / ABOUT).read_bytes()
    pretraining.pretrain([library], weights, OWN, Lines())
    assert "nothing is trained again" in capsys.readouterr().err
    assert (weights / ABOUT).read_bytes() == before
    with pytest.raises(InputError, match="is there already; name another"):
        pretraining.pretrain([library], weights, replace(OWN, seed=3))


def test_what_cannot_be_learned_from_is_refused(tmp_path):
    write_corpus(tmp_path / "few", per_class=2)
    with pytest.raises(InputError, match="has 4 different songs, and at least 5"):
        pretraining.pretrain([tmp_path / "few"], tmp_path / "out", OWN)
    with pytest.raises(InputError, match="--model nn1: expected one of crnn, transformer"):
        pretraining.PretrainingSettings("nn1")
    with pytest.raises(InputError, match="--window 1:"):
        pretraining.PretrainingSettings(window=1)


@pytest.mark.slow
def test_a_network_starts_where_the_encoder_ended(weights):
    """Trained at a rate of nothing it is still the encoder; the head is its own."""
    draw = np.random.default_rng(0)
    x = np.zeros((20, 30, len(COLUMNS)), np.float32)  # another window, as many notes to a step
    x[..., 0], x[..., 1] = 1, draw.integers(50, 70, (20, 30))
    y = np.array(list("ab") * 10)
    still = TrainingSettings(epochs=1, learning_rate=0.0)
    started = NetworkClassifier("crnn", replace(still, init=str(weights))).fit(x, y)
    own = pretrained.load(weights).encoder(30, len(COLUMNS)).get_weights()
    for given, kept in zip(own, started.model_.get_weights()[: len(own)], strict=True):
        np.testing.assert_array_equal(given, kept)
    assert started.facts()["start"]["sha256"] == pretrained.load(weights).id
    other = NetworkClassifier("transformer", replace(still, init=str(weights))).fit(x, y)
    assert other.facts()["start"] is None


@pytest.mark.slow
def test_a_comparison_starts_from_it_and_says_what_it_had_seen(weights, corpus, tmp_path):
    asked = Settings(
        str(corpus), window=20, models=("crnn", "transformer"), epochs=1, init=str(weights)
    )
    folder = compare(asked, tmp_path / "run", 1)
    run = read_json(folder / "run.json")
    said = run["pretrained"]
    view = read_view(folder)
    names = view.predictions[view.predictions.part == "test"].song.unique()
    old = sum("new" not in name for name in names)
    assert said["seen"] == 12 and said["tested"] == len(names)
    assert said["seen_tested"] == old > 0
    assert run["models"]["crnn"]["fits"][0]["start"]["sha256"] == pretrained.load(weights).id
    assert run["models"]["transformer"]["fits"][0]["start"] is None
    told = next(line for line in summary.warnings(view) if "without labels" in line)
    assert told.startswith("CRNN starts from weights that learned from 12 songs")
    assert f"had seen {old} of the {len(names)} test songs" in told

    changed = Path(shutil.copytree(weights, tmp_path / "changed"))
    write_json(changed / ABOUT, {**read_json(changed / ABOUT), "created": "later"})
    artifacts.seal(changed, read_json(changed / ABOUT), KIND)
    with pytest.raises(InputError, match=r"holds another run .its pretrained weights is"):
        compare(replace(asked, init=str(changed)), folder, 1)
    with pytest.raises(InputError, match=r"its pretrained weights is .*, here it is None"):
        compare(replace(asked, init=None), folder, 1)
    moved = Path(shutil.copytree(weights, tmp_path / "moved"))
    compare(replace(asked, init=str(moved)), folder, 1)  # the same weights elsewhere

    plan = training_plan.plan_of_run(folder, "crnn", 2)
    assert pretrained.load(Path(plan.settings.init)).id == pretrained.load(weights).id
    assert said["folder"] == weights.name and str(tmp_path) not in (folder / "run.json").read_text()
    assert training_plan.plan_of_run(folder, "transformer", 2).settings.init is None


@pytest.mark.slow
def test_on_the_command_line_all_the_way_to_new_songs(library, corpus, tmp_path, capsys):
    weights, model = tmp_path / "weights", tmp_path / "model"
    arguments = ["--window", "20", "--epochs", "1", "--model", "transformer"]
    assert main(["pretrain", str(library), "--out", str(weights), *arguments]) == 0
    assert capsys.readouterr().out == f"{weights}\n"
    arguments = ["--window", "20", "--epochs", "1", "--model", "transformer", "--folds", "2"]
    command = ["train", str(corpus), "--out", str(model), *arguments, "--jobs", "1"]
    assert main([*command, "--init", str(weights)]) == 0
    loaded = saved_model.load(model)
    assert loaded.about.pretrained.seen_tested == 12
    assert "12 of the 20 songs that it is evaluated on" in (model / "model-card.md").read_text()
    assert len(predict(loaded, [corpus / "Happy"]).table) == 10
    assert main([*command[:3], str(tmp_path / "other"), *command[4:], "--init", "nowhere"]) == 2
    assert "nowhere: holds no pretrained weights" in capsys.readouterr().err


def test_what_does_not_fit_is_refused(weights, corpus):
    def refused(match: str, **changes) -> None:
        asked = {"window": 20, "models": ("crnn",), "init": str(weights)} | changes
        with pytest.raises(InputError, match=match):
            compare(Settings(str(corpus), **asked))

    refused("holds weights of crnn, which is not among the models here", models=("transformer",))
    refused(r"windows of 20 notes, 1 to a step, and windows of 100 notes have 4", window=100)


def resealed(folder: Path) -> None:
    """Give a changed folder the hashes of what it holds now, as somebody ill-meaning would."""
    artifacts.seal(folder, read_json(folder / ABOUT), KIND)


def refused(folder: Path, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        pretrained.load(folder).encoder(20, len(COLUMNS))
    assert "\n" not in str(caught.value)


def test_changed_truncated_and_foreign_folders_are_refused(copy, trained, tmp_path):
    whole = (copy / ENCODER).read_bytes()
    (copy / ENCODER).write_bytes(whole[:-1] + b"?")
    refused(copy, "was changed since it was written")
    (copy / ENCODER).write_bytes(whole[:5000])
    refused(copy, "has 5,000 bytes, and")
    resealed(copy)
    refused(copy, "cannot be read and is refused")
    (copy / ENCODER).unlink()
    refused(copy, f"lacks {ENCODER}")
    refused(trained, "holds no pretrained weights")


def test_links_extra_files_and_changed_words_are_refused(copy, tmp_path):
    (copy / "extra.pkl").write_bytes(b"x")
    refused(copy, "'extra.pkl', which is not on its list")
    resealed(copy)
    refused(copy, "'extra.pkl', which is no file of a folder of pretrained weights")
    (copy / "extra.pkl").unlink()
    resealed(copy)
    about = read_json(copy / ABOUT)
    for change in ({"songs": ["x"]}, {"window": "20"}, {"window": 0}, {"model": "nn1"}):
        write_json(copy / ABOUT, about | change)
        refused(copy, "damaged or was changed")
        resealed(copy)
        refused(copy, "expected|knows no encoder")
    (copy / ABOUT).write_text(json.dumps(about)[:-3])
    refused(copy, "damaged or was changed")


def test_other_layers_and_weights_elsewhere_are_refused(copy, tmp_path):
    """What is on the list and has its hash, and is no encoder of ours all the same."""
    with zipfile.ZipFile(copy / ENCODER) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def rewritten(**changes: bytes) -> None:
        with zipfile.ZipFile(copy / ENCODER, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, changes.get(name.split(".")[-1], content))
        resealed(copy)

    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["class_name"] = "Lambda"
    rewritten(json=json.dumps(config).encode())
    refused(copy, "refused .holds layers that crnn has not: Lambda")
    path = tmp_path / "weights.h5"
    path.write_bytes(parts["model.weights.h5"])
    with h5py.File(path, "r+") as opened:
        opened["away"] = h5py.ExternalLink("other.h5", "/")
    rewritten(h5=path.read_bytes())
    refused(copy, "refused .holds weights that lie elsewhere")
    path.write_bytes(parts["model.weights.h5"])
    with h5py.File(path, "r+") as opened:
        opened["layers/dense/vars/0"][:] = np.nan
    rewritten(h5=path.read_bytes())
    refused(copy, "its weights are not all numbers")
