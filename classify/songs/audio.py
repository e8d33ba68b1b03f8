"""Recordings to MIDI bytes, with basic-pitch's ONNX model.

A transcription knows when which pitch sounded and how strongly. It knows no beats, no instruments
and no drums: its MIDI file counts time at 120 quarter notes a minute, whatever the music's tempo
is, and gives every note to one electric piano.

Source: Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription
and Multipitch Estimation", ICASSP 2022. The libraries come with the extra `audio` and are imported
by the first recording.
"""

import io
import logging
import math
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from classify.songs.song import UnusableSong

#: File endings that are read as recordings; .m4a only where ffmpeg is installed.
ENDINGS = (".wav", ".mp3", ".flac", ".ogg", ".m4a")

#: Seconds; a longer recording is refused before it is decoded.
LONGEST = 90 * 60.0

#: Seconds that are transcribed at a time. Memory grows with them, and the search for notes without
#: an onset grows with their square.
SECTION = 5 * 60.0

#: Seconds; basic-pitch finds no note that is shorter.
SHORTEST = 0.13

#: Full scale is 1. The model finds notes in the faintest hiss, so below -60 dB it is not run.
SILENT = 1e-3

#: Samples a second that the model was trained on.
RATE = 22050

#: Frames that neighbouring windows of the model share: the overlap that basic-pitch itself uses.
OVERLAP = 30

#: Activation from which an onset, and the sounding of a note, counts: basic-pitch's own defaults.
ONSET_FROM, SOUNDING_FROM = 0.5, 0.3

#: A note as basic-pitch gives it: start and end in seconds, MIDI pitch, amplitude 0-1, no bends.
_Event = tuple[float, float, int, float, None]


def to_midi(path: Path) -> bytes:
    """Transcribe one recording.

    The same file gives the same bytes. A recording longer than `SECTION` is transcribed in equal
    sections; a note that sounds across their border becomes two.

    Parameters
    ----------
    path : Path
        A recording in one of the formats of `ENDINGS`, at any sample rate, with any number of
        channels.

    Returns
    -------
    bytes
        A Standard MIDI File that `classify.songs.midi.parse` reads: one track, program 4, onsets
        to within 2.3 ms ticks. Its tempo of 120 quarter notes a minute is not the music's.

    Raises
    ------
    UnusableSong
        If the file cannot be opened, is no recording or is damaged, has no decoder here, lasts
        longer than `LONGEST`, or holds no notes; or if the audio extra is not installed.
    """
    first_bytes = _read_first_bytes(path)
    basic_pitch = _basic_pitch()
    with _quiet():
        seconds = _seconds(path, first_bytes)
        model = basic_pitch.inference.Model(
            basic_pitch.build_icassp_2022_model_path(basic_pitch.FilenameSuffix.onnx)
        )
    events: list[_Event] = []
    for start, samples in _sections(path, seconds):
        events += _notes(basic_pitch, model, samples, start)
    if not events:
        raise UnusableSong("holds no notes: it is silent, or nothing in it has a pitch")
    file = io.BytesIO()
    basic_pitch.note_creation.note_events_to_midi(sorted(events)).write(file)
    return file.getvalue()


def _read_first_bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise UnusableSong("is not a file that can be read from start to end")
    try:
        with path.open("rb") as file:
            first_bytes = file.read(12)
    except OSError as error:
        raise UnusableSong(f"cannot be opened: {error.strerror}") from None
    if not first_bytes:
        raise UnusableSong("is an empty file (0 bytes)")
    return first_bytes


def _basic_pitch() -> ModuleType:
    """Import basic-pitch without TensorFlow, which it looks for, and its ONNX model has no use for.

    None in sys.modules says that a module is not there. It saves 4 seconds and 650 MB, and keeps
    basic-pitch from trying to load the ONNX model with TensorFlow first.
    """
    tensorflow = {name: sys.modules[name] for name in ["tensorflow"] if name in sys.modules}
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        with _quiet():
            import basic_pitch
            import basic_pitch.inference
            import basic_pitch.note_creation
    except ImportError as error:
        raise UnusableSong(
            f"is a recording; reading recordings needs the audio extra: run `make audio` ({error})"
        ) from None
    finally:
        del sys.modules["tensorflow"]
        sys.modules.update(tensorflow)
    return basic_pitch


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the screen what libraries log, warn and, past Python, write to standard error."""
    nothing, disabled = logging.NullHandler(), logging.root.manager.disable
    logging.root.addHandler(nothing)  # or the first logging.warning would add one that prints
    logging.disable()
    sys.stderr.flush()
    screen = os.dup(2)
    try:
        with warnings.catch_warnings(), Path(os.devnull).open("w") as nowhere:
            warnings.simplefilter("ignore")
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        logging.disable(disabled)
        logging.root.removeHandler(nothing)


def _seconds(path: Path, first_bytes: bytes) -> float:
    """Length by the file's header; refuses what cannot or should not be decoded."""
    import audioread
    import librosa

    try:
        seconds = librosa.get_duration(path=path)
    except (audioread.DecodeError, EOFError):
        if first_bytes[4:8] == b"ftyp":
            raise UnusableSong(
                "is an m4a recording, and no decoder here reads it: install ffmpeg, or save the "
                "recording as .wav, .flac, .ogg or .mp3"
            ) from None
        raise UnusableSong(
            f"is not a recording that can be decoded: it begins with "
            f"{first_bytes.decode('ascii', 'replace')!r}; expected WAV, FLAC, Ogg or MP3"
        ) from None
    if seconds > 1e12:  # libsndfile's largest count of samples
        raise UnusableSong("does not state its length; save the recording again")
    if seconds > LONGEST:
        raise UnusableSong(
            f"lasts {seconds / 60:,.0f} minutes, and at most {LONGEST / 60:.0f} are transcribed"
        )
    return seconds


def _sections(path: Path, seconds: float) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Decode equal sections: the start of each in seconds, and its samples, mono, at `RATE`."""
    import audioread
    import librosa

    count = max(1, math.ceil(seconds / SECTION))
    length = seconds / count
    for start in (number * length for number in range(count)):
        try:
            with _quiet():
                samples, _ = librosa.load(path, sr=RATE, offset=start, duration=length)
        except (audioread.DecodeError, EOFError):
            raise UnusableSong(
                f"is a damaged recording: it cannot be decoded between {start:.0f} s and "
                f"{start + length:.0f} s"
            ) from None
        except librosa.ParameterError:
            raise UnusableSong(
                "is a damaged recording: it holds samples that are not numbers"
            ) from None
        yield start, samples


def _notes(
    basic_pitch: ModuleType, model: object, samples: NDArray[np.float32], start: float
) -> list[_Event]:
    """Transcribe the samples of one section, which begins at second `start`.

    These are the steps of `basic_pitch.inference.predict`, which takes no samples and prints.
    Pitch bends are left out: no reader here uses them.
    """
    inference = basic_pitch.inference
    overlap = OVERLAP * inference.FFT_HOP
    if len(samples) < SHORTEST * RATE or np.abs(samples).max() < SILENT:
        return []
    padded = np.concatenate([np.zeros(overlap // 2, np.float32), samples])
    hop = inference.AUDIO_N_SAMPLES - overlap
    windows = [w for w, _ in inference.window_audio_file(padded, hop)]
    outputs = [model.predict(w[np.newaxis]) for w in windows]  # type: ignore[attr-defined]
    activations = {
        name: inference.unwrap_output(
            np.concatenate([output[name] for output in outputs]), len(samples), OVERLAP
        )
        for name in outputs[0]
    }
    _, events = basic_pitch.note_creation.model_output_to_notes(
        activations, ONSET_FROM, SOUNDING_FROM, include_pitch_bends=False
    )
    return [(begin + start, end + start, *rest) for begin, end, *rest in events]
