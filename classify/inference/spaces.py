"""What one does with the latent space of a trained generator, as `classify.api` offers it.

The command line reads its options here, so what takes long is imported when it is needed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from classify.progress import SILENT, Progress
from classify.storage import stored

if TYPE_CHECKING:
    import pandas as pd

    from classify.inference.composing import Composed
    from classify.inference.saved_generator import SavedGenerator
    from classify.songs import Song


@stored(reads=["model", "songs", "judge"], writes=["out"])
def reconstruct(
    model: "SavedGenerator | str | Path",
    songs: "Sequence[Song | str | Path]",
    out: str | Path = "reconstructed",
    *,
    judge: str | Path | None = None,
    force: bool = False,
) -> "Composed":
    """Code songs as points of a generator's latent space, and write them again from there.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator that has a space.
    songs : sequence of Song, str or Path
        MIDI files.
    out : str or Path
        The folder of what is written.
    judge : str or Path, optional
        A trained classifier that says in which mood it hears each song.
    force : bool
        Replace a folder of new songs.

    Returns
    -------
    Composed
        The songs; in its table, `similarity` is that of each melody to its original's, and `notes
        kept` the F1 of pitches and onsets.

    Raises
    ------
    InputError
        If the generator has no space, or a song no place in it.

    Examples
    --------
    >>> again = reconstruct("models/space", ["songs/Happy/00.mid"], "again")
    >>> bool(again.table["notes kept"].between(0, 1).all())
    True
    """
    from classify.inference.composing import read_song
    from classify.inference.space_files import Space

    space = Space.of(model)
    given = [read_song(song) for song in songs]
    made = [space.generator.decode(space.generator.encode(song)) for song in given]
    return space.write(made, Path(out), force, judge, originals=given)


@stored(reads=["model", "song", "other", "judge"], writes=["out"])
def interpolate(
    model: "SavedGenerator | str | Path",
    song: "Song | str | Path",
    other: "Song | str | Path",
    out: str | Path = "between",
    *,
    n: int = 5,
    judge: str | Path | None = None,
    force: bool = False,
    pictures: bool = True,
) -> "Composed":
    """Write songs on the way from one song to another in a generator's latent space.

    Beside the songs, `all.mid` plays them one after another.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator that has a space.
    song : Song, str or Path
        The MIDI file of the song that the way begins at.
    other : Song, str or Path
        The MIDI file of the song that it ends at, in the same time signature.
    out : str or Path
        The folder of what is written.
    n : int
        How many songs, both ends among them.
    judge : str or Path, optional
        A trained classifier that says in which mood it hears each song.
    force : bool
        Replace a folder of new songs.
    pictures : bool
        Draw each song, for a page to hear them, which takes most of the time.

    Returns
    -------
    Composed
        The songs; in its table, `way` goes from 0 to 1, and `similarity` is that of each melody to
        the first song's.

    Raises
    ------
    InputError
        If the generator has no space, a song no place in it, or the two have different metres.

    Examples
    --------
    >>> way = interpolate("models/space", "songs/Happy/00.mid", "songs/Calming/00.mid", "way", n=3)
    >>> way.table["way"].tolist(), (way.folder / "all.mid").is_file()
    ([0.0, 0.5, 1.0], True)
    """
    import numpy as np

    from classify.errors import InputError
    from classify.generation.latent import operations
    from classify.inference.composing import read_song
    from classify.inference.space_files import MOST, Space

    if not 2 <= n <= MOST:
        raise InputError(f"-n {n}: expected a whole number from 2 to {MOST}")
    space = Space.of(model)
    one, last = read_song(song), read_song(other)
    made = operations.interpolate(space.generator, one, last, n)
    facts = {"way": np.linspace(0, 1, n).round(4).tolist()}
    return space.write(
        made, Path(out), force, judge, [one] * n, facts, joined=made, pictures=pictures
    )


@stored(reads=["model", "song", "judge"], writes=["out"])
def change_mood(
    model: "SavedGenerator | str | Path",
    song: "Song | str | Path",
    out: str | Path = "changed",
    *,
    mood: str,
    strength: float = 1.0,
    kept: float | None = None,
    n: int = 1,
    judge: str | Path | None = None,
    force: bool = False,
    pictures: bool = True,
) -> "Composed":
    """Move a song to another mood in a generator's latent space.

    Its key and time signature stay; its tempo may change by a half at the most.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator that has a space.
    song : Song, str or Path
        A MIDI file.
    out : str or Path
        The folder of what is written.
    mood : str
        A mood that the generator has learned.
    strength : float
        How far to go: 1 is as near to the mood as the song can come while enough of it is left.
    kept : float, optional
        How much of the melody is to be left at the least, from 0 to 1, in any key; 0.5 unless
        given. Not for c-rvae, which writes songs anew.
    n : int
        Songs on the way, evenly spaced up to the whole of it.
    judge : str or Path, optional
        A trained classifier that says in which mood it hears each song.
    force : bool
        Replace a folder of new songs.
    pictures : bool
        Draw each song, for a page to hear them, which takes most of the time.

    Returns
    -------
    Composed
        The songs, first the song where it is; in its table, `strength` says how far each was
        moved, and `similarity` how much of the melody is left.

    Raises
    ------
    InputError
        If the generator has no space or has not learned the mood, or the song has no place.

    Examples
    --------
    >>> moved = change_mood("models/space", "songs/Happy/00.mid", "calm", mood="Calming")
    >>> moved.table["strength"].tolist()
    [0.0, 1.0]
    """
    from classify.generation.latent import operations
    from classify.inference.composing import read_song
    from classify.inference.space_files import Space, check_share, check_way

    space = Space.of(model)
    amounts = check_way(n, "strength", strength)
    if kept is not None:
        check_share("kept", kept)
    one = read_song(song)
    made = operations.change(space.generator, one, mood, amounts, kept)
    facts = {"strength": amounts}
    originals = [one] * len(made)
    return space.write(
        made, Path(out), force, judge, originals, facts, mood=mood, pictures=pictures
    )


@stored(reads=["model", "song", "judge"], writes=["out"])
def slide(
    model: "SavedGenerator | str | Path",
    song: "Song | str | Path",
    out: str | Path = "moved",
    *,
    attribute: Literal["density", "register", "mode", "loudness", "spread", "syncopation"],
    amount: float = 1.0,
    n: int = 1,
    judge: str | Path | None = None,
    force: bool = False,
    pictures: bool = True,
) -> "Composed":
    """Move a song along an attribute in a generator's latent space.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator that has a space.
    song : Song, str or Path
        A MIDI file.
    out : str or Path
        The folder of what is written.
    attribute : {"density", "register", "mode", "loudness", "spread", "syncopation"}
        What is to change.
    amount : float
        How far, in standard deviations of the songs that it learned from; below 0 for less of it.
    n : int
        Songs on the way, evenly spaced up to the whole of it.
    judge : str or Path, optional
        A trained classifier that says in which mood it hears each song.
    force : bool
        Replace a folder of new songs.
    pictures : bool
        Draw each song, for a page to hear them, which takes most of the time.

    Returns
    -------
    Composed
        The songs, first the song where it is; its table has all attributes as they
        were measured.

    Raises
    ------
    InputError
        If the generator has no space, or the song no place in it.

    Examples
    --------
    >>> moved = slide("models/space", "songs/Happy/00.mid", "higher", attribute="register", n=2)
    >>> moved.table["amount"].tolist()
    [0.0, 0.5, 1.0]
    """
    from classify.generation.latent import operations
    from classify.inference.composing import read_song
    from classify.inference.space_files import Space, check_way

    space = Space.of(model)
    amounts = check_way(n, "amount", amount)
    one = read_song(song)
    made = operations.slide(space.generator, one, attribute, amounts)
    facts = {"amount": amounts}
    return space.write(made, Path(out), force, judge, [one] * len(made), facts, pictures=pictures)


@stored(reads=["model", "judge"], writes=["out"])
def mix(
    model: "SavedGenerator | str | Path",
    mood: str,
    other: str,
    out: str | Path = "mixed",
    *,
    share: float = 0.5,
    n: int = 3,
    bars: int | None = None,
    seed: int = 0,
    judge: str | Path | None = None,
    force: bool = False,
    pictures: bool = True,
) -> "Composed":
    """Write new songs of a style between two moods of a generator's latent space.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator that has a space.
    mood : str
        A mood that the generator has learned.
    other : str
        Another.
    out : str or Path
        The folder of what is written.
    share : float
        Of the other mood: 0 for songs of the one, 1 for songs of the other.
    n : int
        How many songs.
    bars : int, optional
        Length; as the songs that were learned from unless given.
    seed : int
        Random seed; further songs have the next ones.
    judge : str or Path, optional
        A trained classifier that says in which mood it hears each song.
    force : bool
        Replace a folder of new songs.
    pictures : bool
        Draw each song, for a page to hear them, which takes most of the time.

    Returns
    -------
    Composed
        The songs; in its table, `share` is that of the other mood.

    Raises
    ------
    InputError
        If the generator has no space, or has not learned a mood.

    Examples
    --------
    >>> mixed = mix("models/space", "Happy", "Calming", "mixed", n=2, bars=4)
    >>> mixed.table["share"].tolist()
    [0.5, 0.5]
    """
    import numpy as np

    from classify.generation.latent import operations
    from classify.inference.space_files import Space, check_new

    check_new(n, seed, share=share)
    space = Space.of(model)
    made = [
        operations.mix(space.generator, mood, other, share, np.random.default_rng(drawn), bars)
        for drawn in range(seed, seed + n)
    ]
    facts = {"share": [share] * n}
    return space.write(made, Path(out), force, judge, (), facts, pictures=pictures, seed=seed)


@stored(reads=["model", "song", "judge"], writes=["out"])
def answer(
    model: "SavedGenerator | str | Path",
    song: "Song | str | Path",
    out: str | Path = "answers",
    *,
    likeness: float = 0.7,
    n: int = 3,
    seed: int = 0,
    judge: str | Path | None = None,
    force: bool = False,
    pictures: bool = True,
) -> "Composed":
    """Answer a phrase by others from beside it in a generator's latent space.

    Answers are as long as the phrase, in its key, tempo and time signature. Beside them, `all.mid`
    plays the phrase and an answer, again and again.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator that has a space.
    song : Song, str or Path
        The MIDI file of the phrase.
    out : str or Path
        The folder of what is written.
    likeness : float
        How near to it: 1 for the same place in the space, 0 for any.
    n : int
        How many answers.
    seed : int
        Random seed; further answers have the next ones.
    judge : str or Path, optional
        A trained classifier that says in which mood it hears each song.
    force : bool
        Replace a folder of new songs.
    pictures : bool
        Draw each song, for a page to hear them, which takes most of the time.

    Returns
    -------
    Composed
        The answers; in its table, `similarity` is that of each melody to the phrase's.

    Raises
    ------
    InputError
        If the generator has no space, or the phrase no place in it.

    Examples
    --------
    >>> duet = answer("models/space", "songs/Happy/00.mid", "answers", n=2)
    >>> len(duet.songs), (duet.folder / "all.mid").is_file()
    (2, True)
    """
    import numpy as np

    from classify.generation.latent import operations
    from classify.inference.composing import read_song
    from classify.inference.space_files import Space, check_new

    check_new(n, seed, likeness=likeness)
    space = Space.of(model)
    phrase = read_song(song)
    made = [
        operations.answer(space.generator, phrase, likeness, np.random.default_rng(drawn))
        for drawn in range(seed, seed + n)
    ]
    duet = [part for one in made for part in (phrase, one)]
    return space.write(
        made, Path(out), force, judge, [phrase] * n, joined=duet, pictures=pictures, seed=seed
    )


@stored(reads=["model", "corpus", "judge"], writes=["out"])
def map_songs(
    model: "SavedGenerator | str | Path",
    corpus: str | Path,
    out: str | Path = "map",
    *,
    method: Literal["pca", "tsne"] = "pca",
    seed: int = 0,
    force: bool = False,
    progress: Progress = SILENT,
) -> "pd.DataFrame":
    """Draw a map of songs: where they lie in a generator's latent space, in two dimensions.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        A folder that train wrote with a generator that has a space.
    corpus : str or Path
        Songs, with labels or without.
    out : str or Path
        The folder of what is written: map.svg and map.csv.
    method : {"pca", "tsne"}
        Principal components, which keep distances as far as two dimensions can, or t-SNE, which
        keeps neighbours.
    seed : int
        Of t-SNE.
    force : bool
        Replace a map.
    progress : Progress
        Shows progress.

    Returns
    -------
    DataFrame
        A row a song that has a place: `song`, `mood` (empty where it is not known), `x`, `y`.

    Raises
    ------
    InputError
        If the generator has no space, or fewer than three songs have a place in it.

    Examples
    --------
    >>> places = map_songs("models/space", "songs", "map")
    >>> len(places), sorted(set(places["mood"]))
    (16, ['Calming', 'Happy'])
    """
    from classify.inference.space_files import draw_map

    return draw_map(model, str(corpus), Path(out), method, seed, force, progress)
