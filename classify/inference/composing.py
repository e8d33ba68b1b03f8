"""New songs of a trained generator, as files: MIDI, a table, pictures, a page to hear them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classify.errors import InputError
from classify.files import atomic_write
from classify.generation import knobs
from classify.generation.frames import n_bars
from classify.generation.request import Passage, Request
from classify.inference import saved_generator, saved_model
from classify.inference.saved_generator import SavedGenerator
from classify.inference.saved_model import Bundle
from classify.options import as_names
from classify.progress import SILENT, Progress, counting
from classify.songs import GENERATED, Song, UnusableSong, midi

if TYPE_CHECKING:
    import pandas as pd

#: The table of a folder of new songs; a folder that has one may be replaced.
TABLE, PAGE = "songs.csv", "index.html"

#: Column that says whether a song shares a longer run of notes with a song that was learned from
#: than 95 of 100 real songs do with each other.
COPIES = "copies more than real songs"

#: Most songs at once.
MOST = 10_000

#: Wishes that are given as the request has them.
PLAIN = ("bars", "mood", "tempo", "density", "register", "mode", "loudness", "spread",
         "syncopation", "key", "low", "high", "repeats", "longest_copy")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Composed:
    """What was written.

    Parameters
    ----------
    folder : Path
        Where it is.
    songs : list of Song
        The new songs.
    table : DataFrame
        What songs.csv holds: a row a song.
    """

    folder: Path
    songs: list[Song]
    table: "pd.DataFrame"


def compose(
    model: SavedGenerator | str | Path,
    folder: Path,
    given: Mapping[str, Any],
    progress: Progress = SILENT,
) -> Composed:
    """Make songs and write them, as `classify.inference.generating.generate` says.

    Parameters
    ----------
    model : SavedGenerator, str or Path
        What makes them.
    folder : Path
        Where they go.
    given : mapping
        The options, by name; those that were not given are None.
    progress : Progress
        Shows progress.
    """
    n, seed, audio = given["n"], given["seed"], given["audio"]
    _check(folder, n, seed, given["force"])
    generator, request = saved_generator.loaded(model), request_of(given)
    bundle = saved_model.loaded(given["judge"]) if given["judge"] else None
    songs = []
    with counting(progress, f"Composing with {generator.about.title}", "song") as count:
        for number in range(n):
            songs.append(new_song(generator, request, seed + number))
            count(number + 1, n)
    with atomic_write(folder) as temporary:
        temporary.mkdir()
        for number, song in enumerate(songs):
            midi.write_song(temporary / f"{_name(number)}.mid", song)
        names = [f"{_name(number)}.mid" for number in range(n)]
        read = [midi.read(temporary / name) for name in names]
        table = table_of(generator, request, read, names, range(seed, seed + n), bundle)
        table.to_csv(temporary / TABLE, index=False)
        if audio:
            _write_audio(temporary, read, progress)
        write_page(temporary, generator, read, table, audio)
    return Composed(folder, songs, table)


def compose_one(generator: SavedGenerator, file: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Make one song and write it as MIDI, as `classify.inference.generating.make_song` says."""
    from classify.experiments.settings import check_seed

    check_seed(given["seed"])
    request = request_of(given)
    judge = saved_model.loaded(given["judge"]) if given["judge"] is not None else None
    song = new_song(generator, request, given["seed"])
    with atomic_write(file) as temporary:
        midi.write_song(temporary, song)
    read = midi.read(file)
    (row,) = table_of(generator, request, [read], [file.name], [given["seed"]], judge).to_dict(
        "records"
    )
    return {name: value for name, value in row.items() if name not in ("song", "model")}


def new_song(generator: SavedGenerator, request: Request, seed: int) -> Song:
    """Make one song, which says that it was generated and by what."""
    song = generator.generator.generate(request, seed)
    return replace(song, origin=f"{GENERATED} {generator.name}")


def _check(folder: Path, n: int, seed: int, force: bool) -> None:
    from classify.experiments.settings import check_seed

    if not 1 <= n <= MOST:
        raise InputError(f"-n {n}: expected a whole number from 1 to {MOST:,}")
    check_seed(seed)
    check_free(folder, force)


def check_free(folder: Path, force: bool, table: str = TABLE) -> None:
    """Refuse a folder that holds anything, unless it is to be replaced and has this table.

    Raises
    ------
    InputError
        With what would be accepted.
    """
    taken = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    if taken and not (force and (folder / table).is_file()):
        hint = "; --force replaces it" if (folder / table).is_file() else ""
        raise InputError(f"{folder}: is there already; name another folder with --out{hint}")


def request_of(given: Mapping[str, Any]) -> Request:
    """Make a request of options; those that are missing were not given."""
    given = defaultdict(lambda: None, given)
    wishes = {name: given[name] for name in PLAIN}
    if given["minutes"] is not None:
        wishes["seconds"] = 60 * given["minutes"]
    if given["metre"] is not None:
        wishes["metre"] = _metre(given["metre"])
    if given["chords"] is not None:
        wishes["chords"] = as_names(given["chords"])
    if given["instruments"] is not None:
        expected = "General MIDI programs, as 0 or 0,32"
        wishes["instruments"] = _numbers("instruments", given["instruments"], expected)
    if given["primer"] is not None:
        wishes["primer"] = read_song(given["primer"])
    ends = given["bridge_from"], given["bridge_to"]
    if any(end is not None for end in ends):
        if None in ends:
            raise InputError("--bridge-from and --bridge-to go together: the songs on both sides")
        wishes["bridge"] = read_song(ends[0]), read_song(ends[1])
    return Request(**wishes, **_revision(given))


def _revision(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read what stays of a song; where only voices are named, all bars are new."""
    names = [name for name in ("keep", "renew") if given[name] is not None]
    asked = [*names, *(["voices"] if given["voices"] is not None else [])]
    if (given["revise"] is None) != (not asked):
        raise InputError(
            "--revise goes together with --keep, --renew or --voices: a song, and its bars that "
            "stay or do not, or its voices that stay"
        )
    if not asked:
        return {}
    if len(names) > 1:
        raise InputError("give --keep or --renew, not both: bars that stay, or bars that do not")
    song = read_song(given["revise"])
    bars = _bars(names[0], given[names[0]]) if names else (1, n_bars(song))
    wishes: dict[str, Any] = {names[0] if names else "renew": Passage(song, *bars)}
    if given["voices"] is not None:
        wishes["voices"] = _numbers("voices", given["voices"], "numbers from the highest, as 1,2,4")
    return wishes


def _metre(text: str) -> tuple[int, int]:
    numerator, _, denominator = text.partition("/")
    if not (numerator.isdigit() and denominator in ("1", "2", "4", "8", "16") and int(numerator)):
        raise InputError(f"--metre {text}: expected a time signature, as 3/4")
    return int(numerator), int(denominator)


def _numbers(option: str, given: str | Sequence[int], expected: str) -> tuple[int, ...]:
    names = as_names(given) if isinstance(given, str) else [str(number) for number in given]
    if not names or not all(name.isdigit() for name in names):
        raise InputError(f"--{option} {given}: expected {expected}")
    return tuple(int(name) for name in names)


def _bars(option: str, text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    last = last or first
    if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last)):
        raise InputError(f"--{option} {text}: expected a bar or bars, as 5 or 2-4, counted from 1")
    return int(first), int(last)


def read_song(source: Song | str | Path) -> Song:
    """Read the one song of a MIDI file, or take one that was read; InputError says why not."""
    if isinstance(source, Song):
        return source
    try:
        return midi.read(Path(source))
    except UnusableSong as error:
        raise InputError(f"{source}: {error}") from None


def _name(number: int) -> str:
    return f"{number + 1:02d}"


def table_of(
    generator: SavedGenerator,
    request: Request,
    songs: Sequence[Song],
    names: Sequence[str],
    seeds: Sequence[int],
    bundle: Bundle | None,
) -> "pd.DataFrame":
    """Say of each song what was asked, what came of it, and how much of it is a copy.

    Parameters
    ----------
    generator : SavedGenerator
        What made them.
    request : Request
        What it was asked for.
    songs : sequence of Song
        As they were read back from their files.
    names : sequence of str
        The files.
    seeds : sequence of int
        Of each song.
    bundle : Bundle or None
        A classifier that judges them.

    Returns
    -------
    DataFrame
        A row for each song.
    """
    import pandas as pd

    rows = [
        {
            "song": names[number],
            "mood asked": request.mood or "",
            "seconds": song.seconds,
            "notes": song.n_notes,
            **_copying(generator, request, song),
            "seed": seeds[number],
            "model": generator.name,
            **knobs.measure(song),
        }
        for number, song in enumerate(songs)
    ]
    table = pd.DataFrame(rows)
    if bundle:
        from classify.evaluation.scores import song_means

        windows, raw = bundle.predict_windows(songs)
        p = bundle.calibrated(song_means(raw, windows.song))
        table.insert(2, "mood judged", np.array(bundle.classes)[p.argmax(axis=1)])
        table.insert(3, "probability", p.max(axis=1))
        table.insert(4, "judge", bundle.name)
        if request.mood in bundle.classes:
            asked = p[:, bundle.classes.index(request.mood)]
            table.insert(5, "probability of the mood asked", asked)
    return table


def _copying(generator: SavedGenerator, request: Request, song: Song) -> dict[str, Any]:
    """Say how long a run a song shares with those that were learned from, and if real ones do."""
    composer = generator.generator
    run = composer.repertoire.longest_run(song, request.kept_beats(song))
    return {
        "longest copy": run,
        "copy limit": request.longest_copy or composer.longest_copy,
        COPIES: run > composer.longest_copy,
    }


def _write_audio(folder: Path, songs: Sequence[Song], progress: Progress) -> None:
    from classify.songs import render

    with counting(progress, "Rendering sound", "song") as count:
        for number, song in enumerate(songs):
            render.write(folder / f"{_name(number)}.ogg", song)
            count(number + 1, len(songs))


def write_page(
    folder: Path,
    generator: SavedGenerator,
    songs: Sequence[Song],
    table: "pd.DataFrame",
    audio: bool,
) -> None:
    """Write pictures of songs and a page to hear them."""
    from classify.inference import composed_page
    from classify.presentation import figures

    drawings = {
        _name(number): composed_page.drawing(song) for number, song in enumerate(songs)
    }  # fmt: skip
    figures.save(drawings, folder)
    page = composed_page.page(generator.name, songs, table, audio)
    (folder / PAGE).write_text(page, encoding="utf-8")
