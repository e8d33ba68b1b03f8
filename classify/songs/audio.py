"""Recordings to MIDI bytes: decoded in sections, transcribed, and given a tempo and its beats.

`classify.songs.transcriber` finds the notes. Beats are followed in the sound (Ellis 2007, by
librosa) and written as a tempo map, a beat a quarter note; where bars begin is not known. Loudness
is the sound's own: integrated, after EBU R128. Title and artist come from the file's tags.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from classify.files import atomic_write, cache_folder
from classify.songs import transcriber
from classify.songs.quiet import quiet
from classify.songs.song import TRANSCRIBED, UnusableSong
from classify.songs.transcribers import Transcriber

#: File endings that are read as recordings; .m4a only where ffmpeg is installed.
ENDINGS = (".wav", ".mp3", ".flac", ".ogg", ".m4a")

#: Seconds; a longer recording is refused before it is decoded.
LONGEST = 4 * 3600.0

#: Seconds that are decoded and transcribed at a time: memory grows with them, not with the file.
SECTION = 150.0

#: Seconds; a note that ends so near the border of two sections goes on in the next.
BORDER = 0.05

#: Samples a second of the sound in which beats are followed, and between two onset strengths.
RATE, HOP = 22050, 512

#: Ticks in a quarter note of what is written.
TICKS = 480

#: Velocity of the median note: a recording does not say how loud its music was played.
MIDDLE = 72

#: Quarter notes a minute where no beats are heard.
PLAIN_TEMPO = 120.0


@dataclass(frozen=True)
class Transcription:
    """What became of a recording.

    Parameters
    ----------
    midi : bytes
        A Standard MIDI File whose track is named by its origin.
    loudness : float
        Integrated loudness in LUFS; NaN where it is too short or too faint to be measured.
    title, artist : str
        From the file's tags; empty where it has none.
    """

    midi: bytes
    loudness: float
    title: str = ""
    artist: str = ""


def to_midi(path: Path, by: Transcriber = transcriber) -> Transcription:
    """Transcribe one recording; go on where one that was killed stopped.

    The same file gives the same bytes. A finished section is kept in the user's cache until the
    whole recording is transcribed.

    Parameters
    ----------
    path : Path
        A recording in one of the formats of `ENDINGS`, at any sample rate, with any number of
        channels.
    by : Transcriber
        What hears the notes, as `classify.songs.transcribers.find` gives it.

    Returns
    -------
    Transcription
        Onsets are those of the transcriber's frames; beats are those that were heard.

    Raises
    ------
    UnusableSong
        If the file cannot be opened, is no recording or is damaged, has no decoder here, lasts
        longer than `LONGEST`, or holds no notes; or if an extra that it needs is not installed.
    """
    first_bytes = _read_first_bytes(path)
    libraries(by)
    with quiet():
        seconds = _seconds(path, first_bytes)
    work = _work_folder(path, by)
    made = _transcription(list(_sections(path, seconds, work, by)), by)
    with quiet():
        title, artist = _tags(path)
    _forget(work)
    return replace(made, title=title, artist=artist)


def of_samples(
    samples: NDArray[np.float32], rate: float, by: Transcriber = transcriber
) -> Transcription:
    """Transcribe sound that is in memory, as `to_midi` does a file's; its loudness is not measured.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Some minutes at most.
    rate : float
        Samples a second.
    by : Transcriber
        As in `to_midi`.

    Raises
    ------
    UnusableSong
        If it holds no notes, or an extra that it needs is not installed.
    """
    with quiet():
        section = _section(samples, rate, by, measured=False)
    return _transcription([_Section(0.0, samples.shape[1] / rate, *section)], by)


def libraries(by: Transcriber) -> None:
    """Import what transcribes, and what decodes, which comes with the audio extra.

    Parameters
    ----------
    by : Transcriber
        As in `to_midi`.

    Raises
    ------
    UnusableSong
        If an extra that is needed is not installed.
    """
    by.libraries()
    try:
        import librosa  # noqa: F401
    except ImportError as error:
        raise UnusableSong(
            f"is a recording; reading recordings needs the audio extra: run `make audio` ({error})"
        ) from None


def _transcription(sections: "list[_Section]", by: Transcriber) -> Transcription:
    """Put sections together."""
    events = _joined(sections)
    if not events:
        raise UnusableSong("holds no notes: it is silent, or nothing in it has a pitch")
    with quiet():
        beats = _beats(sections)
    return Transcription(midi_bytes(events, beats, by), _loudness(sections))


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


# --- section by section


@dataclass(frozen=True, eq=False)
class _Section:
    """What is kept of a section: notes, onset strength a frame, and loudness in LUFS."""

    start: float
    seconds: float
    events: NDArray[np.float64]  # shape (n_notes, 4)
    strength: NDArray[np.float32]
    loudness: float


def _sections(path: Path, seconds: float, work: Path, by: Transcriber) -> Iterator[_Section]:
    """Transcribe equal sections, or read what an earlier try left of them."""
    count = max(1, math.ceil(seconds / SECTION))
    length = seconds / count
    for number in range(count):
        kept = work / f"{number:04d}.npz"
        if not kept.is_file():
            samples, rate = _decoded(path, number * length, length)
            with quiet():
                section = _section(samples, rate, by)
            if count == 1:
                yield _Section(0.0, seconds, *section)
                continue
            events, strength, loud = section
            with atomic_write(kept) as temporary:
                np.savez(temporary, events=events, strength=strength, loudness=loud)
        with np.load(kept) as file:
            section = file["events"], file["strength"], float(file["loudness"])
        yield _Section(number * length, length, *section)


def _decoded(path: Path, start: float, length: float) -> tuple[NDArray[np.float32], float]:
    """Decode a part of a recording: samples of shape (n_channels, n_samples), and their rate."""
    import audioread
    import librosa

    try:
        with quiet():
            samples, rate = librosa.load(path, sr=None, mono=False, offset=start, duration=length)
    except (audioread.DecodeError, EOFError):
        raise UnusableSong(
            f"is a damaged recording: it cannot be decoded between {start:.0f} s and "
            f"{start + length:.0f} s"
        ) from None
    if not np.isfinite(samples).all():
        raise UnusableSong("is a damaged recording: it holds samples that are not numbers")
    return np.atleast_2d(samples), rate


def _section(
    samples: NDArray[np.float32], rate: float, by: Transcriber, measured: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float32], float]:
    import librosa
    from librosa.onset import onset_strength

    mono = librosa.to_mono(samples)
    at_rate = {hertz: _resampled(mono, rate, hertz) for hertz in {RATE, by.RATE}}
    events = np.array(by.transcribed(at_rate[by.RATE])).reshape(-1, 4)
    if not len(events):
        return events, np.zeros(len(at_rate[RATE]) // HOP + 1, np.float32), -math.inf
    strength = onset_strength(y=at_rate[RATE], sr=RATE, hop_length=HOP)
    loud = loudness(samples.T, rate) if measured else -math.inf
    return events, strength.astype(np.float32), loud


def _resampled(mono: NDArray[np.float32], rate: float, hertz: int) -> NDArray[np.float32]:
    import librosa

    return mono if rate == hertz else librosa.resample(mono, orig_sr=rate, target_sr=hertz)


def loudness(samples: NDArray[np.float32], rate: float) -> float:
    """Measure integrated loudness in LUFS (EBU R128).

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples, n_channels)
        Of more than five channels, the first five count.
    rate : float
        Samples a second.

    Returns
    -------
    float
        Minus infinity for silence and for less than 0.4 s.
    """
    import pyloudnorm

    meter = pyloudnorm.Meter(rate)
    if len(samples) < meter.block_size * rate:
        return -math.inf
    return float(meter.integrated_loudness(samples[:, :5]))


def _loudness(sections: list[_Section]) -> float:
    """Average the power of the sections, each gated by itself; NaN where all are silent."""
    power = sum(10 ** (section.loudness / 10) * section.seconds for section in sections)
    return 10 * math.log10(power / sum(s.seconds for s in sections)) if power else math.nan


def _joined(sections: list[_Section]) -> list[transcriber.Event]:
    """Gather the notes; one that sounds across a border is one note."""
    events: list[transcriber.Event] = []
    sounding: dict[int, int] = {}  # pitch: place of the note that reached the border
    for section in sections:
        reaching: dict[int, int] = {}
        for begin, end, number, level in section.events.tolist():
            pitch = int(number)
            if begin < BORDER and pitch in sounding:
                place = sounding.pop(pitch)
                events[place] = (events[place][0], section.start + end, pitch, events[place][3])
            else:
                place = len(events)
                events.append((section.start + begin, section.start + end, pitch, level))
            if end > section.seconds - BORDER:
                reaching[pitch] = place
        sounding = reaching
    return sorted(events)


def _beats(sections: list[_Section]) -> NDArray[np.float64]:
    """Follow the beats of each section; their times in seconds."""
    beats = [
        section.start + beats_in(section.strength) for section in sections if section.strength.any()
    ]
    times = np.concatenate([*beats, np.zeros(0)])
    apart = np.diff(times, prepend=-1.0) > 60 / 300  # two sections may share a beat
    return np.asarray(times[apart])


def beats_in(strength: NDArray[np.float32]) -> NDArray[np.float64]:
    """Follow the beat in a curve of onset strength; times in seconds from its start."""
    from librosa.beat import beat_track

    _, beats = beat_track(onset_envelope=strength, sr=RATE, hop_length=HOP, units="time")
    return np.asarray(beats, dtype=np.float64)


def _tags(path: Path) -> tuple[str, str]:
    """Read title and artist; files that a decoder reads and mutagen does not have none."""
    import mutagen

    try:
        tags: Any = mutagen.File(path, easy=True)
    except mutagen.MutagenError:
        tags = None
    if not tags:
        return "", ""
    return tuple(  # type: ignore[return-value]
        " ".join(str(value) for value in (tags.get(name) or [])[:1]).strip()
        for name in ("title", "artist")
    )


# --- what is written


def midi_bytes(
    events: list[transcriber.Event], beats: NDArray[np.float64], by: Transcriber = transcriber
) -> bytes:
    """Write notes as MIDI, with the tempo that the beats have.

    Parameters
    ----------
    events : list of (float, float, int, float)
        Start and end in seconds, MIDI pitch, and level; the median level has the velocity `MIDDLE`.
    beats : ndarray, shape (n_beats,)
        Times of the beats in seconds; with fewer than two, the tempo is `PLAIN_TEMPO`.
    by : Transcriber
        What heard the notes.

    Returns
    -------
    bytes
        A Standard MIDI File of one track.
    """
    score = symusic.Score(TICKS)
    seconds, ticks = _clock(beats)
    steps = np.diff(ticks)
    for tick, step, length in zip(ticks, steps, np.diff(seconds), strict=False):
        score.tempos.append(symusic.Tempo(int(tick), float(60 * step / TICKS / length)))
    track = symusic.Track(f"{TRANSCRIBED} {by.name()}", by.PROGRAM, False)
    begins, ends = (
        _at(np.array([event[place] for event in events]), seconds, ticks) for place in (0, 1)
    )
    levels = np.array([event[3] for event in events])
    velocities = np.clip(np.round(MIDDLE + levels - np.median(levels)), 1, 127).astype(int)
    for begin, end, velocity, event in zip(begins, ends, velocities, events, strict=True):
        pitch = event[2]
        track.notes.append(symusic.Note(int(begin), max(1, int(end - begin)), pitch, int(velocity)))
    score.tracks.append(track)
    return bytes(score.dumps_midi())


def _clock(beats: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give seconds and ticks of places between which the tempo does not change.

    The first beat is a whole number of beats after the file's start, as many as fit best.
    """
    if len(beats) < 2:
        return np.array([0.0, 60.0]), np.array([0, round(PLAIN_TEMPO * TICKS)])
    before = max(1, round(beats[0] / (beats[1] - beats[0]))) if beats[0] > 0 else 0
    seconds = np.append([0.0] * (before > 0), beats)
    counted = np.append([0] * (before > 0), before + np.arange(len(beats)))
    return seconds, counted.astype(np.int64) * TICKS


def _at(
    times: NDArray[np.float64], seconds: NDArray[np.float64], ticks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Turn times into ticks; after the last beat its tempo goes on."""
    inside = np.interp(times, seconds, ticks)
    last = (ticks[-1] - ticks[-2]) / (seconds[-1] - seconds[-2])
    beyond = ticks[-1] + (times - seconds[-1]) * last
    return np.round(np.where(times > seconds[-1], beyond, inside)).astype(np.int64)


# --- sections that are kept


def _work_folder(path: Path, by: Transcriber) -> Path:
    """Where the sections of a recording are kept while it is transcribed."""
    about = path.stat()
    key = f"{path.absolute()} {about.st_size} {about.st_mtime_ns} {SECTION} {by.name()}"
    name = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return cache_folder() / "transcribing" / name


def _forget(work: Path) -> None:
    for file in work.glob("*"):
        file.unlink(missing_ok=True)
    if work.is_dir():
        work.rmdir()
