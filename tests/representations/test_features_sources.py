"""Constants that are said to be someone else's, against that source or another library's copy."""

import numpy as np
import pytest
from music21 import chord, note, stream
from music21.analysis import discrete
from music21.features import jSymbolic
from music21.instrument import instrumentFromMidiProgram
from music21.midi.percussion import PercussionMapper

from classify.representations.features import compute, listed
from classify.representations.features.harmony import (
    CHORDS,
    HURON,
    ROUGHNESS,
    interval_vector,
)
from classify.representations.features.profiles import KRUMHANSL, TEMPERLEY
from classify.representations.features.texture import DRUMS, FAMILIES, KINDS
from tests.representations.test_features import measured, song, windows

TUNES = [np.random.default_rng(seed).integers(48, 84, 30) for seed in range(6)]


def score(pitches) -> stream.Stream:
    """One note a beat, as music21 has it."""
    return stream.Stream([note.Note(int(pitch)) for pitch in pitches])


@pytest.mark.parametrize(
    ("profiles", "theirs"),
    [(KRUMHANSL, discrete.KrumhanslSchmuckler), (TEMPERLEY, discrete.TemperleyKostkaPayne)],
)
def test_key_profiles_are_those_of_music21(profiles, theirs):
    for ours, mode in zip(profiles, ("major", "minor"), strict=True):
        assert list(ours) == theirs().getWeights(mode)


def test_keys_are_those_of_music21():
    m = measured(*(song(pitches) for pitches in TUNES))
    for row, pitches in enumerate(TUNES):
        found = score(pitches).analyze("key.krumhansl")
        ours = max(m["key_major_fit"][row], m["key_minor_fit"][row])
        assert ours == pytest.approx(found.correlationCoefficient, rel=1e-5)
        assert m["key_is_minor"][row] == (found.mode == "minor")
        tonic = (np.asarray(pitches) % 12 == found.tonic.pitchClass).mean()
        assert m["degree_1"][row] == pytest.approx(tonic, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("register_low", jSymbolic.ImportanceOfBassRegisterFeature),
        ("register_middle", jSymbolic.ImportanceOfMiddleRegisterFeature),
        ("register_high", jSymbolic.ImportanceOfHighRegisterFeature),
    ],
)
def test_registers_are_those_of_jsymbolic(name, theirs):
    pitches = [30, 54, 55, 60, 60, 72, 73, 100]  # both sides of each border
    expected = theirs(score(pitches)).extract().vector
    assert measured(song(pitches))[name].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("name", CHORDS)
def test_interval_vectors_are_those_of_music21(name):
    profile, found = np.isin(np.arange(12), CHORDS[name]).astype(float), np.zeros(6)
    interval_vector(profile, found)
    expected = np.array(chord.Chord(list(CHORDS[name])).intervalVector)
    np.testing.assert_allclose(found, expected / expected.sum())


@pytest.mark.parametrize(
    ("vector", "consonance"),
    [([12] * 5 + [6], -0.198), ([10] * 5 + [5], -0.17), ([0, 0, 1, 1, 1, 0], 2.22)],
    ids=["all twelve", "all but one", "a triad"],
)
def test_sums_of_consonance_are_those_of_hurons_examples(vector, consonance):
    assert HURON[1:] @ vector == pytest.approx(consonance, abs=0.01)


def test_roughness_is_that_of_sethares_curve_for_pure_and_impure_intervals():
    above = ROUGHNESS[60, 60:73]
    assert above[1:].argmax() == 0  # the semitone
    assert above[12] == above[1:].min() and above[7] == above[1:12].min()
    low, high = ROUGHNESS[36, 40], ROUGHNESS[72, 76]
    assert low > 2 * high  # the same third is muddy in the bass


def test_kinds_of_instruments_are_those_of_music21():
    programs = {
        name: {n for n in range(128) if type(instrumentFromMidiProgram(n)).__name__ in classes}
        for name, classes in {
            "guitar": ["Guitar", "AcousticGuitar", "ElectricGuitar"],
            "acoustic_guitar": ["AcousticGuitar"],
            "electric_guitars": ["ElectricGuitar"],
            "bass": ["AcousticBass", "ElectricBass", "FretlessBass"],
            "acoustic_bass": ["AcousticBass"],
        }.items()
    }
    ours = {name: set(range(*borders)) for name, borders in KINDS.items()}
    assert ours["acoustic_guitar"] == programs["acoustic_guitar"]
    assert ours["electric_guitar"] | ours["distorted_guitar"] == programs["electric_guitars"]
    assert ours["acoustic_bass"] == programs["acoustic_bass"]
    for program in ours["saxophone"]:
        assert "Saxophone" in type(instrumentFromMidiProgram(program)).__name__
    eights = {name: set(range(8 * k, 8 * k + 8)) for k, name in enumerate(FAMILIES)}
    assert programs["guitar"] == eights["guitar"] and programs["bass"] <= eights["bass"]


def test_a_family_is_eight_programs():
    x = compute(windows(*(song([60], program=program) for program in range(128))))
    columns = [f.name for f in listed()].index(f"notes_of_{FAMILIES[0]}") + np.arange(16)
    np.testing.assert_array_equal(x[:, columns], np.repeat(np.eye(16), 8, axis=0))


def test_drums_are_those_of_music21():
    theirs = PercussionMapper.reverseInstrumentMapping
    kinds = {
        "kick": {"BassDrum"},
        "snare": {"SnareDrum"},
        "tom": {"TomTom"},
        "crash": {"CrashCymbals"},
        "hand_drum": {"BongoDrums", "CongaDrum", "Timbales"},
        "shaker": {"Tambourine", "Vibraslap", "Maracas"},
    }
    for name, classes in kinds.items():
        known = {key for key in DRUMS[name] if key in theirs}
        assert known == {key for key, value in theirs.items() if value.__name__ in classes}
    hats = {key for key, value in theirs.items() if value.__name__ == "HiHatCymbal"}
    assert {*DRUMS["closed_hat"], *DRUMS["open_hat"]} == hats
