"""Predictions in batches: the same table as at once, wherever tasks run and whatever stops them."""

import itertools
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from classify import api
from classify.compute.inline import InlineExecutor
from classify.compute.local import LocalExecutor
from classify.corpora.library import load_library
from classify.corpora.store import Store
from classify.errors import InputError
from classify.inference import prediction, prediction_batches
from classify.inference.prediction import predict, predict_in_batches
from classify.inference.saved_model import load
from classify.progress import Silent
from tests.conftest import write_song


@pytest.fixture(scope="module")
def bundle(trained):
    return load(trained)


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Eleven songs of two artists and a file that is none."""
    folder = tmp_path_factory.mktemp("library")
    for number in range(11):
        write_song(folder / f"artist {number % 2}" / f"{number:02d}.mid", number, 45 + 3 * number)
    (folder / "damaged.mid").write_bytes(b"MThd")
    return folder


@pytest.fixture(scope="module")
def at_once(bundle, library, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "moods.parquet"
    course = out.with_name("course.parquet")
    return predict(bundle, [library], out, course), out, course


class Stop(Silent):
    """Stops the program when so many songs are done."""

    def __init__(self, at: int) -> None:
        self.at = at

    def advance(self, key: str, note: str = "", done: int | None = None) -> None:
        if (done or 0) >= self.at:
            raise KeyboardInterrupt


def about(out: Path) -> dict:
    return json.loads(out.with_name(f"{out.stem}.about.json").read_text()) | {"made": ""}


def test_batches_give_the_same_tables_as_all_at_once(bundle, library, at_once, tmp_path):
    _, whole, whole_course = at_once
    for ending in ("parquet", "csv"):
        out, course = tmp_path / f"moods.{ending}", tmp_path / f"course.{ending}"
        found = predict_in_batches(bundle, [library], out, InlineExecutor(), course, size=4)
        assert [one.name for one in found["skipped"]] == [str(library / "damaged.mid")]
        assert about(out) == about(whole)
        for table, expected in ((out, whole), (course, whole_course)):
            expected = pd.read_parquet(expected)
            if ending == "csv":
                assert table.read_text() == expected.to_csv(index=False, float_format="%.6f")
            else:
                pd.testing.assert_frame_equal(pd.read_parquet(table), expected, check_exact=True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "moods.parquet", "moods.about.json", "course.parquet", "moods.csv", "course.csv"
    }  # fmt: skip


def test_a_stopped_prediction_goes_on_with_what_is_missing(bundle, library, at_once, tmp_path):
    out = tmp_path / "moods.parquet"
    with pytest.raises(KeyboardInterrupt):
        predict_in_batches(bundle, [library], out, InlineExecutor(), progress=Stop(6), size=3)
    parts = {path: path.stat().st_mtime_ns for path in tmp_path.glob(".*.parts/*.json")}
    assert len(parts) >= 2 and not out.exists()
    with pytest.raises(KeyboardInterrupt):
        predict_in_batches(bundle, [library], out, InlineExecutor(), progress=Stop(12), size=3)
    assert all(path.stat().st_mtime_ns == time for path, time in parts.items())
    predict_in_batches(bundle, [library], out, InlineExecutor(), size=3)
    pd.testing.assert_frame_equal(pd.read_parquet(out), at_once[0].table)


def test_a_changed_file_or_threshold_is_predicted_again(bundle, library, tmp_path):
    work = prediction_batches.Work(bundle, InlineExecutor(), tmp_path, 0.5, False)
    listing = prediction.list_songs([library])
    first = work._begun(listing.entries, {}).path
    os.utime(listing.entries[0].path, ns=(1, 1))
    changed = work._begun(listing.entries, {}).path
    work.sure = 0.6
    assert len({first, changed, work._begun(listing.entries, {}).path}) == 3


def test_what_cannot_be_done_is_refused(bundle, library, trained, tmp_path):
    with pytest.raises(InputError, match=r"expected \.csv or \.parquet"):
        predict_in_batches(bundle, [library], tmp_path / "a.json", InlineExecutor())
    with pytest.raises(InputError, match="none of the 1 files can be used"):
        predict_in_batches(bundle, [library / "damaged.mid"], tmp_path / "a.csv", InlineExecutor())
    with pytest.raises(InputError, match="name the table that is written with --out"):
        api.predict(trained, library, cluster="local:1")
    assert not list(tmp_path.glob("[!.]*"))


def test_processes_are_started_for_many_songs_only(library, local_processes):
    items = load_library([library]).items
    executors = [
        prediction_batches.executor_for(items),
        prediction_batches.executor_for(items * 10_000, n_workers=1),
        prediction_batches.executor_for(items * 10_000, n_workers=3),
    ]
    assert [one.n_workers for one in executors] == [1, 1, 3]
    assert isinstance(executors[1], InlineExecutor) and isinstance(executors[2], LocalExecutor)


@pytest.mark.slow
def test_processes_give_the_same_bytes_as_this_one(
    bundle, library, tmp_path, local_processes, monkeypatch
):
    """One of them reads its notes after they were damaged on disk."""
    monkeypatch.setattr(prediction_batches, "START", 1e-9)
    predict(bundle, [library], tmp_path / "one.parquet", tmp_path / "windows.csv", n_workers=1)
    for shard in Store.of_user().folder.glob("notes-*"):
        shard.write_bytes(b"damaged")
    given = tmp_path / "two.parquet", tmp_path / "course.csv"
    found = predict(bundle, [library], *given, n_workers=2, size=11)
    again = predict(bundle, [library], *given, n_workers=2, size=3)
    for two in (found, again):
        assert [item.name for item in two.items] == two.table.song.tolist() and len(two.items) == 11
    assert given[0].read_bytes() == (tmp_path / "one.parquet").read_bytes()
    assert given[1].read_bytes() == (tmp_path / "windows.csv").read_bytes()
    assert not list(tmp_path.glob(".*.parts"))


@pytest.mark.slow
def test_a_batch_whose_process_dies_is_parted(bundle, library, at_once, tmp_path):
    """Processes are killed as they work, so that batches become smaller, and no song is lost."""
    looks = itertools.count()
    with LocalExecutor(1, watch=lambda pid: next(looks) not in (3, 8, 14)) as executor:
        predict_in_batches(bundle, [library], tmp_path / "moods.parquet", executor, size=12)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "moods.parquet"), at_once[0].table)
    assert next(looks) > 14


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_as_this_process(trained, bundle, library, tmp_path):
    predict_in_batches(bundle, [library], tmp_path / "here.parquet", InlineExecutor())
    table = api.predict(trained, library, out=tmp_path / "there.parquet", cluster="local:2")
    assert len(table) == 11 and len(table.attrs["skipped"]) == 1
    here, there = (tmp_path / f"{name}.parquet" for name in ("here", "there"))
    assert here.read_bytes() == there.read_bytes()
