"""A real server that speaks S3, on this machine; in its bucket songs, models, and a killed run."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from classify.addresses import address_of
from classify.errors import InputError
from classify.storage import read_copy
from tests.conftest import write_corpus

pytestmark = pytest.mark.slow

OPTIONS = ("--models", "knn,random-forest", "--folds", "3", "--window", "16", "--quick",
           "--jobs", "1")  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("s3")


@pytest.fixture(scope="module")
def bucket(place) -> Iterator[object]:
    """A server, and the file system of fsspec that reaches it, with songs in a bucket."""
    s3fs = pytest.importorskip("s3fs")
    pytest.importorskip("moto")
    with pytest.MonkeyPatch.context() as patch, (place / "server.log").open("w") as log:
        patch.setenv("AWS_ACCESS_KEY_ID", "me")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", "0"]
        server = subprocess.Popen(command, stdout=log, stderr=log)
        while not (found := re.search(r"http://127\S+\d", (place / "server.log").read_text())):
            assert server.poll() is None
            time.sleep(0.1)
        patch.setenv("AWS_ENDPOINT_URL", found[0])
        system = s3fs.S3FileSystem(use_listings_cache=False)
        system.mkdir("bucket")
        system.put(str(write_corpus(place / "songs")), "bucket/", recursive=True)
        yield system
        server.terminate()
        server.wait()


def begun(place: Path, machine: str, *command: str) -> subprocess.Popen[str]:
    """Begin a command as on a machine of that name, which has a cache of its own."""
    env = os.environ | {"CLASSIFY_CACHE": str(place / machine), "CLASSIFY_EXECUTOR": "local"}
    return subprocess.Popen(
        [sys.executable, "-m", "classify", *command],
        cwd=place, env=env, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def said(place: Path, machine: str, *command: str, status: int = 0) -> str:
    process = begun(place, machine, *command)
    text, _ = process.communicate(timeout=600)
    assert process.returncode == status, text
    return text


def plain(page: bytes) -> str:
    """Give a report without what is said of time, and of where things are."""
    text = re.sub(r"base64,[^\"]+", "FIGURE", page.decode())  # they are compared as files
    text = text.replace("s3://bucket/", "").replace("runs/", "")
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\+00:00| UTC)?", "TIME", text)
    text = re.sub(r"\d+(\.\d+)? (ms|s|min)\b", "SECONDS", text)
    return re.sub(r"SECONDS</td><td>[\d.,]+</td></tr>", "SECONDS", text)  # ms to predict a song


def test_a_run_in_a_bucket_that_is_killed_goes_on_on_another_machine(place, bucket):
    said(place, "here", "compare", "songs", *OPTIONS, "--out", "run")
    command = ("compare", "s3://bucket/songs", *OPTIONS, "--out", "s3://bucket/runs/run")
    first = begun(place, "one", *command)
    while not bucket.glob("bucket/runs/run/models/*/*/fit.json"):
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.2)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert json.loads(bucket.cat("bucket/runs/.run.state"))["state"] == "writing"
    with pytest.raises(InputError, match="is not whole yet"):
        read_copy(address_of("s3://bucket/runs/run"))
    text = said(place, "two", *command)
    assert re.search(r"[1-9]\d* of \d+ fits are done already", text)
    assert text.endswith("s3://bucket/runs/run/report.html\n")
    assert json.loads(bucket.cat("bucket/runs/.run.state"))["state"] == "whole"

    here = {p.relative_to(place / "run").as_posix(): p for p in (place / "run").rglob("*")
            if p.is_file()}  # fmt: skip
    there = {name.removeprefix("bucket/runs/run/") for name in bucket.find("bucket/runs/run")}
    assert there == set(here)
    same = {name for name, path in here.items()
            if bucket.cat(f"bucket/runs/run/{name}") == path.read_bytes()}  # fmt: skip
    others = {name for name in here if not name.endswith("fit.json")} - same
    # the figure has the seconds that models took
    assert others == {"run.json", "report.html", "report.md", "figures/pareto-front.svg"}
    page = bucket.cat("bucket/runs/run/report.html")
    assert plain(page) == plain(here["report.html"].read_bytes())


def test_a_model_in_a_bucket_predicts_and_makes_playlists(place, bucket):
    train = ("--model", "features-logistic", "--window", "16", "--folds", "3")
    said(place, "here", "train", "songs", *train, "--out", "model")
    said(place, "here", "predict", "model", "songs", "--out", "moods.parquet")
    said(place, "one", "train", "s3://bucket/songs", *train, "--out", "s3://bucket/models/mine")
    refused = said(place, "two", "train", "s3://bucket/songs", *train, "--out",
                   "s3://bucket/models/mine", status=2)  # fmt: skip
    assert "s3://bucket/models/mine: is there already" in refused
    model, table = "s3://bucket/models/mine", "s3://bucket/tables/moods.parquet"
    said(place, "two", "predict", model, "s3://bucket/songs", "--out", table)
    with bucket.open("bucket/tables/moods.parquet") as file:
        there = pd.read_parquet(file)
    here = pd.read_parquet(place / "moods.parquet")
    pd.testing.assert_frame_equal(there, here.assign(song="s3://bucket/" + here.song))
    wishes = ("--mood", "Calming", "--minutes", "1", "--min-confidence", "0.5", "--tempo-change",
              "none", "--loudness-change", "none")  # fmt: skip
    text = said(place, "three", "playlist", model, table, *wishes, "--out",
                "s3://bucket/lists/evening")  # fmt: skip
    assert "s3://bucket/lists/evening.m3u8\n" in text
    lines = bucket.cat("bucket/lists/evening.m3u8").decode().splitlines()
    songs = [line for line in lines if line.startswith("s3://")]
    assert songs and all(bucket.isfile(song) for song in songs)
