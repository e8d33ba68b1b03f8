"""Runs that songs share, beside a slow search for them."""

import numpy as np
import pytest

from classify.generation.novelty import BETWEEN, Repertoire, hashes, steps
from classify.representations import melody as melodies
from classify.representations.melody import Melody
from tests.generation.songs import made


def slow(one: np.ndarray, other: np.ndarray) -> int:
    """Length of the longest run of steps that two songs share, by comparing all."""
    best = 0
    for i in range(len(one)):
        for j in range(len(other)):
            n = 0
            while i + n < len(one) and j + n < len(other) and one[i + n] == other[j + n]:
                n += 1
            best = max(best, n)
    return best


def test_runs_are_those_that_a_slow_search_finds():
    songs = made(8)
    own = [steps(melodies.encode(song)) for song in songs]
    repertoire = Repertoire.of(songs)
    expected = [max(slow(a, b) for b in own if b is not a) for a in own]
    assert repertoire.held_out_runs().tolist() == [n + 1 for n in expected]
    for place, song in enumerate(songs):
        others = Repertoire.of(songs[:place] + songs[place + 1 :])
        assert others.longest_run(song) == expected[place] + 1


def test_songs_of_one_group_do_not_count_for_each_other():
    tune = melodies.decode(Melody((60, 62, 64, 65, 67, 69), (4,) * 6))
    other = melodies.decode(Melody((60, 59, 55, 50, 43), (8,) * 5))
    repertoire = Repertoire.of([tune, tune, other])
    assert repertoire.held_out_runs().tolist() == [6, 6, 0]
    assert repertoire.held_out_runs(["a", "a", "b"]).tolist() == [0, 0, 0]
    assert repertoire.limit(["a", "a", "b"]) == 2


def test_runs_do_not_reach_from_one_song_into_the_next():
    one, two = Melody((60, 62, 64), (4, 4, 4)), Melody((64, 65, 67), (4, 4, 4))
    repertoire = Repertoire.of([melodies.decode(one), melodies.decode(two)])
    assert repertoire.longest_run(Melody((60, 62, 64, 65, 67), (4,) * 5)) == 3


def test_what_was_to_be_kept_does_not_count():
    tune = Melody((60, 62, 64, 65, 67, 69, 71, 72), (4,) * 8)
    repertoire = Repertoire.of([melodies.decode(tune)])
    assert repertoire.longest_run(tune) == 8
    assert repertoire.longest_run(tune, [slice(0, 4)]) == 5


@pytest.mark.parametrize("length", [1, 2, 5])
def test_hashes_are_equal_where_runs_are(length):
    sequence = np.random.default_rng(0).integers(0, 3, 200)
    sequence[50] = BETWEEN
    runs = [tuple(sequence[i : i + length]) for i in range(len(sequence) - length + 1)]
    assert len(set(runs)) == len(np.unique(hashes(sequence, length)))
    assert len(hashes(sequence[:2], 5)) == 0
