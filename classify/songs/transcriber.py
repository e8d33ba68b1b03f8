"""Samples to notes, with basic-pitch's ONNX model.

A transcriber hears when which pitch sounded and how clearly. It hears no instruments, and what it
makes of drums or of a voice is no more than what has a pitch in them.

Source: Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription
and Multipitch Estimation", ICASSP 2022. The libraries come with the extra `audio` and are imported
by the first recording.
"""

import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.songs.quiet import quiet
from classify.songs.song import UnusableSong

#: Samples a second that the model was trained on.
RATE = 22050

#: Seconds; basic-pitch finds no note that is shorter.
SHORTEST = 0.13

#: Frames that neighbouring windows of the model share: the overlap that basic-pitch itself uses.
OVERLAP = 30

#: Windows that go through the model at once.
AT_ONCE = 4

#: Full scale is 1. The model finds notes in the faintest hiss, so below -60 dB it is not run.
SILENT = 1e-3

#: Outputs of the model: whether a pitch sounds, and whether it begins, in each frame.
OUTPUTS = {"note": "StatefulPartitionedCall:1", "onset": "StatefulPartitionedCall:2"}
INPUT = "serving_default_input_2:0"

#: A note: start and end in seconds, MIDI pitch, and how clearly it is heard, 0-1.
Event = tuple[float, float, int, float]

Activations = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Thresholds:
    """From which activation on a note counts.

    Parameters
    ----------
    onset, sounding : float
        That a note begins, and that it goes on; 0 to 1.
    shortest : int
        Frames of 11.6 ms that a note lasts at least.
    """

    onset: float = 0.5
    sounding: float = 0.3
    shortest: int = 11


@cache
def name() -> str:
    """Name the transcriber with its version and settings, as in the origin of a song."""
    try:
        number = version("basic-pitch")
    except PackageNotFoundError:
        number = "missing"
    used = Thresholds()
    return f"basic-pitch {number} (onset {used.onset:g}, sounding {used.sounding:g})"


def libraries() -> tuple[ModuleType, ModuleType]:
    """Import basic-pitch without TensorFlow, which it looks for, and its ONNX model has no use for.

    None in sys.modules says that a module is not there. It saves 4 seconds and 650 MB.

    Returns
    -------
    module, module
        `basic_pitch` and `basic_pitch.note_creation`.

    Raises
    ------
    UnusableSong
        If the extra is not installed.
    """
    tensorflow = {name: sys.modules[name] for name in ["tensorflow"] if name in sys.modules}
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        with quiet():
            import basic_pitch
            import basic_pitch.note_creation
    except ImportError as error:
        raise UnusableSong(
            f"is a recording; reading recordings needs the audio extra: run `make audio` ({error})"
        ) from None
    finally:
        del sys.modules["tensorflow"]
        sys.modules.update(tensorflow)
    return basic_pitch, basic_pitch.note_creation


@cache
def _session() -> Any:
    """Load the model for one thread, so that several recordings can be read at once."""
    basic_pitch, _ = libraries()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = basic_pitch.build_icassp_2022_model_path(basic_pitch.FilenameSuffix.onnx)
    with quiet():
        return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def activations(samples: NDArray[np.float32]) -> Activations:
    """Say how likely each pitch sounds, and begins, in each frame.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        Mono, at `RATE`.

    Returns
    -------
    dict of str to ndarray of float32, shape (n_frames, 88)
        `note` and `onset`, for MIDI pitches 21 to 108.
    """
    _, creation = libraries()
    hop, length = creation.FFT_HOP, creation.AUDIO_N_SAMPLES
    overlap = OVERLAP * hop
    step = length - overlap
    starts = range(0, len(samples) + overlap // 2, step)
    padded = np.zeros(starts[-1] + length, np.float32)
    padded[overlap // 2 : overlap // 2 + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::step, :, np.newaxis]
    session = _session()
    outputs = [
        session.run(list(OUTPUTS.values()), {INPUT: windows[place : place + AT_ONCE]})
        for place in range(0, len(windows), AT_ONCE)
    ]
    n_frames = int(len(samples) * (RATE // hop) / RATE)
    return {
        name: np.concatenate([output[number] for output in outputs])[
            :, OVERLAP // 2 : -(OVERLAP // 2)
        ].reshape(-1, 88)[:n_frames]
        for number, name in enumerate(OUTPUTS)
    }


def notes(found: Activations, thresholds: Thresholds | None = None) -> list[Event]:
    """Make notes of activations.

    Parameters
    ----------
    found : dict
        As `activations` gives it.
    thresholds : Thresholds, optional
        From which activation on a note counts.

    Returns
    -------
    list of (float, float, int, float)
        Start and end in seconds, MIDI pitch, and how clearly it is heard, 0 to 1.
    """
    used = thresholds or Thresholds()
    _, creation = libraries()
    events = creation.output_to_notes_polyphonic(
        found["note"].copy(),
        found["onset"].copy(),
        onset_thresh=used.onset,
        frame_thresh=used.sounding,
        min_note_len=used.shortest,
        infer_onsets=True,
        max_freq=None,
        min_freq=None,
    )
    seconds = creation.model_frames_to_time(len(found["note"]))
    return [
        (float(seconds[start]), float(seconds[end]), int(pitch), float(clearness))
        for start, end, pitch, clearness in events
    ]


def transcribed(samples: NDArray[np.float32]) -> list[Event]:
    """Give the notes of samples as `activations` takes them; none where there is only silence."""
    if len(samples) < SHORTEST * RATE or np.abs(samples).max() < SILENT:
        return []
    return notes(activations(samples))
