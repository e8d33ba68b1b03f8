"""What the reader makes of odd MIDI files: which it takes, which it mends, and which it refuses."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from classify.corpora import load
from classify.songs import UnusableSong, midi
from tests.midi_odd.make import FILES, FOLDER, smf

#: Read as they are: number of notes, seconds.
SOUND = {
    "sound.mid": (1, 0.5),
    "tracks-unannounced.mid": (1, 0.5),
    "junk-behind.mid": (1, 0.5),
    "foreign-chunk.mid": (1, 0.5),
    "no-end-of-track.mid": (1, 0.5),
    "tempo-fastest.mid": (1, 1e-6),
    "tempo-in-second-track.mid": (1, 1.0),
    "running-status-after-text.mid": (2, 1.0),
    "sysex-then-status.mid": (1, 0.5),
    "note-ends-twice.mid": (1, 0.5),
    "note-of-no-length.mid": (1, 0.0),
    "note-on-of-velocity-0.mid": (1, 0.5),
    "same-note-overlaps.mid": (2, 0.75),
    "key-signature-of-mode-255.mid": (1, 0.5),
    "karaoke.kar": (1, 0.5),
    "three-songs.mid": (3, 0.5),
    "drums-only.mid": (1, 0.5),
}

#: Repaired: number of notes, seconds, and what the song is marked with.
REPAIRED = {
    "header-8-bytes.mid": (1, 0.5, "its header had 8 bytes"),
    "header-huge.mid": (1, 0.5, "its header had 2147483647 bytes"),
    "macbinary.mid": (1, 0.5, "128 bytes before its header were passed over"),
    "riff.rmi": (1, 0.5, "a RIFF around it was taken off"),
    "tracks-missing.mid": (1, 0.5, "3 tracks were declared, and 1 are there"),
    "cut-in-last-event.mid": (2, 1.0, "track 1 was cut short; 1 note without an end was ended"),
    "cut-in-text.mid": (1, 0.5, "track 1 was cut short"),
    "smpte-25.mid": (1, 0.1, "its SMPTE times were turned into seconds"),
    "smpte-29.mid": (1, 1 / 24, "its SMPTE times were turned into seconds"),
    "running-status-after-sysex.mid": (2, 1.0, "running status after a system-exclusive message"),
    "velocity-above-127.mid": (1, 0.5, "second reader, since it is a damaged MIDI file"),
    "controller-above-127.mid": (1, 0.5, "second reader, since it is a damaged MIDI file"),
    "note-never-ends.mid": (1, 0.5, "1 note without an end was ended"),
}

REFUSED = {
    "empty.mid": "is an empty file (0 bytes)",
    "text.mid": "is not a MIDI file: it begins with 'This is a sh'",
    "page.mid": "is not a MIDI file: it begins with '<!DOCTYPE ht'",
    "header-only-half.mid": "is cut short: 9 bytes, and a MIDI header alone has 14",
    "header-only.mid": "is cut short: 1 tracks are declared, and 0 are there",
    "no-tracks.mid": "has no notes",
    "no-notes.mid": "has no notes",
    "cut-before-notes.mid": "is cut short: track 1 of 1 declares 20 bytes, and 5 are there",
    "division-0.mid": "has 0 ticks per quarter note",
    "tempo-0.mid": "sets a tempo of 0 microseconds",
    "status-missing.mid": "is a damaged MIDI file",
    "lasts-for-days.mid": "lasts 37,283 hours, and at most 24 are accepted",
    "ticks-overflow.mid": "lasts more than 268,435,456 ticks",
}


def test_every_odd_file_is_here_and_as_it_is_made():
    assert set(FILES) == {*SOUND, *REPAIRED, *REFUSED}
    for name, data in FILES.items():
        assert (FOLDER / name).read_bytes() == data, f"{name}: python -m tests.midi_odd.make"


@pytest.mark.parametrize("name", SOUND)
def test_sound_enough(name):
    song = midi.read(FOLDER / name)
    assert (song.n_notes, song.seconds) == (SOUND[name][0], pytest.approx(SOUND[name][1]))
    assert song.repaired == "" and set(song.notes["pitch"]) <= {36, 60, 64}


@pytest.mark.parametrize("name", REPAIRED)
def test_mended(name):
    n_notes, seconds, what = REPAIRED[name]
    song = midi.read(FOLDER / name)
    assert (song.n_notes, song.seconds) == (n_notes, pytest.approx(seconds))
    assert what in song.repaired
    assert np.isnan(song.notes["beat"]).all() == name.startswith("smpte")
    assert song.notes["pitch"][0] == 60 and song.notes["velocity"][0] in (80, 127)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    with pytest.raises(UnusableSong, match=re.escape(REFUSED[name])):
        midi.read(FOLDER / name)


def test_all_of_them_as_a_corpus(tmp_path):
    for label in ("one", "other"):
        shutil.copytree(FOLDER, tmp_path / label, ignore=shutil.ignore_patterns("*.py", "__*"))
    corpus = load(str(tmp_path))
    names = [Path(entry.name).name for entry in corpus.entries]
    assert {name.split("#")[0] for name in names} == {*SOUND, *REPAIRED}
    assert names.count("three-songs.mid#3") == 2  # a file of type 2 holds songs, not tracks
    assert {Path(name).name: what for name, what in corpus.repaired}.keys() == REPAIRED.keys()
    assert {Path(item.name).name: item.reason for item in corpus.skipped}.keys() == REFUSED.keys()
    for item in corpus.skipped:
        assert REFUSED[Path(item.name).name] in item.reason


def test_a_song_of_more_notes_than_anybody_plays():
    event = b"\x00\x90\x3c\x50\x01\x3c\x00"
    data = smf(event + b"\x00\x3c\x50\x01\x3c\x00" * 700_000 + b"\x00\xff\x2f\x00")
    assert len(data) < 5e6
    with pytest.raises(UnusableSong, match="has 700,001 notes, and at most 500,000 are accepted"):
        midi.parse(data, Path("many.mid"))


def test_ten_megabytes_of_garbage():
    garbage = np.random.default_rng(0).integers(0, 256, 10**7).astype(np.uint8).tobytes()
    with pytest.raises(UnusableSong, match="is not a MIDI file"):
        midi.parse(garbage, Path("garbage.mid"))
    with pytest.raises(UnusableSong):
        midi.parse(smf(garbage), Path("garbage.mid"))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(UnusableSong, match="not a file"):
        midi.read(tmp_path / "pipe.mid")
