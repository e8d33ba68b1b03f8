"""New songs, as `classify.api` offers them: what can be asked for, and what it means.

The command line reads its options here, so what takes long is imported when it is needed.
"""

import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classify.options import check_names, options
from classify.progress import SILENT, Progress
from classify.storage import stored

if TYPE_CHECKING:
    from classify.inference.composing import Composed
    from classify.inference.enrichment import Enriched
    from classify.inference.saved_generator import SavedGenerator
    from classify.inference.saved_model import Bundle
    from classify.songs import Song


#: Wishes of `generate` that `enrich` takes too.
ENRICHED = ("minutes", "bars", "tempo", "key", "mode", "metre", "density", "register", "loudness",
            "instruments")  # fmt: skip


@stored(reads=["model", "primer", "bridge_from", "bridge_to", "revise", "judge"], writes=["out"])
def generate(
    model: "SavedGenerator | str | Path",
    out: str | Path = "new",
    *,
    n: int = 1,
    seed: int = 0,
    mood: str | None = None,
    minutes: float | None = None,
    bars: int | None = None,
    tempo: float | None = None,
    key: str | None = None,
    mode: Literal["major", "minor"] | None = None,
    metre: str | None = None,
    density: float | None = None,
    register: float | None = None,
    spread: float | None = None,
    loudness: float | None = None,
    syncopation: float | None = None,
    low: int | None = None,
    high: int | None = None,
    chords: str | Sequence[str] | None = None,
    instruments: str | Sequence[int] | None = None,
    repeats: int | None = None,
    longest_copy: int | None = None,
    primer: str | Path | None = None,
    bridge_from: str | Path | None = None,
    bridge_to: str | Path | None = None,
    revise: str | Path | None = None,
    keep: str | None = None,
    renew: str | None = None,
    voices: str | Sequence[int] | None = None,
    judge: str | Path | None = None,
    audio: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> "Composed":
    """Make new songs with a trained generator, and write them into a folder.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator; in Python, also what train returned.
    out : str or Path
        The new songs' folder.
    n : int
        How many songs.
    seed : int
        Random seed of the first song; those that follow take the next ones.
    mood : str, optional
        A mood that the generator has learned; it sets what is left open.
    minutes : float, optional
        Length in minutes.
    bars : int, optional
        Length in bars.
    tempo : float, optional
        Quarter notes a minute.
    key : str, optional
        As "A minor" or "Eb major".
    mode : {"major", "minor"}, optional
        Of whichever key.
    metre : str, optional
        Time signature, as 3/4.
    density : float, optional
        Notes a second.
    register : float, optional
        Mean MIDI pitch.
    spread : float, optional
        Standard deviation of pitch in semitones.
    loudness : float, optional
        Mean velocity, 1 to 127.
    syncopation : float, optional
        Share of notes between beats that sound on beyond the next.
    low : int, optional
        Lowest MIDI pitch.
    high : int, optional
        Highest MIDI pitch.
    chords : str or sequence of str, optional
        One a bar, in turn, as C,Am,F,G7.
    instruments : str or sequence of int, optional
        General MIDI programs, as 0 for a piano or 73 for a flute; one a part, with commas.
    repeats : int, optional
        Most times that a pitch may sound in a row.
    longest_copy : int, optional
        Longest run of notes that may equal one of a training song; as in real songs unless given.
    primer : str or Path, optional
        A song to continue.
    bridge_from : str or Path, optional
        A song from whose end the new ones lead to the beginning of another.
    bridge_to : str or Path, optional
        That other song.
    revise : str or Path, optional
        A song of which some bars or voices stay, while all else is new.
    keep : str, optional
        Bars of revise that stay, as 5 or 2-4, counted from 1.
    renew : str, optional
        Bars of revise that do not stay, instead.
    voices : str or sequence of int, optional
        Voices of revise that stay in every bar, the highest being 1: with 1 a melody is harmonised,
        with 1,2,4 the third of four is written.
    judge : str or Path, optional
        A trained classifier that says in which mood it hears each new song.
    audio : bool
        Write each song as OGG, too.
    force : bool
        Replace a folder of new songs.
    progress : Progress
        Shows progress.

    Returns
    -------
    Composed

    Raises
    ------
    InputError
        If the generator cannot do what is asked: with the wish, and the bar, that stand in the way.

    Examples
    --------
    >>> new = generate("models/composer", "new", n=2, mood="Happy", bars=4)
    >>> new.table["mood asked"].tolist(), new.songs[0].seconds > 0
    (['Happy', 'Happy'], True)
    """
    given = dict(locals())
    from classify.inference.composing import compose

    return compose(model, Path(out), given, progress)


@stored(reads=["model", "primer", "bridge_from", "bridge_to", "revise", "judge"], writes=["file"])
def make_song(
    model: "SavedGenerator | str | Path", file: str | Path, **given: Any
) -> "dict[str, Any]":
    """Make one new song and write it as a MIDI file, for a program that shows what came of it.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        As for `generate`.
    file : str or Path
        A .mid file; one that is there is replaced.
    **given
        As for `generate`, but for n, audio and force. Songs to go on from may be `Song` objects,
        and the judge a loaded model.

    Returns
    -------
    dict
        What was asked for and what came of it: a row of the table that `generate` writes.

    Examples
    --------
    >>> facts = make_song("models/composer", "one.mid", seed=3, mood="Happy", bars=4)
    >>> facts["seed"], facts["longest copy"] <= facts["copy limit"]
    (3, True)
    """
    from classify.inference.composing import compose_one

    known = options(generate)
    check_names(given, known, "wish")
    wishes = {name: option.default for name, option in known.items()} | given
    return compose_one(loaded_generator(model), Path(file), wishes)


def list_generators(able: str = "") -> dict[str, str]:
    """List the generators that can be trained, with what each is called.

    Parameters
    ----------
    able : str
        Only those that take account of this wish of `Request`; or `space`: only those with a
        latent space, in which songs are moved.

    Examples
    --------
    >>> "markov" in list_generators(), "music-vae" in list_generators("space")
    (True, True)
    """
    from classify.generation import generator as generators
    from classify.generation.latent.latent_generator import LatentGenerator

    return {
        name: one.TITLE
        for name, one in generators.find().items()
        if not able
        or (issubclass(one, LatentGenerator) if able == "space" else able in one.KEEPS | one.AIMS)
    }


@stored(reads=["model"])
def loaded_generator(model: "SavedGenerator | str | Path") -> "SavedGenerator":
    """Load a generator, if it is not loaded yet.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A trained generator, or its folder.
    """
    from classify.inference import saved_generator

    return saved_generator.loaded(model)


@stored(reads=["file"])
def read_made_song(file: str | Path) -> "Song":
    """Read a song that `make_song` wrote: at once, in this process, since the file is our own.

    Parameters
    ----------
    file : str or Path
        The MIDI file.
    """
    from classify.inference.composing import read_song

    return read_song(Path(file))


def bars_of(song: "Song") -> list[float]:
    """Say when the bars of a song begin, in seconds: those that `keep` and `renew` count from 1.

    Parameters
    ----------
    song : Song
        With beats.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> bars_of(piece())[:3]
    [0.0, 2.0, 4.0]
    """
    from classify.generation.frames import bar_starts

    return bar_starts(song).round(4).tolist()


def has_sound() -> bool:
    """Say whether songs can be written as sound: whether `make audio` was run."""
    from classify.presentation import soundfonts

    return find_spec("tinysoundfont") is not None and soundfonts.is_fetched()


@stored(reads=["file"])
def export_made_song(file: str | Path, kind: str, title: str = "") -> bytes:
    """Give a song that `make_song` wrote as other programs take it.

    Parameters
    ----------
    file : str or Path
        The MIDI file.
    kind : {"midi", "musicxml", "ogg"}
        The file itself; a score, on a grid of sixteenths and triplets; its sound, which needs the
        audio extra (`make audio`).
    title : str
        What a score is called.

    Raises
    ------
    InputError
        If sound is asked for, and what it needs is not installed.
    UnusableSong
        If the song cannot be written as a score.
    """
    from classify.songs import notation, render

    if kind == "midi":
        return Path(file).read_bytes()
    if kind == "musicxml":
        return notation.musicxml(Path(file).read_bytes(), title)
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, f"song.{kind}")
        render.write(sound, read_made_song(file))
        return sound.read_bytes()


@stored(reads=["model", "library", "judge"], writes=["out"])
def enrich(
    model: "SavedGenerator | str | Path",
    library: str | Path,
    *,
    mood: str,
    judge: "Bundle | str | Path",
    n: int = 20,
    seed: int = 0,
    sure: float = 0.8,
    tries: int = 20,
    progress: Progress = SILENT,
    **wishes: Any,
) -> "Enriched":
    """Add new songs of a mood to a library: those that its classifier is sure of, and no copies.

    They go into the folder generated of the library, with a table, and their files say that they
    were generated: playlists leave them out unless they are asked not to, and nothing is learned
    from them. Called again, it goes on where it was stopped.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator; in Python, also what train returned.
    library : str or Path
        A folder of songs.
    mood : str
        A mood that the generator and the classifier have learned.
    judge : Bundle, str or Path
        The library's own classifier, which train wrote.
    n : int
        How many songs to add.
    seed : int
        Random seed of the first song that is tried; those that follow take the next ones.
    sure : float
        Least probability of the mood, from 0 to 1.
    tries : int
        Songs to try at most, for each song that is to be added.
    progress : Progress
        Shows progress.
    **wishes
        Of those for `generate`: minutes, bars, tempo, key, mode, metre, density, register,
        loudness, instruments.

    Returns
    -------
    Enriched

    Raises
    ------
    InputError
        If the generator cannot do what is asked, the classifier does not know the mood, or none of
        the songs could be kept: with what was wrong with them.

    Notes
    -----
    The classifier that chooses the songs is no independent judge of them: how often a generator
    meets a mood is what compare-generators measures.

    Examples
    --------
    >>> made = enrich("models/composer", "more", mood="Happy", judge="models/mine", n=1, bars=8,
    ...               sure=0.5)
    >>> made.table["mood judged"].tolist(), made.folder.name
    (['Happy'], 'generated')
    """
    check_names(wishes, dict.fromkeys(ENRICHED), "wish")
    given = {"mood": mood, "judge": judge, "n": n, "seed": seed, "sure": sure, "tries": tries}
    from classify.inference.enrichment import enrich as enrich_library

    return enrich_library(model, Path(library), given | wishes, progress)
