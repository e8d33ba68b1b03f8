"""Libraries for a program that keeps what it was told: read, judged in blocks, looked into.

`classify.api` offers these beside `predict`, which does the same for a whole library at once and
writes one table. Options are documented there; what takes long is imported when it is needed.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.errors import InputError
from classify.files import on_disk
from classify.progress import SILENT, Progress, counting
from classify.storage import stored

if TYPE_CHECKING:
    import numpy as np

    from classify.corpora.library import Item, Library
    from classify.inference.predicted_block import PredictedBlock
    from classify.inference.saved_model import Bundle
    from classify.songs import Song

#: Bytes of an archive that a program may take from a person.
MOST_ARCHIVE = 512 * 2**20


@stored(reads=["sources"])
def read_library(
    *sources: str | Path, artist_folder: int = 1, progress: Progress = SILENT
) -> "Library":
    """Read songs without a model; what was read before is not read again.

    Parameters
    ----------
    *sources : str or Path
        Files, folders, zip archives.
    artist_folder : int
        As for `predict`.
    progress : Progress
        Shows progress.

    Returns
    -------
    Library
        Songs, and what is skipped, and why.

    Examples
    --------
    >>> len(read_library("songs").items)
    16
    """
    from classify.corpora.library import load_library

    with counting(progress, "Reading songs", "song") as count:
        return load_library([Path(source) for source in sources], count, artist_folder)


def built_in(name: str = "folk", progress: Progress = SILENT) -> tuple[Path, dict[str, str]]:
    """Give the folder of a built-in corpus, made first where it has to be, and its songs' titles.

    Parameters
    ----------
    name : str
        Of the corpus.
    progress : Progress
        Shows progress.

    Returns
    -------
    Path
        The folder.
    dict of str to str
        Titles by the names of files.
    """
    from classify.corpora.builtin import CORPORA, prepare

    if name not in CORPORA:
        raise InputError(f"{name}: is no built-in corpus; expected one of {', '.join(CORPORA)}")
    with counting(progress, "Preparing the built-in songs", "song") as count:
        folder = prepare(CORPORA[name], count)
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return folder, {Path(row["path"]).name: row["title"] for row in rows if row["title"]}


@stored(reads=["model"])
def predict_in_blocks(
    model: "Bundle | str | Path",
    items: "Sequence[Item]",
    *,
    size: int = 100,
    sure: float = 0.5,
    progress: Progress = SILENT,
) -> "Iterator[tuple[list[Item], PredictedBlock]]":
    """Predict songs that were read, and give each block as soon as it is there.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    items : sequence of Item
        Songs of `read_library`.
    size : int
        Songs of a block at most.
    sure : float
        As for `predict`.
    progress : Progress
        Shows progress.

    Yields
    ------
    list of Item
        Songs of a block.
    PredictedBlock
        What the model says of them.

    Examples
    --------
    >>> items = read_library("songs").items
    >>> [len(block.songs) for _, block in predict_in_blocks("models/mine", items, size=10)]
    [10, 6]
    """
    from classify.inference import predicted_block
    from classify.inference.tasks import loaded

    done = 0
    with counting(progress, "Judging songs", "song") as count:
        for chosen, block in predicted_block.in_blocks(loaded(model), items, size, sure):
            yield chosen, block
            done += len(chosen)
            count(done, len(items))


@stored(reads=["model"])
def warn_of_library(
    model: "Bundle | str | Path",
    statistics: "np.ndarray | Sequence[Any]",
    origins: "Sequence[str]" = (),
) -> str:
    """Say whether a library as a whole is another kind of music than a model learned from.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    statistics : array, shape (n_songs, n_statistics)
        What each song is like, as `PredictedBlock.songs` has it.
    origins : sequence of str
        Where the notes of its songs come from, as a Song has it.

    Returns
    -------
    str
        A sentence; empty where there is nothing to warn of.
    """
    import numpy as np

    from classify.inference.prediction_record import warning
    from classify.inference.tasks import loaded

    bundle = loaded(model)
    unknown = sum(not bundle.knows(origin) for origin in origins)
    return warning(bundle.novelty.domain_auc(np.asarray(statistics, float)), unknown)


@stored(reads=["source"])
def read_song(source: str | Path, digest: str = "") -> "Song":
    """Read one song of a file, or of an archive or a collection of tunes.

    Parameters
    ----------
    source : str or Path
        The file.
    digest : str
        Which of its songs; the first unless given.

    Raises
    ------
    InputError
        If the file is gone, or holds no such song any more.

    Examples
    --------
    >>> read_song("songs/Happy/00.mid").n_notes
    40
    """
    library = read_library(on_disk(Path(source)))
    songs = [item.song for item in library.items if digest in ("", item.song.digest)]
    if not songs:
        raise InputError(f"{source}: was changed since it was read; read the library again")
    return songs[0]


def statistics_of(block: "PredictedBlock") -> "np.ndarray":
    """Give what each song of a block is like, a row a song.

    Parameters
    ----------
    block : PredictedBlock
        As `predict_in_blocks` gives it.
    """
    from classify.inference.predicted_block import statistics_of

    return statistics_of(block.songs)


@stored(reads=["folder"])
def about_model(folder: str | Path) -> "dict[str, Any]":
    """Say what a trained model is, whichever kind, after the same checks as when it is used.

    Parameters
    ----------
    folder : str or Path
        That train wrote.

    Returns
    -------
    dict
        `kind` (classifier or generator), `id`, `name`, `title`, `corpus`, `classes`, `card` (what
        its card says, as Markdown), and `knobs`, the wishes that a generator takes account of.

    Examples
    --------
    >>> about = about_model("models/mine")
    >>> about["kind"], about["classes"]
    ('classifier', ['Calming', 'Happy'])
    """
    from classify.inference import saved_generator, saved_model

    folder = Path(folder)
    card = (folder / saved_model.CARD).read_text(encoding="utf-8") if folder.is_dir() else ""
    if saved_generator.is_generator(folder):
        made = saved_generator.load(folder)
        about, knobs = made.about, sorted(made.generator.takes)
        return {"kind": "generator", "id": about.sha256, "name": made.name, "title": about.title,
                "corpus": about.corpus.name, "classes": about.moods, "card": card,
                "knobs": knobs}  # fmt: skip
    bundle = saved_model.load(folder)
    return {"kind": "classifier", "id": bundle.id, "name": bundle.name,
            "title": bundle.about.model.title, "corpus": bundle.about.corpus.name,
            "classes": bundle.classes, "card": card, "knobs": []}  # fmt: skip


def most_bytes(name: str) -> int:
    """Give how large a file may be to be read, by its name's ending; 0 for what is no song.

    Parameters
    ----------
    name : str
        Of a file: a song in any of the formats, or a zip archive.

    Examples
    --------
    >>> most_bytes("a.mid") > 10**6, most_bytes("a.exe")
    (True, 0)
    """
    from classify.songs import archive
    from classify.songs.formats import kind_of

    if name.lower().endswith(archive.ENDING):
        return MOST_ARCHIVE
    kind = kind_of(name)
    return kind.most_bytes if kind else 0


@stored(reads=["model"])
def explain_song(model: "Bundle | str | Path", song: "Song", label: str = "") -> dict[str, Any]:
    """Say why a model predicts what it does of one song, for a program that shows it.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    song : Song
        As `read_song` gives it.
    label : str
        The class to explain; what is predicted unless given.

    Returns
    -------
    dict
        `paragraph`, `label`, and `weights`: what each note says of the label, from -1 (most
        against it) to 1, in the order of the song's notes.

    Examples
    --------
    >>> why = explain_song("models/mine", read_song("songs/Happy/00.mid"))
    >>> why["label"], len(why["weights"])
    ('Happy', 40)
    """
    from classify.inference.explain.song import explain, of_bundle
    from classify.inference.tasks import loaded

    bundle = loaded(model)
    explanation = explain(of_bundle(bundle), song, label, bundle.about.profiles)
    weights = explanation.attributions.notes
    most = float(abs(weights).max(initial=0.0)) or 1.0
    return {"paragraph": explanation.paragraph, "label": explanation.label,
            "weights": [round(float(w), 4) for w in weights / most]}  # fmt: skip


def nearest(statistics: Sequence[float], others: Sequence[Sequence[float]], n: int) -> list[int]:
    """Find the songs that are most like one, each number measured by how far it varies.

    Parameters
    ----------
    statistics : sequence of float
        What the song is like, a row of `statistics_of`.
    others : sequence of sequence of float
        The same of other songs.
    n : int
        How many to find.

    Returns
    -------
    list of int
        Their places among the others, the nearest first.

    Examples
    --------
    >>> nearest([0.0, 0.0], [[3.0, 1.0], [0.1, 0.0], [1.0, 1.0]], 2)
    [1, 2]
    """
    import numpy as np

    table = np.nan_to_num(np.array(others, float).reshape(len(others), -1))
    scale = table.std(axis=0) if len(table) else np.ones(1)
    scale = np.where(scale > 0, scale, 1.0)
    far = np.square((table - np.nan_to_num(np.array(statistics, float))) / scale).sum(axis=1)
    return [int(place) for place in np.argsort(far, kind="stable")[:n]]


@stored(reads=["model"])
def songs_to_label(
    model: "Bundle | str | Path",
    p: Sequence[dict[str, float]],
    statistics: Sequence[Sequence[float]],
    n: int = 10,
) -> list[tuple[int, str]]:
    """Choose, of songs that were judged, those whose labels would teach a model most.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    p : sequence of dict
        Probability of each mood, for each song.
    statistics : sequence of sequence of float
        What each song is like, rows of `statistics_of`.
    n : int
        How many to choose.

    Returns
    -------
    list of (int, str)
        Place of each among the songs given, and why; the most telling first.
    """
    import numpy as np

    from classify.inference import personalise
    from classify.inference.tasks import loaded

    if not p:
        raise InputError(
            "no song can be suggested: all are labelled, or the model learned from them, or they "
            "are unlike anything that it learned from; add a library of other songs"
        )
    bundle = loaded(model)
    place = (np.array(statistics, float) - bundle.novelty.centre) / bundle.novelty.scale
    table = np.array([[row[mood] for mood in bundle.classes] for row in p])
    chosen, reasons = personalise.most_telling(table, place, bundle.classes, n)
    return list(zip(chosen, reasons, strict=True))
