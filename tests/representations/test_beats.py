"""Songs whose notes lie beside their beats, and bars of one or two beats."""

from dataclasses import replace

import numpy as np
import pytest

from classify.representations.beats import laid
from classify.representations.melody import Melody, decode
from classify.representations.sequences import note_array, song_of


def accompanied(beats_late: float, metre: tuple[int, int], n_bars: int = 8):
    """A tune in eighths and a bass on each bar of four, all of them late."""
    tune, bass = np.arange(8 * n_bars) / 2, np.arange(n_bars) * 4.0
    beat = np.concatenate([tune, bass]) + beats_late
    notes = note_array(
        onset=beat * 60 / 90, beat=beat, velocity=80,
        pitch=np.concatenate([60 + np.arange(len(tune)) % 7, np.full(n_bars, 40)]),
        duration=np.concatenate([np.full(len(tune), 0.3), np.full(n_bars, 2.5)]),
    )  # fmt: skip
    return song_of(notes, np.array([[0.0, 90.0]]), np.array([[0.0, *metre]]), "late")


@pytest.mark.parametrize(("late", "metre"), [(0.17, (2, 4)), (2.33, (1, 4)), (1.2, (4, 4))])
def test_notes_come_to_lie_on_beats_and_basses_on_bars(late, metre):
    song = accompanied(late, metre)
    found = laid(song)
    assert found.song.metres.tolist() == [[0.0, 4.0, 4.0]]
    bass = found.song.notes[found.song.notes["pitch"] == 40]
    np.testing.assert_allclose((bass["beat"] + 1e-4) % 4, 1e-4, atol=1e-4)
    np.testing.assert_allclose(found.song.beats_at(bass["onset"].astype(float)), bass["beat"],
                               atol=1e-4)  # fmt: skip
    np.testing.assert_allclose(found.song.notes["beat"] - song.notes["beat"], found.moved,
                               atol=1e-5)  # fmt: skip
    assert found.song.seconds == pytest.approx(song.seconds + found.seconds)


def test_songs_on_their_beats_or_without_any_stay_as_they_are():
    tune = decode(Melody((60, 64, 62, 65, 60), (4, 2, 2, 4, 4), 4, (3, 4)))
    assert laid(tune).song is tune
    upbeat = replace(accompanied(0.0, (4, 4)), metres=np.array([[1.0, 4, 4]]))
    assert laid(upbeat).song is upbeat
    anywhere = accompanied(0.0, (4, 4))
    notes = anywhere.notes.copy()
    notes["beat"] = np.sort(np.random.default_rng(0).random(len(notes)) * 32)
    assert laid(replace(anywhere, fetch=lambda: notes)).moved == 0
    drums = note_array(beat=[0.1, 1.1], onset=[0.1, 1.1], duration=0.1, pitch=36, drum=True)
    alone = song_of(drums, np.zeros((0, 2)), np.zeros((0, 3)), "drums")
    assert laid(alone).song is alone
