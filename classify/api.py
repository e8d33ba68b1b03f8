"""All that the toolkit does, as functions: notebooks, scripts and the command line call these.

    from classify import compare, load_run

    run = compare("songs", folds=5, models="baselines")
    run.table()          # models by scores, with intervals
    run.differences()    # the best model against each other one
    run.songs("svm")     # predictions song by song, the most confidently wrong first

    model = train("songs", "models/mine")
    moods = predict(model, "library")
    playlist(moods, "Calming", "evening.m3u8", start="Sports", minutes=30)

Each function is behind a command, with the same options, defaults and refusals; the command line
reads their help texts here (`classify.options`). What takes long is imported when it is needed.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classify.compute.executor import needing_dask, on_cluster
from classify.errors import InputError
from classify.experiments.settings import Settings, check_count, check_seed
from classify.files import read_json
from classify.inference.generating import (
    bars_of,
    enrich,
    export_made_song,
    generate,
    has_sound,
    list_generators,
    loaded_generator,
    make_song,
    read_made_song,
)
from classify.inference.libraries import (
    about_model,
    built_in,
    explain_song,
    most_bytes,
    nearest,
    predict_in_blocks,
    read_library,
    read_song,
    songs_to_label,
    statistics_of,
    warn_of_library,
)
from classify.inference.places import map_library, read_map
from classify.inference.spaces import (
    answer,
    change_mood,
    interpolate,
    map_songs,
    mix,
    reconstruct,
    slide,
)
from classify.inference.tasks import (
    adapt,
    explain,
    explain_run,
    is_run,
    loaded,
    predict,
    suggest,
    train,
)
from classify.models.pretraining_settings import PretrainingSettings
from classify.options import as_names, check_names
from classify.playlists.editing import (
    arrange_playlist,
    build_playlists,
    describe_playlist,
    export_playlist,
)
from classify.playlists.output import Output, PlaylistFiles, wishes_of, write_files
from classify.playlists.request import Request
from classify.progress import SILENT, Progress
from classify.storage import stored

if TYPE_CHECKING:
    import pandas as pd

    from classify.corpora.transcribe import Transcribed
    from classify.experiments.corpus_summary import CorpusSummary
    from classify.inference.saved_model import Bundle
    from classify.playlists.library import PredictedLibrary
    from classify.playlists.playlist import Playlist
    from classify.report.run import Run

#: Endings of tables that `predict` wrote; anything else is a library of songs.
PREDICTED = (".csv", ".parquet")


# --- comparisons


@stored(reads=["corpus", "init"], writes=["out"])
def compare(
    corpus: str | Path = "folk",
    *,
    out: str | Path | None = None,
    jobs: int | None = None,
    cluster: str = "",
    command: str = "",
    progress: Progress = SILENT,
    **settings: Any,
) -> "Run":
    """Compare models on a corpus and write a report; go on where a run that was stopped ended.

    In a script, call it below `if __name__ == "__main__":`, since models train in processes that
    import the script.

    Parameters
    ----------
    corpus : str or Path
        As in `classify.experiments.settings.Settings`.
    out : str or Path, optional
        The run's folder; unless given, results/<corpus> and what differs from the defaults.
    jobs : int, optional
        Fits at the same time; one per core unless given.
    cluster : str
        Work on a Dask cluster: tcp:// or tls:// address of its scheduler, its scheduler.json, or
        local:N for N workers here.
    command : str
        What to record as the command; this call unless given.
    progress : Progress
        Shows progress.
    **settings
        Any field of `Settings`; `models` and `channels` may be one text, with commas.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If the corpus cannot be read or split as asked, a setting makes no sense, or `out` holds
        something else.

    Examples
    --------
    >>> run = compare("songs", models="knn", window=16, quick=True, out="results/songs")
    >>> run.models, run.page.name
    (['knn', 'majority'], 'report.html')
    """
    from classify.experiments import comparison

    check_count("jobs", jobs)
    chosen = Settings.of(corpus, settings)
    where = Path(out) if out else None
    with on_cluster(cluster, jobs, where or Path("results")) as executor:
        folder = comparison.compare(
            chosen, where, jobs, progress, command or None, executor=executor
        )
    run = load_run(folder)
    run.report()
    return run


@stored(reads=["corpus"], writes=["out"])
def compare_generators(
    corpus: str | Path = "folk",
    *,
    models: str | Sequence[str] = "copy,markov,unigram",
    songs: int = 50,
    judge: str = "recommended",
    window: int | None = None,
    epochs: int | None = None,
    quick: bool = False,
    seed: int = 0,
    out: str | Path | None = None,
    jobs: int | None = None,
    cluster: str = "",
    command: str = "",
    progress: Progress = SILENT,
) -> Path:
    """Compare generators on a corpus and write a report; go on where a stopped one ended.

    Parameters
    ----------
    corpus : str or Path
        A folder of labelled songs, or the name of a corpus; folk unless given.
    models : str or sequence of str
        Generators to compare; in a text, with commas.
    songs : int
        New songs of each class by each generator.
    judge : str
        The classifier that says of which class each new song is.
    window : int, optional
        Notes in the judge's windows; the corpus's own unless given.
    epochs : int, optional
        Of generators that are networks.
    quick : bool
        Small networks and grids: a quick check, not for publication.
    seed : int
        Random seed.
    out : str or Path, optional
        The folder; unless given, results/<corpus>-generators.
    jobs : int, optional
        Generators at the same time; two unless given.
    cluster : str
        As for `compare`.
    command : str
        What to record as the command; this call unless given.
    progress : Progress
        Shows progress.

    Returns
    -------
    Path
        The report, report.html.

    Raises
    ------
    InputError
        If the corpus cannot be read or divided, a name is unknown, or `out` holds something else.

    Examples
    --------
    >>> page = compare_generators("songs", models="unigram,copy", songs=2, quick=True, window=16,
    ...                           judge="features-logistic", out="results/generators")
    >>> page.name
    'report.html'
    """
    from classify.generation import comparison, parts
    from classify.models import registry
    from classify.report.generators import write_generators_report

    check_count("jobs", jobs)
    check_seed(seed)
    name = registry.RECOMMENDED if judge == "recommended" else judge
    settings = parts.ComparisonSettings(
        str(corpus), as_names(models), songs, name, window, epochs, quick, seed
    )
    where = Path(out) if out else Path("results") / f"{Path(str(corpus)).name}-generators"
    said = command or f"compare_generators({str(corpus)!r}, models={','.join(as_names(models))!r})"
    with on_cluster(cluster, jobs, where) as executor:
        folder = comparison.compare(settings, where, progress, said, jobs, executor)
    return write_generators_report(folder)


@stored(reads=["corpora", "init"], writes=["out"])
def compare_corpora(
    corpora: Sequence[str | Path],
    *,
    out: str | Path = "results",
    jobs: int | None = None,
    cluster: str = "",
    command: str = "",
    progress: Progress = SILENT,
    **settings: Any,
) -> "tuple[list[Run], Path | None]":
    """Compare models on several corpora, one after another, and lay the runs side by side.

    Parameters
    ----------
    corpora : sequence of str or Path
        Each as for `compare`.
    out : str or Path
        Where the folders of the runs go, and the page, in `side-by-side`.
    jobs, cluster, command, progress, **settings
        As for `compare`.

    Returns
    -------
    list of Run
    Path or None
        The page; None if a model failed, since the runs may not be comparable.

    Examples
    --------
    >>> runs, page = compare_corpora(["songs", "more"], models="knn", window=16, quick=True)
    >>> [run.best for run in runs], page.name
    (['knn', 'knn'], 'side-by-side.html')
    """
    from classify.experiments import comparison

    check_count("jobs", jobs)
    each = [Settings.of(corpus, settings) for corpus in corpora]
    with on_cluster(cluster, jobs, Path(out)) as executor:
        folders = [
            comparison.compare(one, None, jobs, progress, command or None, Path(out), executor)
            for one in each
        ]
    runs = [load_run(folder) for folder in folders]
    for run in runs:
        run.report()
    failed = any(run.failures for run in runs)
    return runs, None if failed else side_by_side(folders, Path(out) / "side-by-side")


@stored(reads=["folder"])
def load_run(folder: str | Path) -> "Run":
    """Open a finished run.

    Parameters
    ----------
    folder : str or Path
        Where it is.

    Raises
    ------
    InputError
        If the folder holds none, or it has not finished.

    Examples
    --------
    >>> load_run("results/songs").best
    'knn'
    """
    from classify.report.run import Run
    from classify.report.run_view import read_view

    return Run(read_view(Path(folder)))


@stored(writes=["run"])
def report(run: str | Path) -> Path:
    """Write a run's report again, from its files.

    Parameters
    ----------
    run : str or Path
        The run's folder.

    Returns
    -------
    Path
        The report as one HTML page.

    Examples
    --------
    >>> report("results/songs").name
    'report.html'
    """
    return load_run(run).report()


@stored(writes=["runs", "out"])
def side_by_side(
    runs: Sequence[str | Path], out: str | Path | None = None, *, names: str | Sequence[str] = ()
) -> Path:
    """Lay runs side by side, on one corpus or on several.

    Parameters
    ----------
    runs : sequence of str or Path
        Folders of runs, two at least.
    out : str or Path, optional
        Where the side-by-side page goes; into the first run's folder unless given.
    names : str or sequence of str
        What the side-by-side page calls the runs, a different name each; in a text, with commas.

    Returns
    -------
    Path
        The page.

    Examples
    --------
    >>> side_by_side(["results/songs", "results/again"]).name
    'side-by-side.html'
    """
    from classify.report.side_by_side import write_side_by_side

    folders = [Path(run) for run in runs]
    return write_side_by_side(folders, Path(out) if out else folders[0], as_names(names))


# --- corpora


@stored(reads=["corpus"])
def show_corpus(
    corpus: str | Path,
    window: int | None = None,
    hop: int | None = None,
    progress: Progress = SILENT,
) -> "CorpusSummary":
    """Look at a corpus before any model does.

    Parameters
    ----------
    corpus : str or Path
        As for `compare`.
    window : int, optional
        Notes in a window; the built-in corpus's own, or 800, unless given.
    hop : int, optional
        Notes between window starts; a window unless given.
    progress : Progress
        Shows progress.

    Examples
    --------
    >>> show_corpus("songs", window=16).per_class.songs.to_dict()
    {'Calming': 8, 'Happy': 8, 'all': 16}
    """
    from classify.experiments.corpus_summary import summarise

    return summarise(str(corpus), window, hop, progress)


@stored(reads=["corpus"])
def check_corpus(corpus: str) -> tuple[bool, list[str]]:
    """Say what a copy of a published corpus lacks, or has too much.

    Parameters
    ----------
    corpus : str
        Name and folder of the copy, such as emopia:PATH.

    Returns
    -------
    bool
        Whether the copy is complete.
    list of str
        What there is to say of it, in sentences.

    Examples
    --------
    >>> check_corpus("songs")
    Traceback (most recent call last):
    classify.errors.InputError: songs: is not a copy of a published corpus; expected one of ...
    """
    from classify.experiments.corpus_summary import check

    return check(corpus)


def list_corpora() -> str:
    """List built-in and published corpora, and their licences.

    Examples
    --------
    >>> "emopia:PATH" in list_corpora()
    True
    """
    from classify.experiments.corpus_summary import listing

    return listing()


def cache(forget: Literal["problems", "descriptions", ""] = "") -> str:
    """Say where songs that were read are kept, how many, how many could not be read, and how large.

    Parameters
    ----------
    forget : str
        Forget which files could not be read (problems), so that they are tried again, or what was
        computed of songs (descriptions).

    Examples
    --------
    >>> "songs are kept" in cache(forget="problems")
    True
    """
    from classify.corpora.store import Store

    if forget not in ("problems", "descriptions", ""):
        raise InputError(f"--forget {forget}: expected problems or descriptions")
    return Store.of_user().about(forget)


@stored()
def doctor(cluster: str = "local:1", out: str | Path = "results") -> tuple[bool, list[str]]:
    """Say which workers a Dask cluster has, and whether they and its disk can be used.

    Parameters
    ----------
    cluster : str
        As for `compare`: an address, scheduler.json, or local:N.
    out : str or Path
        Where results are to go; its disk is tried.

    Returns
    -------
    bool
        Whether all is well.
    list of str
        What there is to say, in lines.

    Examples
    --------
    >>> doctor("tcp://:none")
    Traceback (most recent call last):
    classify.errors.InputError: --cluster tcp://:none: no scheduler can be reached there ...
    """
    with needing_dask(cluster):
        from classify.compute.dask.doctor import examine
    return examine(cluster, Path(out))


@stored(reads=["source"], writes=["out"])
def transcribe(
    source: str | Path,
    out: str | Path,
    force: bool = False,
    progress: Progress = SILENT,
    *,
    transcriber: Literal["basic-pitch", "transkun"] = "basic-pitch",
) -> "Transcribed":
    """Make MIDI files of recordings.

    Parameters
    ----------
    source : str or Path
        A recording, or a folder of recordings.
    out : str or Path
        A .mid file, or a folder.
    force : bool
        Replace existing MIDI files.
    progress : Progress
        Shows progress.
    transcriber : {"basic-pitch", "transkun"}
        basic-pitch hears any instrument; transkun hears pianos, takes ten times as long, and needs
        `make piano` once.

    Returns
    -------
    Transcribed
        Which files were written, and which recordings were not transcribed, and why.

    Examples
    --------
    >>> transcribe("songs", "transcribed")
    Traceback (most recent call last):
    classify.errors.InputError: songs: holds no recording; expected a recording ...
    """
    from classify.corpora.transcribe import transcribe as transcribe_all

    return transcribe_all(Path(source), Path(out), force, progress, transcriber)


# --- models


@stored(reads=["songs"], writes=["out"])
def pretrain(
    *songs: str | Path,
    out: str | Path,
    command: str = "",
    progress: Progress = SILENT,
    **settings: Any,
) -> Path:
    """Pretrain the encoder of a network on songs without labels; go on where it was stopped.

    Parameters
    ----------
    *songs : str or Path
        Files, folders, zip archives.
    out : str or Path
        The folder of the weights.
    command : str
        What to record as the command.
    progress : Progress
        Shows progress.
    **settings
        Fields of `classify.models.pretraining_settings.PretrainingSettings`.

    Returns
    -------
    Path
        `out`, which `compare` and `train` take as `init`.

    Examples
    --------
    >>> pretrain("songs", out="weights", window=16, epochs=1).name  # doctest: +SKIP
    'weights'
    """
    from classify.models import pretraining

    check_names(settings, PretrainingSettings.__dataclass_fields__, "setting")
    sources = [Path(source) for source in songs]
    return pretraining.pretrain(
        sources, Path(out), PretrainingSettings(**settings), progress, command
    )


# --- playlists


@stored(reads=["model", "library", "moods"], writes=["out"])
def playlists(
    model: "Bundle | str | Path",
    *library: str | Path,
    mood: str,
    moods: str | Path | None = None,
    artist_folder: int = 1,
    progress: Progress = SILENT,
    **wishes: Any,
) -> PlaylistFiles:
    """Make playlists for a mood from a library of songs, each with a picture of its moods.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    *library : str or Path
        Files, folders and zip archives of songs, or a table that `predict` wrote with this model
        (.csv, .parquet).
    mood : str
        The mood to reach and to hold; several are joined by +, as Calming+Nostalgia.
    moods : str or Path, optional
        A file with valence, arousal, tempo band and neighbours of each mood (.toml, .json).
    artist_folder : int
        As for `predict`.
    progress : Progress
        Shows progress.
    **wishes
        Fields of `Request` and `Limits` in `classify.playlists.request` (minutes, start, pins,
        tempo, ...) and of `classify.playlists.output.Output` (out, formats, ...).

    Examples
    --------
    >>> made = playlists("models/mine", "songs", mood="Calming", minutes=1, out="evening.xspf",
    ...                  min_confidence=0.5, tempo_change=None, loudness_change=None)
    >>> [path.name for path in made.paths]
    ['evening.xspf', 'evening.svg']
    """
    request, output = wishes_of(mood, wishes)
    bundle = loaded(model)
    songs, remarks, follow = _library(bundle, [Path(s) for s in library], artist_folder, progress)
    return _written(songs, request, output, bundle.name, moods, remarks, follow)


@stored(writes=["out"])
def playlist(
    predicted: "pd.DataFrame",
    mood: str,
    out: str | Path = "playlist",
    model: str = "",
    **wishes: Any,
) -> "Playlist":
    """Make one playlist of songs that were predicted, as `playlists` does.

    Parameters
    ----------
    predicted : DataFrame
        As `predict` gives it.
    mood, out, **wishes
        As for `playlists`; `out` may end in the one format that is wanted.
    model : str
        What to call the model in the file.

    Examples
    --------
    >>> evening = playlist(predict("models/mine", "songs"), "Happy", "party.m3u8", minutes=1,
    ...                    min_confidence=0.5, tempo_change=None, loudness_change=None)
    >>> evening.seconds <= 60
    True
    """
    request, output = wishes_of(mood, wishes | {"out": out, "n_lists": 1})
    return _written(predicted, request, output, model or "unnamed").playlists[0]


def _library(
    bundle: "Bundle", sources: list[Path], artist_folder: int, progress: Progress
) -> "tuple[PredictedLibrary, list[str], Callable[[set[str]], pd.DataFrame]]":
    """Predict a library, or read what was predicted; give remarks, and what follows its songs."""
    from classify.inference import prediction
    from classify.playlists.library import library_from_table, read_library

    if len(sources) == 1 and sources[0].suffix.lower() in PREDICTED:
        songs = read_library(sources[0])
        if set(songs.moods) != set(bundle.classes):
            raise InputError(
                f"{sources[0]}: has the moods {', '.join(songs.moods)}, and the model has "
                f"{', '.join(bundle.classes)}; give a table that this model predicted"
            )
        about = sources[0].with_name(f"{sources[0].stem}.about.json")
        warning = read_json(about).get("warning") if about.is_file() else ""
        return songs, [warning] if warning else [], partial(prediction.course_of_files, bundle)
    predicted = prediction.predict(bundle, sources, progress=progress, artist_folder=artist_folder)
    remarks = [predicted.about["warning"]] if predicted.about["warning"] else []
    remarks += [f"left out: {item.name} {item.reason}" for item in predicted.skipped]
    follow = partial(prediction.course_of, bundle, predicted.items)
    return library_from_table(predicted.table, str(sources[0])), remarks, follow


def _written(
    songs: "PredictedLibrary | pd.DataFrame",
    request: Request,
    output: Output,
    model: str,
    moods: str | Path | None = None,
    remarks: Sequence[str] = (),
    follow: "Callable[[set[str]], pd.DataFrame] | None" = None,
) -> PlaylistFiles:
    from classify.playlists.build import build
    from classify.playlists.library import library_from_table
    from classify.playlists.moods import read_moods
    from classify.playlists.playlist import Provenance

    table = library_from_table(songs) if not hasattr(songs, "moods") else songs
    known = read_moods(Path(moods), table.moods) if moods else None
    made = Provenance(model, datetime.now(UTC).isoformat(timespec="seconds"))
    lists = build(table, request, known)
    if follow:
        windows = follow({entry.song for one in lists for entry in one.entries})
        lists = [one.followed(windows) for one in lists]
    return write_files(lists, output, made, remarks)


__all__ = [
    "about_model", "adapt", "answer", "arrange_playlist", "bars_of", "build_playlists", "built_in",
    "cache", "change_mood", "check_corpus", "compare", "compare_corpora", "compare_generators",
    "describe_playlist", "doctor", "enrich", "explain", "explain_run", "explain_song",
    "export_made_song", "export_playlist", "generate", "has_sound", "interpolate", "is_run",
    "list_corpora", "list_generators", "load_run", "loaded", "loaded_generator", "make_song",
    "map_library", "map_songs", "mix", "most_bytes", "nearest", "playlist", "playlists", "predict",
    "predict_in_blocks", "pretrain", "read_library", "read_made_song", "read_map", "read_song",
    "reconstruct", "report", "show_corpus", "side_by_side", "slide", "songs_to_label",
    "statistics_of", "suggest", "train", "transcribe", "warn_of_library",
]  # fmt: skip
