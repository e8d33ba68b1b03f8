"""run.json as a typed record: wrong fields are refused in a sentence, older runs are read."""

from pathlib import Path

import pytest

from classify.errors import InputError
from classify.experiments.run_record import (
    FORMAT,
    RunRecord,
    read_run,
    settings_from_run,
    write_run,
)
from classify.files import read_json, write_json
from classify.records import remember, typed
from tests.report.made_runs import write_run as write_old_run


@pytest.fixture
def folder(tmp_path) -> Path:
    """A run as today's program writes it."""
    folder = write_old_run(tmp_path / "run", {"svm": 30, "nn3": 20}, failed="knn")
    write_run(folder, _of_today(read_run(folder)))
    return folder


def _of_today(run: RunRecord) -> RunRecord:
    return typed(run.as_dict() | {"format": FORMAT, "models": {}}, RunRecord, Path("run.json"))


def refused(folder: Path, change: dict, sentence: str) -> None:
    path = folder / "run.json"
    whole = path.read_text()
    write_json(path, read_json(path) | change)
    with pytest.raises(InputError) as caught:
        read_run(folder)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
    path.write_text(whole)


def test_a_run_is_read_as_it_was_written(folder):
    run = read_run(folder)
    assert run.format == FORMAT and run.corpus.songs == 80 and run.split.parts.test.songs == 40
    write_run(folder, run)
    assert read_run(folder) == run


def test_a_run_of_format_1_is_read(tmp_path):
    folder = write_old_run(tmp_path / "run", {"svm": 30}, failed="knn")
    old = read_json(folder / "run.json")
    old["models"]["svm"]["fits"][0]["limit"] = 0.25  # as it was called then, and `set_aside`
    write_json(folder / "run.json", old)
    run = read_run(folder)
    assert run.format == 1 and run.corpus.classes == ["calm", "happy"]
    assert run.models["knn"].reason.startswith("MemoryError") and not run.models["knn"].fits
    assert run.models["svm"].fits[0].best == {"depth": 3}
    assert len(run.corpus.skipped) == 1 and run.models["svm"].fits[0].threshold == 0.25
    plain = run.as_dict()["models"]
    assert plain["svm"]["best"] == {"depth": 3} and "reason" in plain["knn"]


def test_wrong_fields_are_named(folder):
    refused(folder, {"corpus": None}, "run.json: corpus is null; expected an object")
    refused(folder, {"extra": 1}, "run.json: has an unknown field 'extra'; expected any of")
    split = read_json(folder / "run.json")["split"]
    refused(folder, {"split": split | {"folds": "5"}}, "split.folds is '5'; expected a whole")
    refused(folder, {"split": split | {"kind": "songs"}}, "expected one of song, window, given")
    settings = read_json(folder / "run.json")["settings"]
    refused(folder, {"settings": settings | {"sed": 1}}, "unknown field 'sed' in settings")
    refused(folder, {"settings": settings | {"seed": "x"}}, "settings.seed is 'x'; expected a")
    del split["shared"]
    refused(folder, {"split": split}, "lacks the field 'shared' in split; expected a number")


def test_a_newer_format_and_a_key_given_twice_are_refused(folder):
    refused(folder, {"format": FORMAT + 1}, "was written by a newer classify (0.1.0, format 4;")
    path = folder / "run.json"
    path.write_text(path.read_text().replace("{", '{"command": "x", ', 1))
    with pytest.raises(InputError, match=r"run.json: the key 'command' is given twice; delete"):
        read_run(folder)


def test_songs_are_found_where_they_were_on_this_machine(folder, tmp_path):
    run = read_run(folder)
    assert settings_from_run(run).corpus == run.settings.corpus
    remember(run.corpus.fingerprint, str(tmp_path / "gone"))
    assert settings_from_run(run).corpus == run.settings.corpus  # nothing is there any more
    (tmp_path / "songs").mkdir()
    remember(run.corpus.fingerprint, str(tmp_path / "songs"))
    assert settings_from_run(run).corpus == str(tmp_path / "songs")
