"""The built-in corpora, made from the installed music21."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from classify.corpora import builtin, load

_write = builtin._write


def _nothing(done: int, total: int) -> None:
    """Show no progress."""


@pytest.fixture(scope="module")
def folk():
    return builtin.choose(builtin.CORPORA["folk"])


def test_folk_is_balanced_and_every_song_has_exactly_one_function(folk):
    counts = Counter(tune.label for tune in folk)
    assert counts == {"dance": 181, "lament": 200, "lullaby": 200, "march": 200, "sacred": 200}
    assert all("R:" in tune.text for tune in folk)


def test_the_same_songs_are_drawn_every_time(folk):
    again = builtin.choose(builtin.CORPORA["folk"])
    assert [t.name for t in again] == [t.name for t in folk]
    other = builtin.choose(replace(builtin.CORPORA["folk"], seed=1))
    assert [t.name for t in other] != [t.name for t in folk]


def test_variants_share_a_group():
    def tune(name: str, title: str, number: str):
        return builtin._tune(name, f"X:1\nT: {title}\nN: {number}\nR: Tanz\nK:C\n", {"d": "Tanz"})

    tunes = [
        tune("1", "Reigen", "Q2055"),
        tune("2", "Im Mai", "Q2055A"),
        tune("3", "(Im Mai)", "B7"),
        tune("4", "Anders", "Q2056"),
        tune("5", "", ""),
    ]
    groups = builtin._groups(tunes)
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups)) == 3


def test_bars_of_a_tune_are_whole_though_it_begins_with_an_upbeat():
    head = "X:1\nT:a\nM:3/4\nL:1/4\nR:reel\nK:C\n"
    beats, _, pitches, metres = builtin._melody(head + "G|cde|fga|g3|]\n")
    assert beats.tolist() == [2, 3, 4, 5, 6, 7, 8, 9] and pitches[0] == 67
    assert metres == [(0.0, 3, 4)]
    beats, *_, metres = builtin._melody(head + "cde|fga|g3|]\n")
    assert beats[0] == 0 and metres == [(0.0, 3, 4)]


def test_a_small_corpus_is_read_as_a_users_folder_is(tmp_path, monkeypatch):
    small = replace(builtin.CORPORA["tunes"], per_class=3)
    monkeypatch.setitem(builtin.CORPORA, "tunes", small)
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path))
    calls = []
    corpus = load("tunes", lambda done, total: calls.append((done, total)))
    assert Counter(corpus.labels) == dict.fromkeys(small.classes, 3)
    assert not corpus.skipped
    assert (15, 15) in calls and corpus.window == small.window
    assert all(30 < len(song.notes) < 2000 for song in corpus.songs)
    metres = {
        (e.label, *s.metres[0, 1:]) for e, s in zip(corpus.entries, corpus.songs, strict=True)
    }
    assert ("jig", 6, 8) in metres and ("slip jig", 9, 8) in metres
    assert {"title", "function"} <= set(corpus.entries[0].extra)
    assert set(corpus.sources) == {"ryansMammoth", "oneills1850"}
    made = [p.stat().st_mtime_ns for p in tmp_path.rglob("*.mid")]
    assert load("tunes").fingerprint == corpus.fingerprint
    assert [p.stat().st_mtime_ns for p in tmp_path.rglob("*.mid")] == made  # read, not made again


def test_programs_that_want_it_at_once_make_it_once(tmp_path, monkeypatch):
    small = replace(builtin.CORPORA["tunes"], per_class=1)
    made = []
    monkeypatch.setattr(builtin, "_write", lambda *_: made.append(1) or _write(*_))
    with ThreadPoolExecutor(2) as threads:
        folders = list(threads.map(lambda _: builtin.prepare(small, _nothing, tmp_path), range(2)))
    assert folders[0] == folders[1] and made == [1]
