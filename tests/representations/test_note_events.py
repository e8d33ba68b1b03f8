"""All that is known of notes, from real MIDI files."""

from pathlib import Path

import numpy as np
import pytest
import symusic

from classify.representations import note_events
from classify.representations.note_events import COLUMNS, NOTE_EVENTS, NOTE_EXCERPTS, UNKNOWN
from classify.representations.windows import TOGETHER, WindowSettings, cut
from classify.songs import Song, midi


def written(folder: Path, drums: bool = True, melody: bool = True) -> Song:
    """A scale of D major on a flute, a note a quarter at 120 bpm, with a kick on every second."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 120))
    if melody:
        flute = symusic.Track(program=73)
        pitches = [62, 64, 66, 67, 69, 71, 73, 74, 74, 69, 66, 62, 62, 62]
        flute.notes.extend([symusic.Note(480 * i, 240, p, 70 + i) for i, p in enumerate(pitches)])
        score.tracks.append(flute)
    if drums:
        kit = symusic.Track(is_drum=True)
        kit.notes.extend([symusic.Note(960 * i, 120, 36, 100) for i in range(7)])
        score.tracks.append(kit)
    folder.mkdir(exist_ok=True)
    score.dump_midi(str(folder / "song.mid"))
    return midi.read(folder / "song.mid")


def column(x: np.ndarray, name: str) -> np.ndarray:
    return x[..., list(COLUMNS).index(name)]


def test_every_column_says_what_the_file_says(tmp_path):
    x = note_events.table(written(tmp_path).notes)
    assert x.shape == (21, 9) and np.isfinite(x).all()
    drum = column(x, "drum") == 1
    assert drum.sum() == 7 and (column(x, "pitch")[drum] == 36).all()
    assert column(x, "pitch")[~drum][:8].tolist() == [62, 64, 66, 67, 69, 71, 73, 74]
    assert (column(x, "program")[~drum] == 73).all()
    assert column(x, "velocity")[~drum].tolist() == list(range(70, 84))
    assert (column(x, "tonic") == 2).all()  # D, for the drums too
    np.testing.assert_allclose(column(x, "place")[~drum], np.arange(14) % 12, atol=1e-3)
    gaps = np.exp(column(x, "inter_onset")) - TOGETHER
    np.testing.assert_allclose(gaps.cumsum()[~drum], np.arange(14) / 2, atol=1e-2)
    np.testing.assert_allclose(np.exp(column(x, "duration"))[~drum] - TOGETHER, 0.25, atol=1e-3)


def test_what_is_not_known_is_marked(tmp_path):
    assert (
        column(note_events.table(written(tmp_path, melody=False).notes), "tonic") == UNKNOWN
    ).all()
    notes = written(tmp_path / "other").notes.copy()
    notes["beat"] = np.nan
    assert (column(note_events.table(notes), "place") == UNKNOWN).all()


def test_windows_are_those_of_the_notes_padded_on_the_left(tmp_path):
    song = written(tmp_path)
    windows = cut([song, song], WindowSettings(8, 8, ("pitch", "velocity")))
    x = np.concatenate(list(NOTE_EVENTS.encode([song, song], windows)))
    assert x.shape == (len(windows), *NOTE_EVENTS.shape(windows.settings)) == (6, 8, 9)
    np.testing.assert_array_equal(column(x, "real") == 0, np.isnan(windows.x[..., 0]))
    real = column(x, "real") == 1
    np.testing.assert_array_equal(column(x, "pitch")[real], windows.x[..., 0][real])
    assert (x[~real] == 0).all() and (~real).any()
    assert [column.name for column in NOTE_EVENTS.columns(windows.settings)] == list(COLUMNS)


def test_blocks_join_to_the_whole(tmp_path, monkeypatch):
    song = written(tmp_path)
    windows = cut([song, song], WindowSettings(8, 4))
    whole = np.concatenate(list(NOTE_EXCERPTS.encode([song, song], windows)))
    monkeypatch.setattr(note_events, "BLOCK_BYTES", 4 * 4 * 8 * 9 * 3)
    pieces = list(NOTE_EXCERPTS.encode([song, song], windows))
    assert [len(piece) for piece in pieces][:2] == [3, 3]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_excerpts_are_the_window_and_the_songs_beginning_middle_and_end(tmp_path):
    song = written(tmp_path)
    windows = cut([song], WindowSettings(6, 6))
    x = np.concatenate(list(NOTE_EXCERPTS.encode([song], windows)))
    table = note_events.table(song.notes)
    excerpts = x.reshape(len(windows), 4, 6, 9)
    for own, start in zip(excerpts, windows.start, strict=True):
        padded = 6 - len(table[start : start + 6])
        np.testing.assert_array_equal(own[0, padded:], table[start : start + 6])
        assert (own[0, :padded] == 0).all()
        for place, first in enumerate((0, 8, 15), start=1):
            np.testing.assert_array_equal(own[place], table[first : first + 6])


@pytest.mark.parametrize(("window", "notes"), [(48, 192), (256, 1024), (800, 1024)])
def test_long_windows_have_bounded_excerpts(window, notes):
    assert NOTE_EXCERPTS.shape(WindowSettings(window, window)) == (notes, 9)
    assert NOTE_EVENTS.shape(WindowSettings(window, window)) == (window, 9)
