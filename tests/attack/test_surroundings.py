"""Attacks from around a program: full disks, rights, locales, kills, other programs."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.attack.tally import Tally, environment
from tests.conftest import write_song

pytestmark = pytest.mark.slow

EASY = ("--min-confidence", "0.5", "--tempo-change", "none", "--loudness-change", "none")


def commands(songs: Path, library: Path, trained: Path, out: Path) -> dict[str, tuple[object, ...]]:
    """Every command that writes, small."""
    cut = ("--window", "16", "--quick")
    return {
        "compare": ("compare", songs, *cut, "--models", "knn", "--out", out / "run"),
        "train": ("train", songs, *cut, "--model", "features-logistic", "--folds", "3",
                  "--out", out / "model"),
        "predict": ("predict", trained, library, "--out", out / "p.csv"),
        "playlist": ("playlist", trained, library, "--mood", "Calming", "--minutes", "1", *EASY,
                     "--out", out / "list"),
        "pretrain": ("pretrain", songs, library, "--window", "16", "--epochs", "1",
                     "--out", out / "weights"),
        "generator": ("train", songs, "--model", "unigram", "--out", out / "composer"),
    }  # fmt: skip


@pytest.mark.parametrize("room", [0, 3_000, 40_000])
def test_no_file_can_grow(tally: Tally, songs, library, trained, tmp_path, room):
    """A limit on the size of files, as on a full disk; then the same command goes on."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    cache: dict[str, str | None] = {"CLASSIFY_CACHE": str(tmp_path / "cache")}
    for name, command in commands(songs, library, trained, tmp_path).items():
        if name == "pretrain" and room:
            continue  # minutes
        for fill in (True, False) if name == "compare" else (False,):
            own = cache if fill else {}
            status, told = tally.process(*command, env=own, before=small)
            half = [path for path in tmp_path.rglob(f".*-{command[-1].name}")]
            tally.check(not half, f"{name} left {half}")
            if status:
                named = "no space is left" in told or "cannot be used to keep songs in" in told
                tally.check(named, f"{name}: {told[-300:]}")
    status, told = tally.process(*commands(songs, library, trained, tmp_path)["compare"], env=cache)
    tally.check(status == 0, f"does not go on: {told[-300:]}")


def test_no_right_and_no_home(tally: Tally, songs, library, trained, tmp_path):
    gone: dict[str, str | None] = {"HOME": "/nonexistent", "XDG_CACHE_HOME": None,
                                   "CLASSIFY_CACHE": None}  # fmt: skip
    homeless: dict[str, str | None] = gone | {"HOME": None}
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    if os.geteuid() == 0:  # who may write everywhere but here
        locked = Path("/proc/sys")
    for command in commands(songs, library, trained, locked).values():
        tally.process(*command)
    for command in commands(songs, library, trained, tmp_path).values():
        tally.process(*command, env={"CLASSIFY_CACHE": str(locked / "cache")})
    for env in (gone, homeless):
        status, told = tally.process("predict", trained, library, env=env)
        tally.check(status in (0, 2), told[-300:])


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"},
               {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
               {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}],
)  # fmt: skip
def test_locales(tally: Tally, library, trained, tmp_path, locale):
    songs = tmp_path / "songs"
    for label, low in (("Fröhlich", 75), ("静か", 45)):
        for number in range(6):
            write_song(songs / label / f"Ünï ♭{number}.mid", number + low, low, 60 / low / 2)
    for name, command in commands(songs, songs, trained, tmp_path).items():
        if name in ("compare", "predict", "playlist"):
            status, told = tally.process(*command, env=locale)
            tally.check(status == 0, f"{name}: {told[-300:]}")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    tally.check("Fröhlich" in page and "静か" in page, "the report lost names")
    table = pd.read_csv(tmp_path / "p.csv", encoding="utf-8")
    tally.check(table.song.str.contains("Ünï ♭").all(), "the table lost names")


def _same(name: str, one: Path, other: Path) -> bool:
    """Say whether two results are equal in what counts."""
    if name == "compare":
        tables = [pd.read_parquet(out / "run" / "predictions.parquet") for out in (one, other)]
        return tables[0].equals(tables[1])
    if name == "predict":
        return (one / "p.csv").read_bytes() == (other / "p.csv").read_bytes()
    if name == "train":
        kept = [np.load(out / "model" / "probe-p.npy") for out in (one, other)
                if (out / "model" / "probe-p.npy").is_file()]  # fmt: skip
        return len(kept) != 2 or np.array_equal(*kept)
    if name == "pretrain":
        files = [(out / "weights" / "encoder.keras").read_bytes() for out in (one, other)]
        return files[0] == files[1]
    return True


def test_killed_at_random_moments(tally: Tally, songs, library, trained, tmp_path):
    """Twelve kills; the same command again gives what an undisturbed one gives."""
    draw = random.Random(7)
    whole, took = tmp_path / "whole", {}
    for name, command in commands(songs, library, trained, whole).items():
        if name in ("playlist", "generator"):
            continue
        begun = time.monotonic()
        status, told = tally.process(*command, env={"CLASSIFY_CACHE": str(whole / "cache")})
        took[name] = time.monotonic() - begun
        tally.check(status == 0, told[-300:])
    for number in range(12):
        name = sorted(took)[number % len(took)]
        out = tmp_path / f"killed-{number}"
        command = commands(songs, library, trained, out)[name]
        own = {"CLASSIFY_CACHE": str(out / "cache")}
        program = subprocess.Popen(
            [sys.executable, "-m", "classify", *map(str, command)], env=environment(own),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(draw.uniform(0.2, 0.95) * took[name])
        program.send_signal(signal.SIGKILL)
        program.wait()
        status, told = tally.process(*command, env=own)
        tally.check(status == 0, f"{name} does not go on: {told[-300:]}")
        tally.check(status != 0 or _same(name, whole, out), f"{name}: another result")


def test_two_programs_on_one_folder(tally: Tally, songs, library, trained, tmp_path):
    """One is refused or waits; both read the same songs into one cache."""

    def at_once(command: tuple[object, ...], n: int = 2) -> list[tuple[int, str]]:
        own = environment({"CLASSIFY_CACHE": str(tmp_path / "cache")})
        words = [sys.executable, "-m", "classify", *map(str, command)]
        programs = [
            subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=own)
            for _ in range(n)
        ]
        told = [program.communicate(timeout=300)[1].decode() for program in programs]
        return [(p.returncode, text) for p, text in zip(programs, told, strict=True)]

    given = commands(songs, library, trained, tmp_path)
    for name in ("compare", "predict", "train"):
        ended = at_once(given[name])
        for status, told in ended:
            tally._judge(status, told, [name, "twice at once"])
        tally.check(any(status == 0 for status, _ in ended), f"{name}: none ended well {ended}")
    again: Callable[..., tuple[int, str]] = tally.process
    for name in ("compare", "predict"):
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        status, told = again(*given[name], env={"CLASSIFY_CACHE": str(tmp_path / "cache")})
        tally.check(status == 0, f"{name}: {told[-300:]}")
