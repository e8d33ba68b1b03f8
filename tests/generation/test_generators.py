"""The contract, held against every generator that is found."""

import numpy as np
import pytest

from classify.errors import InputError
from classify.generation.generator import find
from classify.generation.request import Request
from classify.representations import melody as melodies
from classify.songs import midi
from tests.generation.songs import made

GENERATORS = find()


@pytest.fixture(scope="module", params=GENERATORS)
def generator(request):
    songs = made(40)
    return GENERATORS[request.param]().fit(songs, ["calm", "wild"] * (len(songs) // 2))


def same(one, other) -> bool:
    return one.notes.tobytes() == other.notes.tobytes()


def test_the_seed_decides_the_song(generator):
    songs = [generator.generate(Request(bars=8), seed) for seed in (3, 3, 4)]
    assert same(songs[0], songs[1]) and not same(songs[0], songs[2])


def test_what_was_learned_survives_as_arrays_and_json_values(generator, tmp_path):
    import json

    arrays, values = generator.state()
    np.savez(tmp_path / "state.npz", allow_pickle=False, **arrays)
    (tmp_path / "state.json").write_text(json.dumps(values))
    again = type(generator).of_state(
        dict(np.load(tmp_path / "state.npz")), json.loads((tmp_path / "state.json").read_text())
    )
    for request in (Request(bars=4), Request(bars=4, mood="calm", tempo=70)):
        assert same(again.generate(request, 5), generator.generate(request, 5))


@pytest.mark.parametrize("bars", [1, 2, 7, 32])
def test_songs_are_as_long_as_asked_and_are_read_back_as_they_are(generator, bars, tmp_path):
    song = generator.generate(Request(bars=bars, tempo=90), 1)
    numerator, denominator = song.metres[0, 1:]
    assert song.seconds <= bars * 4 * numerator / denominator * 60 / 90 + 1e-6
    assert song.notes["pitch"].max() <= 127 and song.notes["velocity"].max() <= 127
    midi.write_song(tmp_path / "song.mid", song)
    read = midi.read(tmp_path / "song.mid")
    for name in ("pitch", "velocity", "program", "drum"):
        np.testing.assert_array_equal(read.notes[name], song.notes[name])
    np.testing.assert_allclose(read.notes["onset"], song.notes["onset"], atol=60 / 90 / 480)
    np.testing.assert_allclose(read.metres, song.metres)
    assert melodies.encode(read) == melodies.encode(song)


def test_wishes_that_cannot_be_kept_are_refused(generator, monkeypatch):
    monkeypatch.setattr(type(generator), "KEEPS", frozenset({"bars"}))
    with pytest.raises(InputError, match=r"cannot keep the wish for tempo; it keeps bars"):
        generator.generate(Request(bars=4, tempo=100), 0)


def test_songs_without_music_teach_nothing(generator):
    with pytest.raises(InputError, match="none of the songs has a melody"):
        type(generator)().fit([melodies.decode(melodies.Melody((melodies.REST,), (4,)))])


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"bars": 0}, "bars 0: must lie between 1 and 512"),
        ({"tempo": 5}, "tempo 5: must lie between 20 and 400"),
        ({"low": 80, "high": 60}, "the range 80-60 is empty"),
        ({"key": "H major"}, "key 'H major': expected a tonic and a mode"),
        ({"chords": ("C", "Xm")}, "chord 'Xm': expected a root and a kind"),
        ({"bars": 4, "seconds": 10}, "in bars or in seconds, not both"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_in_a_sentence(wishes, message):
    with pytest.raises(InputError, match=message):
        Request(**wishes)
