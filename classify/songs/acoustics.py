"""What happens to music on its way into a recording: another piano, a room, noise, MP3.

Songs are rendered under conditions drawn at random, so that a model learns from transcriptions of
many recordings, and not from those of one synthesiser.
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.songs import render
from classify.songs.song import Song

#: Soundfonts that songs to learn from are rendered with.
SOUNDFONTS = ("fluid", "musescore")

#: Semitones by which a recording may be tuned off: a fifth of one, up or down.
MOST_TUNING = 0.2

#: Pianos of General MIDI; one is played for another now and then.
PIANOS = (0, 1, 2, 3)

#: The synthesiser has no filters that open with velocity. Without these, high notes of the other
#: pianos of this soundfont are a dull thump, and a transcriber finds 63 of 100 notes instead of 87.
ONLY_PIANO = {"musescore": 2}

#: Seconds of reverberation, and its share of the sound; noise in dB below the loudest sample.
REVERBERATION, WET, NOISE = (0.2, 1.8), (0.05, 0.4), (-70.0, -35.0)

#: Compression levels of libsndfile's MP3 encoder: nearly all of the sound, and about 64 kbit/s.
MP3 = (0.2, 0.8)


@dataclass(frozen=True)
class Conditions:
    """Under which a song is recorded.

    Parameters
    ----------
    soundfont : str
        As `classify.presentation.soundfonts.find` takes it.
    piano : int or None
        The piano that plays for all pianos; the song's own if None.
    tuning : float
        Semitones off.
    reverberation, wet : float
        Seconds until a sound has died away by 60 dB, and the share of the room in what is heard.
    noise : float
        Level of white noise in dB of the loudest sample.
    mp3 : float or None
        Compression level of the MP3 encoder, 0 to 1; not compressed if None.
    seed : int
        Of room and noise.

    Examples
    --------
    >>> Conditions("fluid").wet
    0.0
    """

    soundfont: str
    piano: int | None = None
    tuning: float = 0.0
    reverberation: float = 0.0
    wet: float = 0.0
    noise: float = -120.0
    mp3: float | None = None
    seed: int = 0


def draw(seed: int) -> Conditions:
    """Draw conditions; each effect is absent in some recordings, and MP3, the slowest, in most.

    Examples
    --------
    >>> draw(1) == draw(1), draw(1) == draw(2)
    (True, False)
    """
    random = np.random.default_rng(seed)
    soundfont = SOUNDFONTS[random.integers(len(SOUNDFONTS))]
    piano = int(random.choice(PIANOS)) if random.random() < 0.4 else None
    return Conditions(
        soundfont=soundfont,
        piano=ONLY_PIANO.get(soundfont, piano),
        tuning=float(random.uniform(-MOST_TUNING, MOST_TUNING)) if random.random() < 0.5 else 0.0,
        reverberation=float(random.uniform(*REVERBERATION)),
        wet=float(random.uniform(*WET)) if random.random() < 0.6 else 0.0,
        noise=float(random.uniform(*NOISE)) if random.random() < 0.5 else -120.0,
        mp3=float(random.uniform(*MP3)) if random.random() < 0.2 else None,
        seed=seed,
    )


def draw_for(digest: str, seed: int) -> Conditions:
    """Draw conditions for a song by its content, so that they do not depend on what is beside it.

    Examples
    --------
    >>> draw_for("5eb6", 0) == draw_for("5eb6", 0), draw_for("5eb6", 0) == draw_for("5eb6", 1)
    (True, False)
    """
    key = hashlib.sha256(f"{digest} {seed}".encode()).digest()
    return draw(int.from_bytes(key[:4], "little") // 2)


def record(song: Song, conditions: Conditions) -> NDArray[np.float32]:
    """Render a song under conditions.

    Parameters
    ----------
    song : Song
        At least one note.
    conditions : Conditions
        As `draw` gives them.

    Returns
    -------
    ndarray of float32, shape (n_samples, 2)
        At `classify.songs.render.RATE`.

    Raises
    ------
    InputError
        As `classify.songs.render.samples` raises it.
    """
    from scipy.signal import fftconvolve  # takes a second to import

    random = np.random.default_rng(conditions.seed)
    sound = render.samples(song, conditions.soundfont, conditions.tuning, _programs(conditions))
    if conditions.wet:
        room = _room(conditions.reverberation, random)
        wet = fftconvolve(sound, room, axes=0)[: len(sound)].astype(np.float32)
        wet *= np.abs(sound).max() / max(float(np.abs(wet).max()), 1e-9)
        sound = (1 - conditions.wet) * sound + conditions.wet * wet
    level = 10 ** (conditions.noise / 20)
    sound = sound + np.float32(level) * random.standard_normal(sound.shape, dtype=np.float32)
    sound *= render.PEAK / max(float(np.abs(sound).max()), 1e-9)
    return sound if conditions.mp3 is None else _compressed(sound, conditions.mp3)


def _programs(conditions: Conditions) -> dict[int, int]:
    """Say which program plays for which."""
    return {} if conditions.piano is None else dict.fromkeys(PIANOS, conditions.piano)


def _room(seconds: float, random: np.random.Generator) -> NDArray[np.float32]:
    """Give the response of a room: noise that dies away, another to each ear (Moorer 1979)."""
    time = np.arange(int(seconds * render.RATE)) / render.RATE
    decay = 10 ** (-3 * time / seconds)
    return (random.standard_normal((len(time), 2)) * decay[:, None]).astype(np.float32)


def _compressed(sound: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    """Compress as MP3, and decode again."""
    import soundfile

    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", render.RATE, 2, format="MP3", compression_level=level
    ) as written:
        for start in range(0, len(sound), render.RATE):
            written.write(sound[start : start + render.RATE])
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return np.asarray(decoded, dtype=np.float32)
