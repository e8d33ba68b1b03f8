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

#: General MIDI instrument of all notes, as basic-pitch itself writes it: an electric piano.
PROGRAM = 4

#: Seconds; of less, the model has no frame to hear a note in.
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

#: Samples of a spectrum that a note's level is measured in, and from one spectrum to the next.
SPECTRUM, STEP = 4096, 512

#: Spectra after a note's onset whose loudest counts, and partials of the note.
AFTER, PARTIALS = 4, 4

#: MIDI steps of velocity for a dB of the sound, for a dB of the note's partials, and for a
#: semitone, since high notes of a piano carry less energy. Fitted to 28 songs played by two
#: soundfonts, on which it correlates with what was played by .43 within a song, the model's
#: activations by -.11.
OF_SOUND, OF_PARTIALS, OF_PITCH = 0.44, 0.5, 0.37

#: A note: start and end in seconds, MIDI pitch, and its level in MIDI steps of velocity, counted
#: from a zero that all notes of a recording share.
Event = tuple[float, float, int, float]

Activations = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Thresholds:
    """From which activation on a note counts.

    On 20 piano clips and 8 pieces of game music that two soundfonts played, these values raise the
    onset F1 from .69 and .68 (basic-pitch's own: .5, .3, 11, onsets inferred, and notes made of
    what no onset explains) to .76 and .73. Inferred onsets cut long notes into several.

    Parameters
    ----------
    onset, sounding : float
        That a note begins, and that it goes on; 0 to 1.
    shortest : int
        Frames of 11.6 ms that a note lasts at least.
    """

    onset: float = 0.55
    sounding: float = 0.3
    shortest: int = 5


@cache
def name() -> str:
    """Name the transcriber with its version and settings, as in the origin of a song."""
    try:
        number = version("basic-pitch")
    except PackageNotFoundError:
        number = "missing"
    used = Thresholds()
    return (
        f"basic-pitch {number} (onset {used.onset:g}, sounding {used.sounding:g}, shortest "
        f"{used.shortest}, levels of the sound)"
    )


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


def notes(
    found: Activations, samples: NDArray[np.float32], thresholds: Thresholds | None = None
) -> list[Event]:
    """Make notes of activations.

    Parameters
    ----------
    found : dict
        As `activations` gives it.
    samples : ndarray of float32, shape (n_samples,)
        That it was given.
    thresholds : Thresholds, optional
        From which activation on a note counts.

    Returns
    -------
    list of (float, float, int, float)
        Start and end in seconds, MIDI pitch, and level, sorted.
    """
    used = thresholds or Thresholds()
    _, creation = libraries()
    events = creation.output_to_notes_polyphonic(
        found["note"].copy(),
        found["onset"].copy(),
        onset_thresh=used.onset,
        frame_thresh=used.sounding,
        min_note_len=used.shortest,
        infer_onsets=False,
        melodia_trick=False,
        max_freq=None,
        min_freq=None,
    )
    if not events:
        return []
    frames = creation.model_frames_to_time(len(found["note"]))
    start, end, pitch, _ = (np.array(column) for column in zip(*events, strict=True))
    begins, level = frames[start], levels(samples, frames[start], pitch)
    rows = zip(begins.tolist(), frames[end].tolist(), pitch.tolist(), level.tolist(), strict=True)
    return sorted(rows)


def levels(
    samples: NDArray[np.float32], onsets: NDArray[np.float64], pitches: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Measure how loud notes begin: by the whole sound, and by what lies at their partials.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        Mono, at `RATE`.
    onsets, pitches : ndarray, shape (n_notes,)
        Seconds, and MIDI pitches.

    Returns
    -------
    ndarray, shape (n_notes,)
        MIDI steps of velocity, counted from a zero that depends on the recording's level.
    """
    from scipy.fft import rfft  # takes a second to import, which no MIDI file should wait for
    from scipy.signal.windows import hann

    padded = np.pad(samples, SPECTRUM // 2)  # so that a spectrum is centred at its time
    frames = np.lib.stride_tricks.sliding_window_view(padded, SPECTRUM)[::STEP]
    spectra = np.abs(rfft(frames * hann(SPECTRUM, sym=False).astype(np.float32)).T) ** 2
    after = np.round(onsets * RATE / STEP).astype(int)[:, None] + 1 + np.arange(AFTER)
    after = np.minimum(after, spectra.shape[1] - 1)  # shape (n_notes, AFTER)
    whole = spectra.sum(axis=0)[after].max(axis=1)
    fundamental = 440 * 2 ** ((pitches - 69) / 12) * SPECTRUM / RATE
    bins = (fundamental[:, None] * np.arange(1, PARTIALS + 1)).astype(int)[..., None]
    near = np.minimum(bins + np.arange(-2, 4), len(spectra) - 1)
    heard = (bins[..., 0] < SPECTRUM // 2 - 8)[..., None]  # higher partials are above the band
    strongest = spectra[near[..., None], after[:, None, None, :]].max(axis=2)
    partials = np.where(heard, strongest, 0).sum(axis=1).max(axis=1)
    decibels = 10 * np.log10(np.maximum([whole, partials], 1e-6))
    weighted = OF_SOUND * decibels[0] + OF_PARTIALS * decibels[1] + OF_PITCH * pitches
    return np.asarray(weighted, dtype=np.float64)


def transcribed(samples: NDArray[np.float32]) -> list[Event]:
    """Give the notes of samples as `activations` takes them; none where there is only silence."""
    if len(samples) < SHORTEST * RATE or np.abs(samples).max() < SILENT:
        return []
    return notes(activations(samples), samples)
