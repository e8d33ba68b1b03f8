"""The contract, held against every generator that is found."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from classify.errors import InputError
from classify.generation import knobs
from classify.generation.generator import ARRAYS, BY_DRAWING, NETWORK, VALUES, find, names
from classify.generation.generators.copy import Copy
from classify.generation.request import BOUNDS, Request
from classify.progress import SILENT
from classify.representations import melody as melodies
from classify.songs import midi
from tests.generation.songs import accompanied, chorales, made

GENERATORS = find()

#: Left to the slow suite, as variants are: those that take long to train even so, and those that
#: share what they are made of with another that is tried.
LONG = {
    "c-rvae", "midi-net", "muse-gan", "musae", "seq-gan", "conv-lstm-regression", "coconet",
}  # fmt: skip

#: What the generators here learn by: little.
OPTIONS = {"epochs": 1, "seed": 0, "quick": True}

#: Makes a song in a process that has seen nothing but a folder.
FRESH = """
import hashlib, sys
from pathlib import Path
from classify.generation.generator import get
from classify.generation.request import Request
name, folder, bars = sys.argv[1:]
song = get(name).load(Path(folder)).generate(Request(bars=int(bars)), 5)
print(hashlib.sha256(song.notes.tobytes()).hexdigest())
"""


#: What generators are tried on besides melodies, by their names.
MATERIAL = {"markov": {"chorales": chorales, "accompanied": accompanied}}


def _tried():
    """Name what is tried: every generator on melodies, and some on other songs."""
    for name, kind in GENERATORS.items():
        slow = name in LONG or bool(getattr(kind, "VARIANT_OF", ""))
        yield pytest.param((name, made), marks=[pytest.mark.slow] * slow, id=name)
    for name, more in MATERIAL.items():
        for songs, of_songs in more.items():
            yield pytest.param((name, of_songs), id=f"{name}-{songs}")


@pytest.fixture(scope="module", params=_tried())
def generator(request):
    songs, kind = request.param[1](40), GENERATORS[request.param[0]]
    options = {name: value for name, value in OPTIONS.items() if name in kind.OPTIONS}
    return kind(**options).fit(songs, ["calm", "wild"] * (len(songs) // 2))


def same(one, other) -> bool:
    return one.notes.tobytes() == other.notes.tobytes()


def test_the_seed_decides_the_song(generator):
    songs = [generator.generate(Request(bars=8), seed) for seed in (3, 3, 4)]
    assert same(songs[0], songs[1]) and not same(songs[0], songs[2])


def test_what_was_learned_survives_in_a_folder_and_in_another_process(generator, tmp_path):
    generator.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} in (
        {ARRAYS, VALUES},
        {ARRAYS, VALUES, NETWORK},
    )
    again = type(generator).load(tmp_path)
    assert again.moods == ["calm", "wild"] and again.profiles == generator.profiles
    for request in (Request(bars=4), Request(bars=4, mood="calm")):
        if request.asked <= generator.KEEPS | generator.AIMS:
            assert same(again.generate(request, 5), generator.generate(request, 5))
    name = next(name for name in names() if GENERATORS[name] is type(generator))
    fresh = subprocess.run([sys.executable, "-c", FRESH, name, tmp_path, "4"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    notes = generator.generate(Request(bars=4), 5).notes
    assert fresh.stdout.strip() == hashlib.sha256(notes.tobytes()).hexdigest()


@pytest.mark.parametrize("bars", [1, 2, 7, 32])
def test_songs_are_as_long_as_asked_and_are_read_back_as_they_are(generator, bars, tmp_path):
    song = generator.generate(Request(bars=bars, tempo=90), 1)
    numerator, denominator = song.metres[0, 1:]
    length = bars * 4 * numerator / denominator * 60 / 90
    assert song.seconds <= length * (1 + 1e-6)  # times are stored in 32 bits
    assert song.seconds > length - 4 * numerator / denominator * 60 / 90  # the last bar sounds
    ends = song.notes["onset"] + song.notes["duration"]
    assert song.notes["onset"].min() >= 0 and ends.max() <= song.seconds * (1 + 1e-6)
    assert song.notes["pitch"].max() <= 127 and song.notes["velocity"].max() <= 127
    assert (song.notes["duration"] > 0).all() and (song.notes["velocity"] > 0).all()
    midi.write_song(tmp_path / "song.mid", song)
    read = midi.read(tmp_path / "song.mid")
    assert len(read.notes) == len(song.notes)
    for name in ("pitch", "velocity", "program", "drum"):
        np.testing.assert_array_equal(np.sort(read.notes[name]), np.sort(song.notes[name]))
    np.testing.assert_allclose(
        np.sort(read.notes["onset"]), np.sort(song.notes["onset"]), atol=60 / 90 / 480
    )
    np.testing.assert_allclose(read.metres, song.metres)
    assert melodies.encode(read) == melodies.encode(song)


def test_seconds_are_kept_to_a_bar(generator):
    for seconds in (10, 45):
        song = generator.generate(Request(seconds=seconds), 2)
        beat = 60 / song.tempi[0, 1] if len(song.tempi) else 0.5
        numerator, denominator = song.metres[0, 1:] if len(song.metres) else (4, 4)
        assert abs(song.seconds - seconds) <= 1.5 * beat * 4 * numerator / denominator + 1


def test_wishes_are_kept_aimed_at_or_refused(generator, monkeypatch):
    assert generator.KEEPS.isdisjoint(generator.AIMS)
    known = set(Request.__dataclass_fields__)
    assert known >= generator.KEEPS | generator.AIMS
    monkeypatch.setattr(type(generator), "KEEPS", frozenset({"bars"}))
    monkeypatch.setattr(type(generator), "AIMS", frozenset())
    with pytest.raises(InputError, match=r"cannot keep the wish for tempo; it keeps bars, longest"):
        generator.generate(Request(bars=4, tempo=100), 0)


def test_every_wish_that_is_taken_can_be_asked_for(generator, songs_beside):
    examples = {
        "bars": 8, "seconds": 12.0, "mood": "calm", "tempo": 100.0, "density": 2.0,
        "register": 64.0, "mode": "minor", "loudness": 70.0, "spread": 5.0, "syncopation": 0.1,
        "key": "D major", "metre": (4, 4), "low": 45, "high": 90, "instruments": (40,),
        "chords": ("C", "G"), "repeats": 3, "longest_copy": 40, "primer": songs_beside[0],
    }  # fmt: skip
    for name in sorted((generator.KEEPS | generator.AIMS | BY_DRAWING) & examples.keys()):
        if name in BY_DRAWING and isinstance(generator, Copy):
            continue
        if name == "mode" and name not in generator.KEEPS | generator.AIMS:
            # what has learned so little may have one only
            heard = generator.generate(Request(bars=8), 0)
            examples["mode"] = "major" if knobs.mode(heard) else "minor"
        song = generator.generate(Request(**{name: examples[name]}), 0)
        assert song.n_notes > 1, name


@pytest.fixture
def songs_beside():
    return made(2)


def test_no_song_is_a_longer_copy_than_real_ones_are(generator):
    """But those of the generator that cheats, which is caught every time."""
    for seed in range(100 if isinstance(generator, Copy) else 5):
        song = generator.generate(Request(bars=8), seed)
        is_copy = generator.repertoire.longest_run(song) > generator.longest_copy
        assert is_copy == isinstance(generator, Copy)


def test_a_mood_that_was_not_learned_is_refused(generator):
    if "mood" in generator.KEEPS | generator.AIMS:
        with pytest.raises(InputError, match="mood 'sad': was not learned; known are calm, wild"):
            generator.generate(Request(bars=4, mood="sad"), 0)


def test_songs_without_music_teach_nothing(generator):
    silence = melodies.decode(melodies.Melody((melodies.REST,), (4,)))
    with pytest.raises(InputError, match="none of the songs has"):
        type(generator)().learn([silence], [""], SILENT, None)


def test_knobs_are_measured_as_they_were_made():
    tune = melodies.decode(melodies.Melody((60, 64, 67, 72), (4, 4, 4, 4)), 90, velocity=70)
    assert knobs.measure(tune) == pytest.approx(
        {"tempo": 90, "density": 1.5, "register": 65.75, "mode": 1, "loudness": 70,
         "spread": np.std([60, 64, 67, 72]), "syncopation": 0}, rel=1e-6)  # fmt: skip
    late = melodies.decode(melodies.Melody((60, 64, 67), (2, 4, 2)))
    assert knobs.syncopation(late) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"bars": 0}, "bars 0: must lie between 1 and 512"),
        ({"tempo": 5}, "tempo 5: must lie between 20 and 400"),
        ({"low": 80, "high": 60}, "the range 80-60 is empty"),
        ({"key": "H major"}, "key 'H major': expected a tonic and a mode"),
        ({"chords": ("C", "Xm")}, "chord 'Xm': expected a root and a kind"),
        ({"bars": 4, "seconds": 10}, "in bars or in seconds, not both"),
        ({"instruments": (0, 200)}, "instrument 200: must lie between 0 and 127"),
        ({"mode": "dorian"}, "mode dorian: expected major or minor"),
        ({"mode": "minor", "key": "C major"}, "give a key or a mode, not both"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_in_a_sentence(wishes, message):
    with pytest.raises(InputError, match=message):
        Request(**wishes)


def test_every_bound_is_of_a_wish():
    assert set(Request.__dataclass_fields__) > set(BOUNDS)
