"""The built-in corpora, made from the installed music21."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from classify.corpora import builtin, builtin_scores, builtin_tunes, load

_write = builtin._write


def _nothing(done: int, total: int) -> None:
    """Show no progress."""


@pytest.fixture(scope="module", params=builtin.CORPORA)
def chosen(request):
    return builtin.CORPORA[request.param], builtin.choose(builtin.CORPORA[request.param])


def test_sources_say_little_of_classes_and_families_are_small(chosen):
    """Always naming the commonest class of a song's source is worth at most 10 points."""
    built_in, songs = chosen
    labels = Counter(song.label for song, _ in songs)
    assert set(labels) == set(built_in.classes) and max(labels.values()) <= built_in.per_class
    by_source: dict[str, Counter[str]] = {}
    for song, _ in songs:
        by_source.setdefault(song.source, Counter())[song.label] += 1
    commonest = sum(max(counts.values()) for counts in by_source.values())
    assert len(by_source) > 1 and commonest - max(labels.values()) <= 0.1 * len(songs)
    assert max(Counter(family for _, family in songs).values()) <= built_in.per_family


def test_the_same_songs_are_drawn_every_time(chosen):
    built_in, songs = chosen
    assert builtin.choose(built_in) == songs
    assert builtin.choose(replace(built_in, seed=1)) != songs


def test_classes_are_what_their_names_say():
    folk = {song.filed: song.label for song, _ in builtin.choose(builtin.CORPORA["folk"])}
    assert all("Kinder" in filed for filed, label in folk.items() if label == "children")
    tunes = builtin.choose(builtin.CORPORA["tunes"])
    metres = {(song.label, song.filed.rpartition(", ")[2]) for song, _ in tunes}
    assert {metre for label, metre in metres if label == "jig"} == {"6/8"}
    assert {metre for label, metre in metres if label == "slip jig"} == {"9/8"}


def test_variants_share_a_family():
    def tune(name: str, title: str, number: str):
        text = f"X:1\nT: {title}\nN: {number}\nR: Tanz\nK:C\n"
        return builtin_tunes.candidate(name, text, "a book", {"d": "Tanz"})

    tunes = [
        tune("1", "Reigen", "Q2055"),
        tune("2", "Im Mai", "Q2055A"),
        tune("3", "(Im Mai)", "B7"),
        tune("4", "Anders", "Q2056"),
        tune("5", "", ""),
    ]
    families = builtin.families_of(tunes)
    assert families[0] == families[1] == families[2]
    assert len(set(families)) == 3


def test_bars_of_a_tune_are_whole_though_it_begins_with_an_upbeat():
    head = "X:1\nT:a\nM:3/4\nL:1/4\nR:reel\nK:C\n"
    beats, _, pitches, metres = builtin_tunes.read(head + "G|cde|fga|g3|]\n")
    assert beats.tolist() == [2, 3, 4, 5, 6, 7, 8, 9] and pitches[0] == 67
    assert metres == [(0.0, 3, 4)]
    beats, *_, metres = builtin_tunes.read(head + "cde|fga|g3|]\n")
    assert beats[0] == 0 and metres == [(0.0, 3, 4)]


def test_scores_come_without_what_an_editor_adds():
    works = builtin.CORPORA["composers"]
    songs = {song.name: song for song in works.candidates()}
    short = songs["mozart-k155-movement3"]
    assert (short.label, short.source) == ("quartets", "Finale") and short.keys[1] == (
        "work:mozart/k155"
    )
    assert not any("k545" in name or "_bak" in name for name in songs)
    beats, lengths, _, metres = builtin_scores.read(songs["bach-bwv40-3"].content)
    assert metres == [] and 0.25 <= np.median(np.diff(np.unique(beats))) < 0.5
    assert lengths.min() > 0


def test_chorales_are_as_written_and_known_by_their_mode():
    songs = {song.name: song for song in builtin.CORPORA["chorales"].candidates()}
    assert len(songs) == 186 and songs["bach-bwv253"].label == "major"
    beats, lengths, pitches, metres = builtin_scores.read(songs["bach-bwv253"].content, True)
    assert metres == [(0.0, 4, 4)] and beats[0] == 3  # an upbeat, as the end of a bar
    assert pitches[:4].tolist() == [45, 64, 69, 73] and np.median(lengths) == 1


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
    assert set(corpus.sources) == set(small.sources.values())
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
