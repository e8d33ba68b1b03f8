"""`classify explain`: a picture and a paragraph for each song, a table for a run."""

from classify.cli.main import main
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from tests.cli.refusals import refused
from tests.conftest import write_corpus, write_song


def run(*arguments) -> int:
    return main(["explain", *map(str, arguments)])


def test_each_song_gets_a_picture_and_a_paragraph(trained, tmp_path, capsys):
    song = write_song(tmp_path / "new" / "slow.mid", 510, 45, 1.0)
    write_song(tmp_path / "new" / "other" / "slow.mid", 511, 45, 1.0)
    (tmp_path / "new" / "broken.mid").write_bytes(b"MThd")
    assert run(trained, tmp_path / "new", "--out", tmp_path / "out") == 1
    told = capsys.readouterr().out
    assert f"{song.stem} is answered Calming (Calming " in told and "calibrated" in told
    assert "broken.mid is cut short" in told
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["slow-2.png", "slow-2.svg", "slow-2.txt", "slow.png", "slow.svg", "slow.txt"]


def test_a_class_the_model_does_not_have_is_refused(trained, tmp_path, capsys):
    song = write_song(tmp_path / "slow.mid", 510, 45, 1.0)
    line = refused(capsys, "explain", str(trained), str(song), "--class", "Sad")
    assert "'Sad' is no class of this model; it has Calming, Happy" in line


def test_a_run_tells_what_its_model_rests_on(tmp_path, capsys):
    corpus = write_corpus(tmp_path / "songs", per_class=10)
    settings = Settings(str(corpus), window=20, models=("logistic",), quick=True)
    folder = compare(settings, tmp_path / "run", n_workers=1)
    assert run(folder) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "What logistic rests on, in points of accuracy on songs:"
    assert told[1].split(":")[0] in (
        "  channel pitch",
        "  channel inter-onset",
        "  channel duration",
    )
    assert told[-1] == str(folder / "importance.csv")
    line = refused(capsys, "explain", str(folder), str(corpus))
    assert "is a run, which says what its models rest on" in line


def test_a_model_without_a_song_is_refused(trained, capsys):
    assert "name the songs to explain" in refused(capsys, "explain", str(trained))
