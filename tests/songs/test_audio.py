"""Recordings of a known piece come back as its notes; what is no recording says so."""

import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from classify.songs import UnusableSong, audio, midi, piano, transcriber, transcribers
from tests.recordings import needs_extra, piece, record, sound


def onset_f1(path: Path, by: transcribers.Transcriber = transcriber) -> float:
    """Transcribe a recording of `piece()`; F1 of pitches with onsets to within 50 ms."""
    import mir_eval

    transcribed = midi.parse(audio.to_midi(path, by).midi, path).notes
    ends = transcribed["onset"] + transcribed["duration"]
    true = np.array(piece())
    *_, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(
        true[:, :2],
        mir_eval.util.midi_to_hz(true[:, 2]),
        np.column_stack([transcribed["onset"], ends]),
        mir_eval.util.midi_to_hz(transcribed["pitch"].astype(float)),
        offset_ratio=None,
    )
    return f1


# --- without the extra


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.wav", "cannot be opened: No such file"),
        ("folder.wav", "is not a file that can be read from start to end"),
        ("pipe.wav", "is not a file that can be read from start to end"),
        ("empty.wav", "is an empty file"),
    ],
)
def test_what_is_no_file_is_refused_before_anything_is_imported(tmp_path, name, reason):
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(UnusableSong, match=reason):
        audio.to_midi(tmp_path / name)


def test_a_missing_extra_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "basic_pitch", None)
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(UnusableSong, match=r"is a recording; .* the audio extra: run `make audio`"):
        audio.to_midi(tmp_path / "a.wav")


def test_a_tensorflow_that_was_there_is_there_again(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "basic_pitch", None)
    mine = ModuleType("tensorflow")
    monkeypatch.setitem(sys.modules, "tensorflow", mine)
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(UnusableSong):
        audio.to_midi(tmp_path / "a.wav")
    assert sys.modules["tensorflow"] is mine


# --- with it


@pytest.mark.slow
@needs_extra
@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_recording_comes_back_as_its_notes(tmp_path, ending):
    assert onset_f1(record(tmp_path / f"piece{ending}", sound(piece()))) >= 0.8


@pytest.mark.slow
@needs_extra
def test_transkun_hears_a_piano(tmp_path, monkeypatch):
    pytest.importorskip("transkun", reason="needs the piano extra: make piano")
    path = record(tmp_path / "piece.flac", sound(piece()))
    assert onset_f1(path, piano) >= 0.7  # these strings are no piano
    monkeypatch.setattr(audio, "SECTION", 6.0)  # borders where chords sound
    made = midi.parse(audio.to_midi(path, piano).midi, path)
    assert made.origin == f"transcribed by {piano.name()}" and made.transcriber == "transkun"
    assert onset_f1(path, piano) >= 0.7  # these strings are no piano
    with pytest.raises(UnusableSong, match="holds no notes"):
        audio.to_midi(record(tmp_path / "still.flac", np.zeros(9999), 44100), piano)


@pytest.mark.slow
@needs_extra
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_ffmpeg_reads_m4a(tmp_path):
    wav, m4a = record(tmp_path / "piece.wav", sound(piece())), tmp_path / "piece.m4a"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", wav, "-c:a", "aac", m4a], check=True)
    assert onset_f1(m4a) >= 0.8


@pytest.mark.slow
@needs_extra
def test_sections_come_together_at_their_times(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "SECTION", 4.0)  # borders where chords sound
    assert onset_f1(record(tmp_path / "piece.ogg", sound(piece()))) >= 0.8


SECTIONS = """
import resource, sys
from pathlib import Path
from classify.songs import audio
audio.SECTION = 20.0
Path(sys.argv[2]).write_bytes(audio.to_midi(Path(sys.argv[1])).midi)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@needs_extra
def test_a_killed_transcription_goes_on_in_memory_that_does_not_grow(tmp_path, monkeypatch):
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "cache"))
    two_minutes = np.tile(sound(piece(8)), 6)[: 120 * 44100]
    short = record(tmp_path / "short.flac", two_minutes[: 40 * 44100])
    long = record(tmp_path / "long.flac", np.tile(two_minutes, 5))

    def begun(path: Path, out: str) -> subprocess.Popen:
        command = [sys.executable, "-c", SECTIONS, path, tmp_path / out]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def sections(process: subprocess.Popen, least: int) -> dict[Path, int]:
        """Wait until so many are kept; their times."""
        found: list[Path] = []
        while len(found) < least:
            assert process.poll() is None
            time.sleep(0.1)
            found = list(tmp_path.glob("cache/transcribing/*/*.npz"))
        return {path: path.stat().st_mtime_ns for path in found}

    def peak(process: subprocess.Popen) -> int:
        return int(process.communicate()[0])

    killed = begun(long, "killed.mid")
    kept = sections(killed, 7)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed.mid").exists()
    goes_on = begun(long, "long.mid")
    assert kept.items() <= sections(goes_on, len(kept) + 2).items()
    least = peak(begun(short, "short.mid"))
    assert peak(goes_on) < 1.15 * least
    assert not list(tmp_path.glob("cache/transcribing/*/*"))
    assert peak(begun(long, "again.mid")) < 1.15 * least
    assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "long.mid").read_bytes()


@pytest.mark.slow
@needs_extra
def test_the_same_file_gives_the_same_bytes_with_the_beat_that_is_heard(tmp_path):
    path = record(tmp_path / "piece.wav", np.stack([sound(piece(2))] * 2, axis=1))
    made = audio.to_midi(path)
    assert audio.to_midi(path) == made and -40 < made.loudness < 0
    song = midi.parse(made.midi, path)
    assert song.transcribed and song.origin == f"transcribed by {transcriber.name()}"
    assert min(abs(np.median(song.tempi[:, 1]) / tempo - 1) for tempo in (100, 200)) < 0.1
    assert set(song.notes["program"]) == {4} and not song.notes["drum"].any()


@pytest.mark.slow
@needs_extra
@pytest.mark.parametrize("noise", [0.0, 1e-4])
@pytest.mark.parametrize("seconds", [0.01, 3.0])
def test_silence_and_faint_hiss_hold_no_notes(tmp_path, noise, seconds):
    hiss = noise * np.random.default_rng(0).standard_normal(int(seconds * 22050))
    path = record(tmp_path / "still.flac", hiss, 22050)
    with pytest.raises(UnusableSong, match="holds no notes"):
        audio.to_midi(path)


@pytest.mark.slow
@needs_extra
def test_a_long_recording_is_refused_by_its_header(tmp_path, monkeypatch):
    path = record(tmp_path / "opera.wav", np.zeros(241 * 60 * 1000), 1000, subtype="PCM_U8")
    monkeypatch.setattr("librosa.load", lambda *_, **__: pytest.fail("it was decoded"))
    with pytest.raises(UnusableSong, match="lasts 241 minutes, and at most 240 are transcribed"):
        audio.to_midi(path)


@pytest.mark.slow
@needs_extra
def test_a_flac_stream_that_was_not_closed(tmp_path):
    path = record(tmp_path / "stream.flac", sound(piece(1)))
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # STREAMINFO counts the samples in 36 bits; 0 is "unknown"
    data[22:26] = bytes(4)
    path.write_bytes(data)
    with pytest.raises(UnusableSong, match="does not state its length"):
        audio.to_midi(path)


@pytest.mark.slow
@needs_extra
@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.mp3", b"This is a shopping list.\n", "decoded: it begins with 'This is a sh'"),
        ("a.wav", b"RI", "is not a recording that can be decoded: it begins with 'RI'"),
        ("a.m4a", b"\0\0\0\x20ftypM4A " + bytes(99), "is an m4a recording, and no decoder here"),
    ],
)  # fmt: skip
def test_what_no_decoder_reads_says_so_once(tmp_path, capfd, name, data, reason):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnusableSong, match=reason):
        audio.to_midi(tmp_path / name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@needs_extra
def test_damaged_recordings(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("PATH", "")  # ffmpeg mends some of them
    nothing = record(tmp_path / "nothing.wav", np.full(22050, np.nan), 22050, subtype="FLOAT")
    with pytest.raises(UnusableSong, match=r"damaged recording: .* not numbers"):
        audio.to_midi(nothing)
    torn = record(tmp_path / "torn.mp3", sound(piece(2)))
    data = torn.read_bytes()
    noise = np.random.default_rng(0).integers(0, 256, 20000, dtype=np.uint8).tobytes()
    torn.write_bytes(data[:3000] + noise + data[23000:])
    with pytest.raises(UnusableSong, match=r"damaged recording: .* between 0 s and 6 s"):
        audio.to_midi(torn)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@needs_extra
def test_a_fresh_process_stays_silent_and_without_tensorflow(tmp_path):
    path = record(tmp_path / "piece.wav", sound(piece(1)))
    code = (
        "import logging, sys, pathlib; from classify.songs import audio\n"
        f"assert audio.to_midi(pathlib.Path({str(path)!r})).midi[:4] == b'MThd'\n"
        "assert 'tensorflow' not in sys.modules and not logging.root.handlers\n"
    )
    output = subprocess.run([sys.executable, "-W", "default", "-c", code], check=True,
                          capture_output=True)  # fmt: skip
    assert (output.stdout, output.stderr) == (b"", b"")
    assert logging.root.manager.disable == logging.NOTSET


# --- what is written, which needs no extra


def test_notes_and_beats_come_back_and_say_what_heard_them(tmp_path):
    events = [(0.5, 1.0, 60, -30.5), (1.1, 1.3, 64, -20.0), (9.0, 9.5, 67, 50.0)]
    beats = np.array([0.5, 1.0, 1.6, 2.1])
    song = midi.parse(audio.midi_bytes(events, beats), tmp_path / "a.mid")
    assert song.transcribed and "basic-pitch" in song.origin
    np.testing.assert_allclose(song.notes["onset"], [0.5, 1.1, 9.0], atol=0.003)
    np.testing.assert_allclose(song.notes["duration"], [0.5, 0.2, 0.5], atol=0.003)
    np.testing.assert_allclose(song.beats_at(beats), [1, 2, 3, 4], atol=0.01)
    assert song.notes["velocity"].tolist() == [62, 72, 127]
    plain = midi.parse(audio.midi_bytes(events, beats[:1]), tmp_path / "a.mid")
    assert plain.tempi.tolist() == [[0.0, 120.0]]


def test_a_note_across_a_border_of_sections_is_one():
    def section(start, *events):
        return audio._Section(start, 4.0, np.array(events), np.zeros(9, np.float32), -20.0)

    sections = [
        section(0.0, (3.0, 4.0, 60, 0.5), (1.0, 2.0, 62, 0.5)),
        section(4.0, (0.01, 1.0, 60, 0.4), (0.0, 0.5, 62, 0.3)),
    ]
    assert audio._joined(sections) == [
        (1.0, 2.0, 62, 0.5), (3.0, 5.0, 60, 0.5), (4.0, 4.5, 62, 0.3)
    ]  # fmt: skip
    assert audio._loudness(sections) == pytest.approx(-20.0)
