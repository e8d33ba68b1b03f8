"""Songs as sound: notes played by a General MIDI soundfont.

The sound serves listening to what a generator composed, and recordings whose notes are known. It
has no reverberation, and nothing of a MIDI file but its notes: pedals, bends and volumes are not
played.

The synthesiser is TinySoundFont. It comes with the extra `audio` and is imported by the first song.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.files import atomic_write
from classify.presentation import soundfonts
from classify.songs.song import Song

#: Samples a second.
RATE = 44100

#: Seconds that a note sounds at least.
SHORTEST = 0.01

#: Seconds after the last note in which sound dies away.
TAIL = 2.0

#: Loudest sample of a file that is written; full scale is 1.
PEAK = 0.9

#: Sounds at once; with more, the oldest end.
MOST_VOICES = 256

#: What stands for the drums among program numbers.
DRUMS = -1

#: Bytes of a sample of both channels; number of the only soundfont that a synthesiser has.
FRAME, FONT = 8, 0

#: Bank of a soundfont that holds drum kits, and the kit that every one has.
DRUM_BANK, STANDARD_KIT = 128, 0

#: File endings that can be written.
ENDINGS = (".wav", ".flac", ".ogg", ".mp3")


def samples(
    song: Song,
    soundfont: str = "fluid",
    tuning: float = 0.0,
    programs: Mapping[int, int] | None = None,
) -> NDArray[np.float32]:
    """Play a song.

    Parameters
    ----------
    song : Song
        At least one note.
    soundfont : str
        As `classify.presentation.soundfonts.find` takes it.
    tuning : float
        Semitones by which all pitched instruments are tuned off.
    programs : mapping of int to int, optional
        General MIDI instruments that play for others.

    Returns
    -------
    ndarray of float32, shape (n_samples, 2)
        Left and right at `RATE`, the loudest at `PEAK`. Silence where the soundfont has none of the
        song's instruments.

    Raises
    ------
    InputError
        If the synthesiser or the soundfont is not there, or the file is none.
    """
    synth = _synthesiser(soundfonts.find(soundfont))
    notes = song.notes
    channels = _assign_channels(synth, notes, programs or {}, tuning)
    sound = np.zeros((int((song.seconds + TAIL) * RATE) + 1, 2), np.float32)
    buffer, place = memoryview(sound.data).cast("B"), 0
    for time, starts, note in _events(notes, channels):
        until = min(int(time * RATE), len(sound))
        if until > place:
            synth.generate(until - place, buffer[place * FRAME : until * FRAME])
            place = until
        pitch = int(notes["pitch"][note])
        if starts:
            synth.noteon(int(channels[note]), pitch, int(notes["velocity"][note]))
        else:
            synth.noteoff(int(channels[note]), pitch)
    synth.generate(len(sound) - place, buffer[place * FRAME :])
    for channel in np.unique(channels):
        synth.sounds_off(int(channel))
    return sound * np.float32(PEAK / max(float(np.abs(sound).max()), 1e-9))


@lru_cache(maxsize=1)
def _synthesiser(soundfont: Path) -> Any:
    """Load a soundfont, which takes a second or two; the last one is kept."""
    try:
        import tinysoundfont
    except ImportError as error:
        raise InputError(f"sound needs the audio extra: run `make audio` ({error})") from None
    synth = tinysoundfont.Synth(samplerate=RATE)
    try:
        synth.sfload(str(soundfont), max_voices=MOST_VOICES)
    except RuntimeError as error:
        raise InputError(f"{soundfont}: cannot be read as a soundfont ({error})") from None
    return synth


def _assign_channels(
    synth: Any, notes: NDArray[np.void], programs: Mapping[int, int], tuning: float
) -> NDArray[np.int64]:
    """Give each instrument a channel of its own, and each note the number of its channel."""
    instruments, channels = np.unique(
        np.where(notes["drum"], DRUMS, notes["program"].astype(int)), return_inverse=True
    )
    for channel, instrument in enumerate(instruments.tolist()):
        if instrument == DRUMS:
            synth.program_select(channel, FONT, DRUM_BANK, STANDARD_KIT, True)
        else:
            synth.program_select(channel, FONT, 0, programs.get(instrument, instrument))
            synth.set_tuning(channel, tuning)
    return channels


def _events(notes: NDArray[np.void], channels: NDArray[np.int64]) -> list[tuple[float, bool, int]]:
    """Give the time of each begin and end of a note; ends come first, as they do on a piano.

    A note ends where its key is struck again, at the latest: a channel has each key once.
    """
    ends = notes["onset"] + np.maximum(notes["duration"].astype(float), SHORTEST)
    order = np.lexsort((notes["onset"], notes["pitch"], channels))
    same = (np.diff(notes["pitch"][order].astype(int)) == 0) & (np.diff(channels[order]) == 0)
    earlier, later = order[:-1][same], order[1:][same]
    ends[earlier] = np.minimum(ends[earlier], notes["onset"][later])
    starts = [(float(time), True, note) for note, time in enumerate(notes["onset"])]
    stops = [(float(time), False, note) for note, time in enumerate(ends)]
    return sorted(starts + stops)


def write(path: Path, song: Song, soundfont: str = "fluid") -> None:
    """Write the sound of a song.

    Parameters
    ----------
    path : Path
        Ends in .wav, .flac, .ogg or .mp3.
    song : Song
        At least one note.
    soundfont : str
        As `classify.presentation.soundfonts.find` takes it.

    Raises
    ------
    InputError
        If the ending is another, or as `samples` raises it.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path}: ends in {path.suffix!r}; expected {', '.join(ENDINGS)}")
    sound = samples(song, soundfont)
    import soundfile

    with atomic_write(path) as temporary, soundfile.SoundFile(temporary, "w", RATE, 2) as file:
        for start in range(0, len(sound), RATE):  # libsndfile encodes a piece on the stack
            file.write(sound[start : start + RATE])
