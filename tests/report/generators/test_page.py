"""The page about a comparison of generators, and the blind listening test beside it."""

import re
import shutil
from collections import Counter

import pandas as pd
import pytest

from classify import api
from classify.cli.main import main
from classify.corpora import builtin, builtin_scores
from classify.errors import InputError
from classify.files import read_json, write_json
from classify.generation.measures import HELD_OUT
from classify.report.generators import write_generators_report
from classify.report.generators.data import read
from classify.report.generators.page import summary
from classify.songs import midi
from tests.conftest import write_corpus, write_song

ARGUMENTS = ["--models", "copy,unigram", "--songs", "3", "--judge", "features-logistic",
             "--window", "16", "--quick"]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("generators")
    songs = write_corpus(place / "songs", per_class=10)
    assert main(["compare-generators", str(songs), *ARGUMENTS, "--out", str(place / "run")]) == 0
    return place / "run"


def test_the_page_says_who_copies_and_who_does_not(folder):
    page = (folder / "report.md").read_text()
    assert "No copies among the songs of Unigram" in page
    assert "100.0 % of the songs of Copy are copies" in page
    assert "cannot be told a class" in page
    for heading in ("class that was asked for", "knob", "real songs", "new", "return", "cost"):
        assert re.search(f"^## .*{heading}", page, re.MULTILINE), heading


def test_songs_without_classes_are_compared_in_all_but_moods(tmp_path):
    for number in range(10):
        write_song(tmp_path / "songs" / f"{number}.mid", number, 60, 0.5, 40)
    out = tmp_path / "run"
    arguments = [str(tmp_path / "songs"), *ARGUMENTS, "--out", str(out)]
    assert main(["compare-generators", *arguments]) == 0
    record, page = read_json(out / "run.json"), (out / "report.md").read_text()
    assert record["corpus"]["classes"] == [] and record["judge"] == ""
    assert record["parts"] == {"learned": 8, "judged": 0, "held_out": 2}
    songs = pd.read_csv(out / "songs.csv")
    assert (songs.knob.isna() & (songs.set == "copy")).sum() == 3 and "judged" not in songs
    measured = set(pd.read_csv(out / "measures.csv").measure)
    assert "control" not in measured
    assert {"knob", "copies", "variety", "Fréchet distance", "a minute"} <= measured
    assert "which generator composes such songs best?" in page and "no classes" in page
    assert "asked for?" not in page and "100.0 % of the songs of Copy are copies" in page


def test_it_is_one_file_that_runs_no_script(folder):
    page = (folder / "report.html").read_text()
    assert "<script" not in page and "http" not in page.replace("http-equiv", "").replace(
        "http://www.w3.org", ""
    )
    assert page.count("<img") == 3 and page.count('alt=""') == 0


def test_the_listening_test_keeps_its_answers_elsewhere(folder):
    page = (folder / "listening" / "index.html").read_text()
    answers = pd.read_csv(folder / "listening" / "answers.csv")
    assert page.count("<fieldset") == len(answers) == 12
    assert set(answers.real) == {"A", "B"} and set(answers.generator) == {"copy", "unigram"}
    for secret in ("copy", "unigram", "real", "held-out"):
        assert secret not in page.split("<script")[0].lower()
    assert page.count("data-notes") == 24 + page.count("[data-notes]")


def test_the_same_files_give_the_same_page(folder):
    files = ("report.html", "report.md", "listening/index.html", "listening/answers.csv")
    before = {name: (folder / name).read_bytes() for name in files}
    write_generators_report(folder)
    assert before == {name: (folder / name).read_bytes() for name in files}


@pytest.mark.parametrize(
    ("low", "value", "said"),
    [(0.3, 0.95, "as often as it is right"), (0.9, 0.95, "more often than it is right"),
     (0.1, 0.2, "less often than it is right")],
)  # fmt: skip
def test_the_judge_agrees_more_often_only_where_intervals_part_it(
    folder, tmp_path, low, value, said
):
    changed = shutil.copytree(folder, tmp_path / "run")
    table = pd.read_csv(changed / "measures.csv")
    control = (table.measure == "control") & table.of.isna()
    table.loc[control & (table.set == HELD_OUT), ["value", "low", "high"]] = 0.7, 0.6, 0.8
    table.loc[control & (table.set == "copy"), ["value", "low", "high"]] = value, low, value + 0.05
    table.to_csv(changed / "measures.csv", index=False)
    run = read_json(changed / "run.json")
    write_json(changed / "run.json", run | {"follows_moods": {"copy": True, "unigram": False}})
    assert said in " ".join(summary(read(changed)))


def test_other_folders_are_refused(tmp_path, folder):
    with pytest.raises(InputError, match="holds no comparison of generators"):
        write_generators_report(tmp_path)


def test_the_interface_gives_the_page(folder, monkeypatch):
    songs = folder.parent / "songs"
    page = api.compare_generators(
        songs, models=["copy", "unigram"], songs=3, judge="features-logistic", window=16,
        quick=True, out=folder,
    )  # fmt: skip
    assert page == folder / "report.html"


def test_melodies_have_no_voices_to_lead(folder):
    assert "How are voices led?" not in (folder / "report.md").read_text()
    assert pd.read_csv(folder / "songs.csv").fifths.isna().all()


@pytest.mark.slow
def test_chorales_have_their_parallels_counted_and_networks_their_nats(tmp_path):
    taken = Counter()
    for song in sorted(builtin.CORPORA["chorales"].candidates(), key=lambda song: song.name):
        taken[song.label] += 1
        if taken[song.label] <= 10:
            path = tmp_path / "songs" / song.label / f"{song.name}.mid"
            path.parent.mkdir(parents=True, exist_ok=True)
            midi.write(path, *builtin_scores.read(song.content, as_written=True))
    given = ["--models", "copy,coconet,deep-bach", "--songs", "2", "--judge", "features-logistic",
             "--quick", "--epochs", "1", "--window", "60"]  # fmt: skip
    run = tmp_path / "run"
    assert main(["compare-generators", str(tmp_path / "songs"), *given, "--out", str(run)]) == 0
    assert "## How are voices led?" in (run / "report.md").read_text()
    values = pd.read_csv(run / "measures.csv").query("measure == 'voices'")
    values = values.set_index(["set", "of"]).value
    assert values["held out", "parallel octaves"] < values["coconet", "parallel octaves"]
    for name in ("coconet", "deep-bach"):
        assert 0 < values[name, "nats a note"] < 4.5
    assert values["coconet", "nats a frame"] > values["coconet", "nats a note"]
    assert ("deep-bach", "nats a frame") not in values
