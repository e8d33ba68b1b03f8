"""`classify compare CORPUS`: from songs to a report, or one sentence that says why not."""

import pytest

from classify.cli.main import main
from tests.cli.refusals import refused
from tests.conftest import write_corpus


def test_one_command_from_songs_to_a_report(corpus_folder, tmp_path, capsys):
    out = tmp_path / "run"
    arguments = ["compare", str(corpus_folder), "--window", "16", "--models", "knn", "--quick"]
    assert main([*arguments, "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1] == str(out / "report.html")
    (out / "report.html").unlink()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").is_file()


@pytest.mark.usefixtures("local_processes")
def test_a_failed_model_is_not_a_success(corpus_folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "sitecustomize.py").write_text(
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "def fit(*a, **k): raise MemoryError('no room')\n"
        "KNeighborsClassifier.fit = fit\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    arguments = ["compare", str(corpus_folder), "--window", "16", "--models", "knn", "--quick"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 1
    assert "KNN failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "nn9"], "'nn9' is not a model; expected any of majority"),
        (["--window", "0"], "--window 0: expected a whole number from 1 up"),
        (["--window", "1"], "--window 1: a window needs at least 2 notes"),
        (["--hop", "900"], "--hop 900: must lie between 1 and the window of 800"),
        (["--channels", "pitch,key"], "--channels pitch,key: expected one or more of pitch"),
        (["--epochs", "0"], "--epochs 0"),
        (["--jobs", "0"], "--jobs 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--seed", "4294967296"], "--seed 4294967296: expected a whole number from 0"),
        (["--window", "ten"], "--window: expected a whole number, not 'ten'"),
        (["--window", "9" * 5000], "--window"),
        (["--window", "1000000000"], "at most 100,000"),
        (["--split", "half"], "--split half: expected one of song, window, given"),
        (["--models", ""], "--models : names no model; expected any of majority"),
        (["--out", "/dev/null/x"], "/dev/null"),
        (["--split", "given"], "needs a part for every song, and 'Calming/00.mid' has none"),
    ],
)
def test_options_that_make_no_sense(corpus_folder, capsys, arguments, message):
    assert message in refused(capsys, "compare", str(corpus_folder), *arguments)


def test_corpora_that_make_no_sense(tmp_path, capsys):
    assert "no such file or folder" in refused(capsys, "compare", str(tmp_path / "none"))
    assert "no labelled songs" in refused(capsys, "corpus", "show", str(tmp_path))
    few = write_corpus(tmp_path / "few", per_class=3)
    assert "has 3 songs" in refused(capsys, "compare", str(few))
    assert "is an empty name" in refused(capsys, "compare", "")
    assert "no such file or folder" in refused(capsys, "compare", "~nobody-here/x")
    assert "--hop 0" in refused(capsys, "corpus", "show", str(few), "--hop", "0")
    assert "holds no run" in refused(capsys, "report", str(tmp_path))
