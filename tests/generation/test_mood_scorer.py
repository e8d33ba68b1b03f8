"""What a generator chooses among its songs by."""

import numpy as np
import pytest

from classify.errors import InputError
from classify.generation.generator import get
from classify.generation.mood_scorer import MoodScorer
from classify.generation.request import Request
from classify.songs import midi
from tests.conftest import write_song


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    kinds = [("Calming", 45, 1.0)] * 12 + [("Happy", 75, 0.25)] * 12
    read = [
        midi.read(write_song(folder / f"{n}.mid", n, low, beat))
        for n, (_, low, beat) in enumerate(kinds)
    ]
    return read, [mood for mood, *_ in kinds]


def test_moods_are_told_from_songs_that_it_has_not_seen(songs):
    read, moods = songs
    scorer = MoodScorer.fit(read[::2], moods[::2])
    calming = scorer.probabilities(read[1::2], "Calming")
    assert ((calming > 0.5) == (np.array(moods[1::2]) == "Calming")).all()
    np.testing.assert_allclose(calming + scorer.probabilities(read[1::2], "Happy"), 1)


def test_one_mood_or_few_songs_of_others_teach_nothing(songs):
    read, moods = songs
    assert MoodScorer.fit(read[:12], moods[:12]) is None
    assert MoodScorer.fit(read[:16], moods[:16]) is None
    assert MoodScorer.fit(read, [""] * len(read)) is None


def test_it_is_made_of_its_state_again_unless_features_are_others(songs):
    read, moods = songs
    scorer = MoodScorer.fit(read, moods)
    arrays, values = scorer.state()
    again = MoodScorer.of_state(arrays, values)
    np.testing.assert_array_equal(
        again.probabilities(read[:3], "Happy"), scorer.probabilities(read[:3], "Happy")
    )
    with pytest.raises(InputError, match="other features"):
        MoodScorer.of_state(arrays, values | {"features": ["another"]})


def test_a_generator_gives_the_song_that_fits_best(songs, monkeypatch):
    read, moods = songs
    generator = get("markov")().fit(read, moods)
    request = Request(bars=4, mood="Happy")
    (chosen,) = generator.scorer.probabilities([generator.generate(request, 1)], "Happy")
    monkeypatch.setattr(type(generator), "CHOICES", 1)
    (first,) = generator.scorer.probabilities([generator.generate(request, 1)], "Happy")
    assert chosen >= first
