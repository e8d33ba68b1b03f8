"""Songs as sound: the right pitch at the right time, by every soundfont, in every format."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from classify.errors import InputError
from classify.presentation import soundfonts
from classify.songs import acoustics, render
from classify.songs.song import NOTE, Song

HERE = importlib.util.find_spec("tinysoundfont") and soundfonts.is_fetched()
#: Where they are kept outside of tests.
FOLDER = soundfonts.folder()
needs_sound = pytest.mark.skipif(not HERE, reason="needs the audio extra: make audio")


@pytest.fixture
def fetched(monkeypatch):
    """Let a test use the soundfonts of this machine's user."""
    monkeypatch.setattr(soundfonts, "folder", lambda: FOLDER)


def song(*notes: tuple[float, float, int, int, bool]) -> Song:
    """Onset, duration, pitch, program, drum of each note."""
    rows = [(on, length, 0, pitch, 90, program, drum) for on, length, pitch, program, drum in notes]
    return Song.of(np.array(rows, NOTE), Path("a.mid"))


def loudest_hertz(sound: np.ndarray, begin: float, end: float) -> float:
    part = sound[int(begin * render.RATE) : int(end * render.RATE)].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(spectrum.argmax() * render.RATE / len(part))


def test_what_is_no_soundfont_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(InputError, match=r"piano: is no soundfont; expected fluid, musescore"):
        soundfonts.find("piano")
    with pytest.raises(InputError, match="is no soundfont"):
        soundfonts.find(str(tmp_path / "gone.sf2"))


def test_a_soundfont_that_was_not_fetched_is_named_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"musescore: .* fetch it with `make audio`"):
        soundfonts.find("musescore")


def test_another_ending_is_refused_before_anything_is_played(tmp_path):
    with pytest.raises(InputError, match=r"a\.wma: ends in '\.wma'; expected \.wav"):
        render.write(tmp_path / "a.wma", song((0, 1, 69, 0, False)))


def test_conditions_differ_and_come_again():
    drawn = [acoustics.draw(seed) for seed in range(200)]
    assert drawn == [acoustics.draw(seed) for seed in range(200)]
    assert {one.soundfont for one in drawn} == set(acoustics.SOUNDFONTS)
    for absent in ({one.mp3 for one in drawn}, {one.piano for one in drawn}):
        assert None in absent and len(absent) > 2


@needs_sound
@pytest.mark.usefixtures("fetched")
@pytest.mark.parametrize("soundfont", soundfonts.SOUNDFONTS)
def test_a_note_sounds_at_its_pitch_and_time(soundfont):
    sound = render.samples(song((1.0, 1.0, 69, 73, False)), soundfont)  # a flute's A
    assert np.abs(sound).max() == pytest.approx(render.PEAK, rel=1e-3)
    assert np.abs(sound[: int(0.99 * render.RATE)]).max() < 1e-3
    assert loudest_hertz(sound, 1.1, 1.9) % 440 == pytest.approx(0, abs=4)
    assert np.abs(sound[-render.RATE // 4 :]).max() < 0.05


@needs_sound
@pytest.mark.usefixtures("fetched")
def test_a_file_that_is_no_soundfont_is_refused(tmp_path):
    (tmp_path / "a.sf2").write_bytes(b"RIFF nothing")
    with pytest.raises(InputError, match=r"a\.sf2: cannot be read as a soundfont"):
        render.samples(song((0, 1, 69, 0, False)), str(tmp_path / "a.sf2"))


@needs_sound
@pytest.mark.usefixtures("fetched")
def test_tuning_other_instruments_and_drums():
    flute = song((0.0, 1.5, 69, 73, False))
    low = loudest_hertz(render.samples(flute, tuning=-1.0), 0.3, 1.4)
    assert low == pytest.approx(440 * 2 ** (-1 / 12), abs=4)
    plain = render.samples(song((0.0, 1.0, 60, 0, False)))
    assert not np.allclose(plain, render.samples(song((0.0, 1.0, 60, 0, False)), programs={0: 48}))
    assert np.abs(render.samples(song((0.0, 0.1, 38, 0, True)))).max() > 0.5
    assert (plain == render.samples(song((0.0, 1.0, 60, 0, False)))).all()


@needs_sound
@pytest.mark.usefixtures("fetched")
def test_a_struck_key_sounds_again_and_a_note_of_no_length_ends():
    struck = render.samples(song((0.0, 3.0, 60, 19, False), (1.0, 0.5, 60, 19, False)))
    assert np.abs(struck[int(1.2 * render.RATE) : int(1.4 * render.RATE)]).max() > 0.1
    assert np.abs(struck[int(2.5 * render.RATE) : int(2.9 * render.RATE)]).max() < 0.05
    nothing = render.samples(song((0.0, 0.0, 60, 19, False), (3.0, 1.0, 64, 19, False)))
    assert np.abs(nothing[2 * render.RATE : int(2.9 * render.RATE)]).max() < 0.05


@needs_sound
@pytest.mark.usefixtures("fetched")
@pytest.mark.parametrize("ending", render.ENDINGS)
def test_sound_is_written_in_every_format(tmp_path, ending):
    import soundfile

    render.write(tmp_path / f"a{ending}", song((0.2, 0.5, 69, 73, False)))
    read, rate = soundfile.read(tmp_path / f"a{ending}")
    assert rate == render.RATE and len(read) == pytest.approx(2.7 * rate, abs=4000)
    assert loudest_hertz(read, 0.3, 0.7) % 440 == pytest.approx(0, abs=4)


@needs_sound
@pytest.mark.usefixtures("fetched")
def test_a_room_noise_and_mp3_change_a_recording_and_keep_its_length():
    flute = song((0.5, 1.0, 69, 73, False))
    plain = acoustics.record(flute, acoustics.Conditions("fluid"))
    conditions = acoustics.Conditions(
        "fluid", reverberation=1.0, wet=0.4, noise=-40, mp3=0.7, seed=1
    )
    changed = acoustics.record(flute, conditions)
    assert len(changed) == pytest.approx(len(plain), abs=4000)
    before, after = (s[int(1.8 * render.RATE) : int(2.2 * render.RATE)] for s in (plain, changed))
    assert np.abs(after).std() > 2 * np.abs(before).std()
    assert loudest_hertz(changed, 0.7, 1.4) % 440 == pytest.approx(0, abs=4)
