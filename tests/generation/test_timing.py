"""How far beside the grid people play is learned, and gaps that were even are even again."""

import numpy as np
import pytest

from classify.generation.timing import INSIDE, Timing
from classify.representations.sequences import note_array, song_of

STEP = 0.125  # seconds, at 120 quarter notes a minute


def song(begins):
    """A song whose notes begin at these steps."""
    begins = np.asarray(begins, float)
    notes = note_array(
        onset=begins * STEP, duration=STEP, beat=begins / 4, pitch=60, velocity=64
    )  # fmt: skip
    return song_of(notes, np.array([[0.0, 120.0]]), np.array([[0.0, 4, 4]]), "a")


@pytest.fixture(scope="module")
def timing():
    """Every three steps have two even notes in songs of the one mood; the other is on the grid."""
    uneven = [song(begin + 1.5 * np.arange(60)) for begin in (0.1, 0.2, 0.3)]
    on_grid = [song(np.cumsum(np.resize([1, 2, 1, 4], 60))) for _ in range(3)]
    return Timing.of([*uneven, *on_grid], [1] * 3 + [2] * 3)


def test_gaps_that_were_even_are_even_again(timing):
    steps = np.round(0.2 + 1.5 * np.arange(40)).astype(int)
    assert set(np.diff(steps)) == {1, 2}
    late = timing.draw(steps, 1, np.random.default_rng(1))
    assert abs(late).max() <= INSIDE
    gaps = np.diff(steps + late)
    assert np.mean(abs(gaps - 1.5) < 0.1) > 0.9


def test_what_was_on_the_grid_stays_there(timing):
    steps = np.cumsum(np.resize([1, 2, 7, 1, 4], 40))  # a gap of 7 was never heard
    assert not timing.draw(steps, 2, np.random.default_rng(1)).any()


def test_all_songs_count_for_no_mood_and_nothing_is_drawn_of_none(timing):
    steps = np.array([0, 1])
    late = [timing.draw(steps, 0, np.random.default_rng(n))[0] for n in range(20)]
    assert 0 < np.count_nonzero(late) < 20
    nothing = Timing.of([song([0.3])], [0])
    assert not nothing.draw(steps, 0, np.random.default_rng(0)).any()


def test_it_is_made_of_its_state_again(timing):
    steps, again = np.arange(0, 60, 2), Timing.of_state(timing.state())
    for mood in range(3):
        one, other = (t.draw(steps, mood, np.random.default_rng(3)) for t in (timing, again))
        np.testing.assert_allclose(one, other, atol=1e-6)
