"""Real MIDI bytes through the reader; the odd ones are in test_odd.py."""

from pathlib import Path

import numpy as np
import pytest

from classify.songs import UnusableSong, midi
from tests.midi_odd.make import END, NOTE, smf, tempo


def read(data: bytes):
    return midi.parse(data, Path("song.mid"))


def test_a_note_has_its_time_pitch_and_loudness():
    song = read(smf(tempo(500_000) + b"\x60\x90\x3c\x50\x60\x80\x3c\x00" + END))
    (note,) = song.notes
    assert (note["onset"], note["duration"], note["beat"]) == (0.5, 0.5, 1.0)
    assert (note["pitch"], note["velocity"], note["drum"]) == (60, 80, False)
    assert song.seconds == 1.0
    assert song.tempi.tolist() == [[0.0, 120.0]]


def test_every_track_is_read_and_sorted_by_onset_then_pitch():
    late_low = b"\x60\x90\x30\x50\x60\x80\x30\x00" + END
    chord = b"\x00\x90\x40\x50\x00\x90\x3c\x50\x60\x80\x40\x00\x00\x80\x3c\x00" + END
    song = read(smf(late_low, chord))
    assert song.notes["pitch"].tolist() == [60, 64, 48]


def test_drums_and_programs_are_kept():
    drum = b"\x00\x99\x24\x50\x60\x89\x24\x00" + END
    flute = b"\x00\xc1\x49\x00\x91\x4c\x50\x60\x81\x4c\x00" + END
    notes = read(smf(drum, flute)).notes
    assert notes["drum"].tolist() == [True, False]
    assert notes["program"][1] == 73


def test_tempo_changes_move_later_notes():
    slow_then = tempo(1_000_000) + b"\x60\xff\x51\x03" + (250_000).to_bytes(3, "big")
    song = read(smf(slow_then + b"\x60\x90\x3c\x50\x60\x80\x3c\x00" + END))
    assert song.notes["onset"][0] == pytest.approx(1.25)
    assert song.notes["beat"][0] == 2.0


def test_what_is_written_is_read_again(tmp_path):
    beats, lengths, pitches = np.array([0, 1, 1.5]), np.array([1, 0.5, 2]), np.array([60, 64, 67])
    midi.write(tmp_path / "a.mid", beats, lengths, pitches)
    notes = midi.read(tmp_path / "a.mid").notes
    np.testing.assert_allclose(notes["beat"], beats)
    np.testing.assert_allclose(notes["duration"], lengths / 2)
    assert notes["pitch"].tolist() == [60, 64, 67]


def test_time_signatures_are_read_with_the_beats_they_begin_at():
    three, six, none = (
        b"\xff\x58\x04\x03\x02\x18\x08",
        b"\xff\x58\x04\x06\x03\x18\x08",
        b"\xff\x58\x04\x00\x02\x18\x08",
    )
    nine_beats = b"\x86\x60"  # 864 ticks, 96 a quarter note
    song = read(
        smf(b"\x00" + six + b"\x00" + three + nine_beats + six + b"\x60" + none + NOTE + END)
    )
    assert song.metres.tolist() == [[0, 3, 4], [9, 6, 8]]  # the last of two; none of no notes
    assert read(smf(NOTE + END)).metres.shape == (0, 3)


def test_written_time_signatures_are_read_again(tmp_path):
    metres = [(0.0, 3, 4), (6.0, 7, 8)]
    midi.write(tmp_path / "a.mid", np.arange(9), np.ones(9), np.full(9, 60), metres)
    assert midi.read(tmp_path / "a.mid").metres.tolist() == [list(metre) for metre in metres]


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(UnusableSong, match="No such file"):
        midi.read(tmp_path / "gone.mid")


def test_equal_bytes_have_equal_digests(tmp_path):
    data = smf(NOTE + END)
    other = smf(NOTE + NOTE + END)
    assert read(data).digest == midi.parse(data, Path("other name.mid")).digest
    assert read(data).digest != read(other).digest
