"""`classify corpus`: a look at a corpus, and at what there is."""

import shutil
import subprocess
import sys

from classify.cli.main import main
from tests.cli.refusals import refused
from tests.midi_odd.make import FOLDER


def test_corpus_show_counts_and_names_what_is_skipped(corpus_folder, capsys):
    (corpus_folder / "Happy" / "text.mid").write_text("not music")
    assert main(["corpus", "show", str(corpus_folder), "--window", "16"]) == 0
    out = capsys.readouterr().out
    assert "16 songs in 16 groups, 2 classes" in out
    assert [line.split()[:4] for line in out.splitlines() if line.startswith("Calming")] == [
        ["Calming", "8", "24", "320"]
    ]
    assert "32 full" in out and "16 tails kept" in out
    assert "Skipped: 1\n  Happy/text.mid: is not a MIDI file" in out


def test_problems_are_listed_in_full(corpus_folder, capsys):
    shutil.copy(FOLDER / "riff.rmi", corpus_folder / "Happy")
    for number in range(60):
        (corpus_folder / "Calming" / f"text{number}.mid").write_text("no music")
    assert main(["corpus", "show", "--problems", str(corpus_folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Skipped: 60" and len(lines) == 63
    assert lines[-2:] == [
        "Repaired and used: 1",
        "  Happy/riff.rmi: a RIFF around it was taken off",
    ]


def test_corpus_list_shows_licences(capsys):
    assert main(["corpus", "list"]) == 0
    out = capsys.readouterr().out
    assert "folk:" in out and "tunes:" in out and "non-commercial" in out


def test_a_cache_that_cannot_be_written(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "file"))
    assert str(tmp_path / "file") in refused(capsys, "corpus", "show", "tunes")


def test_looking_at_a_corpus_wakes_no_network(corpus_folder):
    code = (
        "import sys; from classify.cli.main import main\n"
        f"main(['corpus', 'show', {str(corpus_folder)!r}])\n"
        "bad = {'keras', 'tensorflow', 'music21'} & set(sys.modules)\nassert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
