"""`classify playlist MODEL LIBRARY --mood MOOD`: from songs to files that players read."""

import csv
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from classify.cli.main import main
from tests.conftest import write_song


@pytest.fixture
def library(tmp_path) -> Path:
    for number in range(6):
        write_song(tmp_path / "library" / f"slow {number}.mid", 510 + number, 45, 1.0)
        write_song(tmp_path / "library" / f"fast {number}.mid", 600 + number, 75, 0.25)
    return tmp_path / "library"


ANY = ["--min-confidence", "0.5", "--tempo-change", "none", "--loudness-change", "none"]


def playlist(*arguments) -> int:
    return main(["playlist", *map(str, arguments)])


def test_a_library_becomes_files_that_players_read(trained, library, tmp_path, capsys):
    out = tmp_path / "lists" / "evening"
    asked = [
        "--mood",
        "Calming",
        "--minutes",
        "1.5",
        "--out",
        out,
        "--format",
        "m3u8,xspf,jspf,csv",
    ]
    assert playlist(trained, library, *asked, *ANY) == 0
    told = capsys.readouterr().out
    assert "1.5 minutes" in told and str(out.with_suffix(".xspf")) in told
    text = out.with_suffix(".m3u8").read_text(encoding="utf-8")
    assert "no medical device" in text and "trained on songs" in text
    songs = [line for line in text.splitlines() if not line.startswith("#")]
    assert songs and all((out.parent / song).resolve().is_file() for song in songs)
    assert all("slow" in song for song in songs)
    assert ET.parse(out.with_suffix(".xspf")).getroot().tag.endswith("playlist")
    assert len(json.loads(out.with_suffix(".jspf").read_text())["playlist"]["track"]) == len(songs)
    with out.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["seconds"]) for row in rows) <= 90
    assert out.with_suffix(".svg").stat().st_size > 1000


def test_a_predicted_table_serves_and_leads_from_one_mood_to_another(
    trained, library, tmp_path, capsys
):
    table = tmp_path / "predicted.csv"
    assert main(["predict", str(trained), str(library), "--out", str(table)]) == 0
    out = tmp_path / "iso"
    asked = ["--mood", "Calming", "--from", "Happy", "--minutes", "1", "--out", out]
    assert playlist(trained, table, *asked, *ANY) == 2
    assert "name neighbours that do in the file of moods" in capsys.readouterr().err
    moods = tmp_path / "moods.toml"
    moods.write_text('[Calming]\nneighbours = ["Happy"]\n[Happy]\nneighbours = ["Calming"]\n')
    asked += ["--moods", moods]
    assert playlist(trained, table, *asked, *ANY, "--veto", library / "slow 3.mid") == 0
    with out.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        moods = [row["mood"] for row in csv.DictReader(file)]
    assert moods == sorted(moods, reverse=True) and set(moods) == {"Happy", "Calming"}
    assert "slow 3" not in out.with_suffix(".m3u8").read_text()
    capsys.readouterr()

    shutil.copy(table, tmp_path / "other.csv")
    text = (tmp_path / "other.csv").read_text().replace("p:Happy", "p:Sad")
    (tmp_path / "other.csv").write_text(text)
    assert playlist(trained, tmp_path / "other.csv", *asked) == 2
    assert "give a table that this model predicted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mood", "Sad"], "Sad"),
        (["--mood", "Calming", "--format", "pls"], "--format pls: expected any of"),
        (["--mood", "Calming", "--minutes", "-3"], "-3"),
        (["--mood", "Calming", "--media-root", "nowhere"], "nowhere: is not a folder"),
        (["--mood", "Calming", "--pin", "none.mid"], "none.mid"),
    ],
)
def test_mistakes_are_told_in_a_sentence(trained, library, tmp_path, capsys, arguments, message):
    assert playlist(trained, library, *arguments, "--out", tmp_path / "x") == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said
    assert not list(tmp_path.glob("x*"))
