"""Generators compared: who learns from what, files, going on, refusals."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from classify.errors import InputError
from classify.evaluation.scores import song_means
from classify.files import read_json
from classify.generation import comparison
from classify.generation.generators.unigram import Unigram
from classify.generation.judge import Judge
from classify.generation.judged_songs import DONE
from classify.generation.measures import HELD_OUT, LEARNED
from classify.generation.parts import ComparisonSettings, divide
from classify.report.generators import write_generators_report
from classify.songs import midi
from tests.conftest import write_corpus, write_song

SETTINGS = ComparisonSettings(
    "", ("copy", "unigram"), songs=3, judge="features-logistic", window=16, quick=True
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> ComparisonSettings:
    songs = write_corpus(tmp_path_factory.mktemp("corpus") / "songs", per_class=10)
    return replace(SETTINGS, corpus=str(songs))


@pytest.fixture(scope="module")
def run(settings, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "generators"
    return comparison.compare(settings, out, command="as asked")


@pytest.fixture(scope="module")
def table(run) -> pd.DataFrame:
    names = ("mood", "knob", "target", "failed", "judged")
    return pd.read_csv(run / comparison.TABLE).fillna(dict.fromkeys(names, ""))


@pytest.fixture(scope="module")
def measured(run) -> pd.DataFrame:
    return pd.read_csv(run / comparison.MEASURES, dtype={"of": str}).fillna({"of": ""})


def test_no_group_is_in_two_parts_and_every_mood_in_each(settings):
    parts = divide(settings)
    groups = [set(parts.of(places)[2]) for places in (parts.learned, parts.judged, parts.held_out)]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert sum(map(len, groups)) == len(set(parts.corpus.groups))
    for places in (parts.learned, parts.judged, parts.held_out):
        assert set(parts.of(places)[1]) == {"Calming", "Happy"}


def test_every_song_has_a_row_and_every_new_one_a_file(run, table):
    record = json.loads((run / comparison.RUN).read_text())
    assert record["command"] == "as asked" and record["finished"]
    counts = table[table.knob == ""].groupby("set").size()
    assert counts[LEARNED] == record["parts"]["learned"]
    assert counts[HELD_OUT] == record["parts"]["held_out"]
    assert counts["copy"] == counts["unigram"] == 2 * SETTINGS.songs
    for row in table[~table.set.isin([LEARNED, HELD_OUT])].itertuples():
        song = midi.read(run / comparison.SONGS / row.set / row.file)
        assert song.seconds == pytest.approx(row.seconds)
    assert set(table.judged) == {"Calming", "Happy"}
    p = table[["p:Calming", "p:Happy"]].to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_the_judge_takes_a_rare_mood_for_as_likely_as_any_other(tmp_path):
    """Songs that all sound alike say nothing: what is left is what it believes beforehand."""
    for number in range(10):
        write_song(tmp_path / f"{number}.mid", number, 60, 0.5, 32)
    songs = [midi.read(file) for file in sorted(tmp_path.glob("*.mid"))]
    moods = ["often"] * 8 + ["rarely"] * 2
    judge = Judge("features-logistic", 16, quick=True).fit(songs, moods, list("abcdefghij"))
    alone = song_means(judge.estimator.predict_proba(judge._encode(songs)[1]), np.arange(20) // 2)
    assert alone[:, 0].mean() == pytest.approx(0.8, abs=0.05)
    assert judge.probabilities(songs)[:, 0].mean() == pytest.approx(0.5, abs=0.1)


def test_copies_are_caught_and_random_notes_are_none(measured):
    share = measured[measured.measure == "copies"].set_index("set").value
    assert share["copy"] == 1.0 and share["unigram"] == 0.0


def test_real_songs_that_nobody_saw_are_measured_too(measured):
    real = measured[measured.set == HELD_OUT].set_index(["measure", "of"])
    assert real.value["control", ""] > 0.8  # low and slow against high and fast
    assert real.value["control by melody", ""] > 0.8
    assert {"overlap", "Fréchet distance", "returns", "longest run"} <= set(
        measured[measured.set == HELD_OUT].measure
    )
    assert ((measured.low <= measured.value) & (measured.value <= measured.high)).all()


def test_a_knob_that_is_kept_correlates(measured):
    tempo = measured[(measured.measure == "knob") & (measured.of == "tempo")].set_index("set").value
    assert tempo["copy"] > 0.99 and tempo["unigram"] > 0.99


def test_a_comparison_that_was_stopped_goes_on(settings, run, tmp_path):
    """What a generator has finished stays; all else is as it would have been."""
    out = tmp_path / "again"
    comparison.compare(settings, out, command="as asked")
    kept = out / comparison.SONGS / "copy" / comparison.DONE
    before = kept.stat().st_mtime_ns
    for file in (comparison.MEASURES, comparison.TABLE):
        (out / file).unlink()
    import shutil

    shutil.rmtree(out / comparison.SONGS / "unigram")
    comparison.compare(settings, out, command="as asked")
    assert kept.stat().st_mtime_ns == before
    timed = ["compose_seconds", "fit_seconds"]
    first, second = (
        pd.read_csv(folder / comparison.TABLE).drop(columns=timed) for folder in (run, out)
    )
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.slow
def test_a_comparison_that_is_killed_twice_ends_as_one_that_is_not(settings, tmp_path):
    """All that it leaves is the same, but for what was measured in seconds."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    asked = "--models copy,markov,unigram,music-vae --songs 2 --judge features-logistic --window 16"
    command = [sys.executable, "-m", "classify", "compare-generators", settings.corpus,
               *asked.split(), "--quick", "--epochs", "1", "--jobs", "1", "--out"]  # fmt: skip
    for n_done in (1, 2):
        run = subprocess.Popen([*command, str(killed)], start_new_session=True)
        while len(list((killed / comparison.SONGS).glob(f"[a-z]*/{DONE}"))) < n_done:
            assert run.poll() is None
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        assert not (killed / comparison.MEASURES).exists()
    for out in (killed, whole):
        subprocess.run([*command, str(out)], check=True)
    tables = [pd.read_csv(out / comparison.TABLE) for out in (killed, whole)]
    timed = ["compose_seconds", "fit_seconds"]
    pd.testing.assert_frame_equal(*(table.drop(columns=timed) for table in tables))
    measured = [pd.read_csv(out / comparison.MEASURES) for out in (killed, whole)]
    pd.testing.assert_frame_equal(*(one[one.of != "seconds"] for one in measured))
    songs = [{file.relative_to(out): file.read_bytes() for file in out.rglob("*.mid")}
             for out in (killed, whole)]  # fmt: skip
    assert songs[0] == songs[1]


def test_a_fault_of_one_generator_costs_the_others_nothing(settings, tmp_path, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError("by nothing")

    with monkeypatch.context() as patch:
        patch.setattr(Unigram, "learn", fails)
        out = comparison.compare(settings, tmp_path / "run", command="as asked")
    assert read_json(out / comparison.RUN)["failed"] == {"unigram": "ZeroDivisionError: by nothing"}
    assert "copy" in set(pd.read_csv(out / comparison.TABLE)["set"])


def test_a_song_that_cannot_be_composed_is_counted_and_no_more(settings, tmp_path, monkeypatch):
    composed = Unigram.generate

    def fails_once(generator, request=None, seed=0):
        if seed == settings.seed:
            raise InputError("no song keeps all wishes")
        return composed(generator, request, seed)

    with monkeypatch.context() as patch:
        patch.setattr(Unigram, "generate", fails_once)
        alone = replace(settings, generators=("unigram",))
        out = comparison.compare(alone, tmp_path / "run", command="as asked")
    measured = pd.read_csv(out / comparison.MEASURES).query("set == 'unigram'")
    assert measured[measured.measure == "made"].value.item() == pytest.approx(5 / 6)
    assert measured[measured.measure == "a minute"].value.item() > 0
    page = write_generators_report(out).with_suffix(".md").read_text()
    assert "Unigram composed 83 % of what was asked" in page


def test_another_comparison_is_not_overwritten(settings, run, tmp_path):
    with pytest.raises(InputError, match="another comparison; name another folder with --out"):
        comparison.compare(replace(settings, seed=1), run)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        comparison.compare(settings, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generators": ("bach",)}, "--models bach: no generator; known are .*markov"),
        ({"songs": 1}, "--songs 1: expected a whole number from 2"),
        ({"judge": "majority"}, "--judge majority: no classifier"),
        ({"generators": ()}, "--models: name at least one of"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        replace(SETTINGS, **changes)


def test_too_few_songs_are_refused(tmp_path):
    songs = write_corpus(tmp_path / "songs", per_class=3)
    with pytest.raises(InputError, match="needs at least 5"):
        divide(replace(SETTINGS, corpus=str(songs)))
