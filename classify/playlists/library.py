"""A library with a model's predictions: the only thing playlists are made from.

The table has a row for each song: `song` (its path, as text; no two alike), `title` and `artist`
(may be empty), `seconds`, `tempo` (bpm; empty, NaN or 0: unknown), `loudness` (mean velocity,
0-127), `confidence` (calibrated, 0-1), `prediction` (a mood; empty: not confident),
`in_distribution` (False: unlike anything the model was trained on), `generated` (whether a
generator made it; no song is where the column is missing) and `p:<mood>` for each mood (calibrated,
0-1).
`classify predict` writes it as Parquet or CSV. Further columns are ignored.

Songs are sorted by their paths, so that the order of a table never matters.
"""

import difflib
from dataclasses import dataclass, fields
from pathlib import Path, PurePath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.errors import InputError
from classify.files import check_regular

P = "p:"
TEXTS = ("song", "title", "artist", "prediction")
#: Columns of numbers: least and largest value, and whether a value may be missing.
NUMBERS = {
    "seconds": (0.0, np.inf, False),
    "tempo": (0.0, np.inf, True),
    "loudness": (0.0, 127.0, False),
    "confidence": (0.0, 1.0, False),
}
#: What columns of older tables are called today.
RENAMED = {"answer": "prediction", "known": "in_distribution"}
#: Columns that older tables do not have, and what holds for their songs.
OPTIONAL = {"generated": False}
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, eq=False)
class PredictedLibrary:
    """Songs sorted by their paths, with a model's predictions.

    Parameters
    ----------
    song, title, artist, prediction : list of str
        Of each song, as in the table.
    seconds, tempo, loudness, confidence : ndarray of float, shape (n_songs,)
        Units as in the table; an unknown tempo is NaN.
    in_distribution : ndarray of bool, shape (n_songs,)
        Whether the song is like those the model was trained on.
    generated : ndarray of bool, shape (n_songs,)
        Whether a generator made it.
    moods : list of str
        Sorted.
    p : ndarray of float, shape (n_songs, n_moods)
        Calibrated probabilities.
    """

    song: list[str]
    title: list[str]
    artist: list[str]
    prediction: list[str]
    seconds: NDArray[np.float64]
    tempo: NDArray[np.float64]
    loudness: NDArray[np.float64]
    confidence: NDArray[np.float64]
    in_distribution: NDArray[np.bool_]
    generated: NDArray[np.bool_]
    moods: list[str]
    p: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.song)

    def name(self, index: int) -> str:
        """Name a song for people: artist and title, or the file's stem."""
        title = self.title[index] or PurePath(self.song[index]).stem
        return f"{self.artist[index]}: {title}" if self.artist[index] else title

    def resolve(self, text: str, artists: bool = False) -> list[int]:
        """Find the songs that a text names: by path, or else by file name, stem, title or artist.

        Parameters
        ----------
        text : str
            A whole name as the user wrote it; case is ignored unless it is a path.
        artists : bool
            Whether it may name an artist.

        Raises
        ------
        InputError
            If it names none.

        Examples
        --------
        >>> library = example_library()
        >>> library.resolve("song 2"), library.resolve("Artist 1", artists=True)
        ([2], [1, 4])
        """
        by_path = [index for index, song in enumerate(self.song) if song == text]
        if by_path:
            return by_path
        names = [self._names(index, artists) for index in range(len(self))]
        matches = [index for index, of_song in enumerate(names) if text.casefold() in of_song]
        if matches and text:
            return matches
        near = difflib.get_close_matches(
            text.casefold(), sorted({name for of_song in names for name in of_song if name}), 1
        )
        hint = f"; did you mean {near[0]!r}?" if near else ""
        kinds = "path, file name, title or artist" if artists else "path, file name or title"
        raise InputError(f"no song of the library has the {kinds} {text!r}{hint}")

    def _names(self, index: int, artists: bool) -> set[str]:
        path = PurePath(self.song[index])
        names = {path.name, path.stem, self.title[index]}
        return {name.casefold() for name in (names | {self.artist[index]} if artists else names)}


def read_library(path: Path) -> PredictedLibrary:
    r"""Read the predictions of a library from Parquet or CSV.

    Raises
    ------
    InputError
        If the file cannot be read or a value is not valid.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "predicted.csv")
    ...     _ = file.write_text(
    ...         "song,title,artist,seconds,tempo,loudness,confidence,prediction,in_distribution,"
    ...         "p:Calming,p:Happy\na.mid,A,,180,72,60,0.9,Calming,True,0.9,0.1\n"
    ...     )
    ...     read_library(file).moods
    ['Calming', 'Happy']
    """
    check_regular(path)
    try:
        if path.suffix.lower() == ".csv":
            table = pd.read_csv(
                path,
                float_precision="round_trip",
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",
            )
        else:
            table = pd.read_parquet(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:  # pandas' and pyarrow's errors of damaged files
        raise InputError(f"{path}: is neither CSV nor Parquet as its name says ({error})") from None
    return library_from_table(table, str(path))


def library_from_table(table: pd.DataFrame, name: str = "the library") -> PredictedLibrary:
    """Check a table of predictions and sort it by path.

    Parameters
    ----------
    table : DataFrame
        A row for each song, with the columns named above.
    name : str
        What error messages call the table.

    Raises
    ------
    InputError
        If a column is missing or a value is not valid.

    Examples
    --------
    >>> columns = {"song": ["b.mid", "a.mid"], "title": "", "artist": "", "seconds": 60.0}
    >>> columns |= {"tempo": [0, 90], "loudness": 64, "confidence": 0.7, "prediction": "Happy"}
    >>> table = pd.DataFrame(columns | {"in_distribution": True, "p:Calming": 0.3, "p:Happy": 0.7})
    >>> library = library_from_table(table)
    >>> library.song, library.tempo.tolist()
    (['a.mid', 'b.mid'], [90.0, nan])
    """
    table = table.rename(columns=RENAMED)
    table = table.assign(**{name: v for name, v in OPTIONAL.items() if name not in table})
    moods = sorted(column.removeprefix(P) for column in table.columns if column.startswith(P))
    wanted = [field.name for field in fields(PredictedLibrary) if field.name not in ("moods", "p")]
    missing = [column for column in wanted if column not in table.columns]
    if missing or not moods:
        raise InputError(
            f"{name}: has no column {missing[0] if missing else 'p:<mood>'}; "
            f"the columns {', '.join(wanted)} and p:<mood> for each mood are expected"
        )
    texts = {column: _texts(table[column]) for column in TEXTS}
    _check_songs(texts["song"], name)
    order = sorted(range(len(table)), key=texts["song"].__getitem__)
    songs = texts["song"]
    numbers = {
        column: _numbers(table[column], name, songs, *NUMBERS[column])[order] for column in NUMBERS
    }
    numbers["tempo"] = np.where(numbers["tempo"] > 0, numbers["tempo"], np.nan)
    p = [_numbers(table[P + mood], name, songs, 0.0, 1.0, False)[order] for mood in moods]
    song, title, artist, prediction = ([texts[column][i] for i in order] for column in TEXTS)
    return PredictedLibrary(
        song=song,
        title=title,
        artist=artist,
        prediction=prediction,
        seconds=numbers["seconds"],
        tempo=numbers["tempo"],
        loudness=numbers["loudness"],
        confidence=numbers["confidence"],
        in_distribution=_booleans(table, "in_distribution", name)[order],
        generated=_booleans(table, "generated", name)[order],
        moods=moods,
        p=np.array(p).T.reshape(len(order), len(moods)),
    )


def example_library() -> PredictedLibrary:
    """Make up a predicted library of seven songs, for examples and first steps.

    Examples
    --------
    >>> library = example_library()
    >>> len(library), library.moods
    (7, ['Calming', 'Happy', 'Nostalgia'])
    """
    moods = ["Calming"] * 3 + ["Nostalgia"] * 2 + ["Happy"] * 2
    probability = [0.95, 0.92, 0.9, 0.95, 0.9, 0.85, 0.4]
    table = {
        "song": [f"music/{number}.mid" for number in range(7)],
        "title": [f"Song {number}" for number in range(7)],
        "artist": [f"Artist {number % 3}" for number in range(7)],
        "seconds": 180.0,
        "tempo": [70.0, 72.0, 75.0, 82.0, 85.0, 95.0, 130.0],
        "loudness": [55.0, 56.0, 58.0, 62.0, 64.0, 70.0, 80.0],
        "confidence": probability,
        "prediction": [m if p >= 0.8 else "" for m, p in zip(moods, probability, strict=True)],
        "in_distribution": [True] * 6 + [False],
    }
    for mood in sorted(set(moods)):
        table[f"p:{mood}"] = [
            p if of_song == mood else (1 - p) / 2
            for of_song, p in zip(moods, probability, strict=True)
        ]
    return library_from_table(pd.DataFrame(table))


def _texts(column: pd.Series) -> list[str]:
    return ["" if value is None or value != value else str(value) for value in column.tolist()]


def _check_songs(songs: list[str], name: str) -> None:
    if not songs:
        raise InputError(f"{name}: has no rows; a row for each song is expected")
    seen: set[str] = set()
    for song in songs:
        if not song:
            raise InputError(f"{name}: a row names no song; the song's path is expected")
        if song in seen:
            raise InputError(f"{name}: names {song} twice; a row for each song is expected")
        seen.add(song)


def _numbers(
    column: pd.Series, name: str, songs: list[str], least: float, most: float, missing: bool
) -> NDArray[np.float64]:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~((values >= least) & (values <= most) & np.isfinite(values))
    if missing and wrong.any():  # seldom many: texts of a million values take longer than all else
        empty = [str(value) in ("", "nan", "None", "<NA>") for value in column[wrong].tolist()]
        wrong[wrong] = ~np.array(empty)
    if wrong.any():
        row = int(wrong.argmax())
        limits = f"from {least:g} to {most:g}" if np.isfinite(most) else f"of at least {least:g}"
        raise InputError(
            f"{name}: {songs[row]} has {column.name} {column.tolist()[row]!r}; "
            f"a number {limits} is expected"
        )
    return values


def _booleans(table: pd.DataFrame, column: str, name: str) -> NDArray[np.bool_]:
    if table[column].dtype == np.bool_:
        return table[column].to_numpy()
    given = table[column].tolist()
    values = [BOOLEANS.get(str(value).lower()) for value in given]
    if None in values:
        row = values.index(None)
        raise InputError(
            f"{name}: {table['song'].tolist()[row]} has {column} {given[row]!r}; "
            f"True or False is expected"
        )
    return np.array(values, dtype=np.bool_)
