"""The command line, as a user meets it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from classify.cli.main import main
from tests.conftest import write_corpus
from tests.midi_odd.make import FOLDER


def refused(capsys, *arguments: str) -> str:
    """Run a command that must end with status 2 and one line; give the line."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    line = err.strip().splitlines()[-1]
    assert line.startswith("classify: ")
    return line


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
        (["--split", "half"], "--split: invalid choice: 'half'"),
        (["--models", ""], "--models : names no model; expected any of majority"),
        (["--out", "/dev/null/x"], "/dev/null"),
        (["--split", "given"], "needs a part for every song, and 'Calming/00.mid' has none"),
    ],
)
def test_options_that_make_no_sense(corpus_folder, capsys, arguments, message):
    assert message in refused(capsys, "compare", str(corpus_folder), *arguments)


def test_missing_commands_and_words(capsys):
    assert "required: COMMAND" in refused(capsys)
    assert "required: RUN" in refused(capsys, "report")
    assert "unrecognized arguments: --fast" in refused(capsys, "compare", "x", "--fast")


def test_a_cache_that_cannot_be_written(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "file"))
    assert str(tmp_path / "file") in refused(capsys, "corpus", "show", "tunes")


def test_corpora_that_make_no_sense(tmp_path, capsys):
    assert "no such file or folder" in refused(capsys, "compare", str(tmp_path / "none"))
    assert "no labelled songs" in refused(capsys, "corpus", "show", str(tmp_path))
    few = write_corpus(tmp_path / "few", per_class=3)
    assert "has 3 songs" in refused(capsys, "compare", str(few))
    assert "is an empty name" in refused(capsys, "compare", "")
    assert "no such file or folder" in refused(capsys, "compare", "~nobody-here/x")
    assert "--hop 0" in refused(capsys, "corpus", "show", str(few), "--hop", "0")
    assert "holds no run" in refused(capsys, "report", str(tmp_path))


def test_corpus_show_counts_and_names_what_is_set_aside(corpus_folder, capsys):
    (corpus_folder / "Happy" / "text.mid").write_text("not music")
    assert main(["corpus", "show", str(corpus_folder), "--window", "16"]) == 0
    out = capsys.readouterr().out
    assert "16 songs in 16 groups, 2 classes" in out
    assert [line.split()[:4] for line in out.splitlines() if line.startswith("Calming")] == [
        ["Calming", "8", "24", "320"]
    ]
    assert "32 full" in out and "16 tails kept" in out
    assert "Set aside: 1\n  Happy/text.mid: is not a MIDI file" in out


def test_problems_are_listed_in_full(corpus_folder, capsys):
    shutil.copy(FOLDER / "riff.rmi", corpus_folder / "Happy")
    for number in range(60):
        (corpus_folder / "Calming" / f"text{number}.mid").write_text("no music")
    assert main(["corpus", "show", "--problems", str(corpus_folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Set aside: 60" and len(lines) == 63
    assert lines[-2:] == ["Mended and used: 1", "  Happy/riff.rmi: a RIFF around it was taken off"]


def test_corpus_list_shows_licences(capsys):
    assert main(["corpus", "list"]) == 0
    out = capsys.readouterr().out
    assert "folk:" in out and "tunes:" in out and "non-commercial" in out


def test_help_wakes_nothing_heavy():
    code = (
        "import sys; from classify.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
    )
    heavy = (
        "bad = {'numpy', 'pandas', 'sklearn', 'keras', 'tensorflow', 'music21'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", f"{code}{heavy}\nassert not bad, bad"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def test_looking_at_a_corpus_wakes_no_network(corpus_folder):
    code = (
        "import sys; from classify.cli.main import main\n"
        f"main(['corpus', 'show', {str(corpus_folder)!r}])\n"
        "bad = {'keras', 'tensorflow', 'music21'} & set(sys.modules)\nassert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_several_corpora_are_laid_side_by_side(tmp_path, capsys):
    corpora = [str(write_corpus(tmp_path / name / "songs", 6)) for name in ("here", "there")]
    shutil.move(corpora[1], tmp_path / "there" / "tunes")
    corpora[1] = str(tmp_path / "there" / "tunes")
    arguments = ["--window", "16", "--models", "knn", "--quick", "--out", str(tmp_path / "runs")]
    assert main(["compare", *corpora, *arguments]) == 0
    names = {path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()}
    assert names == {"songs-w16-knn-quick", "tunes-w16-knn-quick", "side-by-side"}
    page = Path(capsys.readouterr().out.splitlines()[-1])
    assert page.parent == tmp_path / "runs" / "side-by-side" and "tunes" in page.read_text()

    runs = [str(tmp_path / "runs" / name) for name in sorted(names - {"side-by-side"})]
    assert main(["report", runs[0], "--compare", runs[1], "--out", str(tmp_path / "both")]) == 0
    assert list((tmp_path / "both").glob("*.html"))
    assert main(["report", runs[0], "--out", str(tmp_path)]) == 2
    assert "goes with --compare" in capsys.readouterr().err
