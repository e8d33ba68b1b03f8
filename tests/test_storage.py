"""Addresses instead of paths: copies that are kept in step, and refusals where something is wrong.

fsspec's file system in memory stands for a bucket here; `tests/test_s3.py` has a real server.
"""

import inspect
import json
import time
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from classify import api
from classify.addresses import address_of
from classify.cli.main import main
from classify.errors import InputError
from classify.storage import read_copy, written
from tests.conftest import write_corpus


@pytest.fixture
def bucket():
    """An empty store in memory."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def elsewhere(monkeypatch, place: Path) -> None:
    """Go on as on another machine, which has seen nothing yet."""
    monkeypatch.setenv("CLASSIFY_CACHE", str(place))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def put(bucket, folder: Path, name: str) -> None:
    for path, content in files(folder).items():
        bucket.pipe_file(f"/{name}/{path}", content)


def takes_paths(function) -> bool:
    return any("Path" in str(p.annotation) for p in inspect.signature(function).parameters.values())


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("s3://bucket/songs/", "s3://bucket/songs"),
        (Path("s3://bucket/songs"), "s3://bucket/songs"),
        ("emopia:gs://bucket/emopia", "gs://bucket/emopia"),
        ("file:///data/songs", "file:///data/songs"),
        ("sftp://me@host/data/songs", "sftp://me@host/data/songs"),
        ("songs", "None"),
        ("emopia:/data/emopia", "None"),
        (Path("C:/songs"), "None"),
    ],
)
def test_addresses_are_told_from_paths(given, address):
    assert str(address_of(given)) == address


@pytest.mark.parametrize("given", ["ftp://host/songs", "s3://bucket", "https://host/songs"])
def test_other_addresses_are_refused(given):
    with pytest.raises(InputError, match="expected"):
        address_of(given)


@pytest.mark.xdist_group(str(Path(__file__).parent / "inference" / "test_prediction.py"))
def test_songs_and_model_are_read_and_the_table_is_written(
    bucket, trained, corpus_folder, tmp_path, monkeypatch, capsys
):
    """As on disk, but for the songs' names, which are addresses."""
    put(bucket, trained, "models/mine")
    put(bucket, corpus_folder, "songs")
    elsewhere(monkeypatch, tmp_path / "cache")
    table = "memory://tables/moods.parquet"
    assert main(["predict", "memory://models/mine", "memory://songs", "--out", table]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == table
    with bucket.open("/tables/moods.parquet") as file:
        there = pd.read_parquet(file)
    here = api.predict(trained, corpus_folder)
    here["song"] = here.song.str.replace(str(corpus_folder), "memory://songs")
    assert json.loads(bucket.cat("/tables/.moods.parquet.state"))["state"] == "whole"
    pd.testing.assert_frame_equal(there, here.sort_values("song", ignore_index=True))
    assert set(bucket.find("/tables")) == {
        "/tables/moods.parquet", "/tables/moods.about.json", "/tables/.moods.parquet.state",
    }  # fmt: skip


def test_only_what_is_new_is_copied_and_what_is_gone_goes(bucket, corpus_folder, monkeypatch):
    put(bucket, corpus_folder, "songs")
    copy = read_copy(address_of("memory://songs"))
    assert files(copy) == files(corpus_folder)
    bucket.rm("/songs/Happy/00.mid")
    bucket.pipe_file("/songs/Happy/01.mid", b"other")
    fetched = []
    get = bucket.get_file
    monkeypatch.setattr(bucket, "get_file", lambda *names: (fetched.append(names[0]), get(*names)))
    read_copy(address_of("memory://songs"))
    assert fetched == ["/songs/Happy/01.mid"]
    assert not (copy / "Happy/00.mid").exists()
    assert (copy / "Happy/01.mid").read_bytes() == b"other"


def test_what_is_not_whole_is_not_read(bucket, corpus_folder):
    address = address_of("memory://runs/one")
    with pytest.raises(ZeroDivisionError), written(address) as place:
        write_corpus(place, 1)
        raise ZeroDivisionError
    with pytest.raises(InputError, match=r"runs/one: is not whole yet; a command on .* began"):
        read_copy(address)
    with written(address) as place:  # the same command goes on, and ends well
        assert len(files(place)) == 2
    assert files(read_copy(address)) == files(place)


def test_nobody_writes_where_another_does(bucket, tmp_path, monkeypatch):
    """Though it runs on another machine: it shows that it lives."""
    monkeypatch.setattr("classify.storage.mirror.BEAT", 0.2)
    monkeypatch.setattr("classify.storage.mirror.EVERY", 0.1)
    monkeypatch.setattr("classify.storage.mirror.PATIENCE", 1.0)
    address = address_of("memory://runs/two")
    with written(address) as place:
        write_corpus(place, 1)
        while not bucket.exists("/runs/.two.state"):
            time.sleep(0.05)
        elsewhere(monkeypatch, tmp_path / "elsewhere")
        monkeypatch.setattr("classify.storage.mirror._machine", lambda: "another")
        refused = pytest.raises(InputError, match=r"runs/two: a command on .* is at it now")
        with refused, written(address):
            pass
        monkeypatch.undo()


def test_the_cache_is_on_this_machine(monkeypatch, capsys):
    monkeypatch.setenv("CLASSIFY_CACHE", "s3://bucket/cache")
    assert main(["cache"]) == 2
    assert "s3://bucket/cache: expected a folder on this machine" in capsys.readouterr().err


@pytest.mark.parametrize("name", [n for n in api.__all__ if takes_paths(getattr(api, n))])
def test_whatever_takes_a_path_takes_an_address_or_refuses_it(name):
    assert hasattr(getattr(api, name), "__wrapped__")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("predict memory://models/none songs", "memory://models/none: nothing is there"),
        ("predict ftp://host/model songs", "expected a local path, or an address that begins"),
        ("app --data s3://bucket/data", "--data takes a path on this machine"),
        ("doctor --out s3://bucket/results", "--out takes a path on this machine"),
        ("playlist m s --mood Calm --media-root s3://b/media", "--media-root takes a path on this"),
        ("corpus show s3://bucket", "names no file or folder; expected as s3://bucket/songs"),
        ("compare gs://bucket/songs", "needs a library; pip install gcsfs"),
    ],
)
def test_addresses_that_cannot_be_used_are_refused(bucket, capsys, command, said):
    assert main(command.split()) == 2
    assert said in capsys.readouterr().err
