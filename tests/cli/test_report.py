"""`classify report RUN --compare RUN2`: runs side by side."""

import shutil
from pathlib import Path

from classify.cli.main import main
from tests.conftest import write_corpus


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
    again = shutil.copytree(runs[1], tmp_path / "again")
    assert main(["report", runs[0], "--compare", runs[1], str(again)]) == 0
    assert "again" in (Path(runs[0]) / "side-by-side.html").read_text()
    beside = ["report", runs[0], "--compare", runs[1], "--out", str(tmp_path / "both")]
    assert main([*beside, "--names", "one,other"]) == 0
    assert "on songs (one)" in page_of(tmp_path) or "one (songs" in page_of(tmp_path)
    capsys.readouterr()
    assert main([*beside, "--names", "one,one"]) == 2
    assert "--names one,one: expected a different name" in capsys.readouterr().err
    assert main(["report", runs[0], "--out", str(tmp_path)]) == 2
    assert "goes with --compare" in capsys.readouterr().err


def page_of(folder):
    return (folder / "both" / "side-by-side.html").read_text()
