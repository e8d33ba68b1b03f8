"""The page about a comparison of generators, and the blind listening test beside it."""

import re

import pandas as pd
import pytest

from classify import api
from classify.cli.main import main
from classify.errors import InputError
from classify.report.generators import write_generators_report
from tests.conftest import write_corpus

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
