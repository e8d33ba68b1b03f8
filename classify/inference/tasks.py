"""What can be done with a trained model, as `classify.api` offers it: train, predict, explain, ...

Options, defaults and help texts stand in these signatures and docstrings, where the command line
reads them; so what takes long is imported when it is needed.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.compute.executor import on_cluster
from classify.errors import InputError
from classify.experiments.settings import CALIBRATION_FOLDS, Settings, check_count
from classify.options import check_names, flag
from classify.progress import SILENT, Progress
from classify.storage import stored

if TYPE_CHECKING:
    import pandas as pd

    from classify.corpora.walk import Skipped
    from classify.inference.explain.songs import ExplainedSongs
    from classify.inference.personalise import Report
    from classify.inference.saved_generator import SavedGenerator
    from classify.inference.saved_model import Bundle

#: Settings of a comparison that `train` takes too.
TRAINED = ("window", "hop", "channels", "recipe", "epochs", "seed", "quick", "init", "sets",
           "recordings", "transcriber")  # fmt: skip


@stored(reads=["corpus", "origin", "init"], writes=["out"])
def train(
    corpus: str | Path | None,
    out: str | Path,
    model: str = "",
    *,
    origin: str | Path | None = None,
    folds: int = CALIBRATION_FOLDS,
    jobs: int | None = None,
    cluster: str = "",
    force: bool = False,
    command: str = "",
    progress: Progress = SILENT,
    **settings: Any,
) -> "Bundle | SavedGenerator":
    """Train one model, a classifier or a generator, on all songs of a corpus; keep it in a folder.

    Parameters
    ----------
    corpus : str, Path or None
        As for `compare`; None where a run says it. A generator takes songs without labels, too.
    out : str or Path
        The model's folder.
    model : str
        A model's name; the recommended classifier, or the best of the run, unless given. That of
        a generator makes new songs with generate.
    origin : str or Path, optional
        Take corpus, settings and the best model (or the one that is named) of this comparison.
    folds : int
        Folds of whole songs that probabilities are calibrated on.
    jobs : int, optional
        Fits at the same time; one per core unless given.
    cluster : str
        As for `compare`.
    force : bool
        Replace an existing model.
    command : str
        What to record as the command; this call unless given.
    progress : Progress
        Shows progress.
    **settings
        Of those for `compare`: window, hop, channels, recipe, epochs, seed, quick, init.

    Returns
    -------
    Bundle or SavedGenerator
        The trained model, loaded from its folder.

    Examples
    --------
    >>> model = train("songs", "models/new", "features-logistic", window=16, folds=3)
    >>> model.classes
    ['Calming', 'Happy']
    >>> train("songs", "models/composer", "markov").about.moods
    ['Calming', 'Happy']
    """
    from classify.generation import generator as generators

    if (corpus is None) == (origin is None):
        raise InputError("train: name either a CORPUS, or a run with --from")
    check_count("jobs", jobs)
    check_names(settings, dict.fromkeys(TRAINED), "setting")
    if model in generators.names():
        others = {
            "from": origin,
            "jobs": jobs,
            "cluster": cluster or None,
            "folds": folds if folds != CALIBRATION_FOLDS else None,
        }
        given = settings | {name: value for name, value in others.items() if value is not None}
        return _train_generator(str(corpus), Path(out), model, given, force, command, progress)
    from classify.inference import saved_model, training, training_plan

    if origin is not None:
        if settings:
            raise InputError(
                f"--{flag(next(iter(settings)))}: goes with a CORPUS; --from takes it from the run"
            )
        plan = training_plan.plan_of_run(Path(origin), model or None, folds)
    else:
        plan = training_plan.plan(
            Settings.of(str(corpus), settings | {"folds": folds}), model or "recommended"
        )
    with on_cluster(cluster, jobs, Path(out)) as executor:
        folder = training.train(plan, Path(out), jobs, progress, command, force, executor)
    return saved_model.load(folder)


def _train_generator(
    corpus: str,
    out: Path,
    model: str,
    given: dict[str, Any],
    force: bool,
    command: str,
    progress: Progress,
) -> "SavedGenerator":
    from classify.inference import generator_training, saved_generator

    return saved_generator.load(
        generator_training.train(corpus, model, out, given, progress, command, force)
    )


@stored(reads=["model", "songs"], writes=["out", "course"])
def predict(
    model: "Bundle | str | Path",
    *songs: str | Path,
    out: str | Path | None = None,
    course: str | Path | None = None,
    artist_folder: int = 1,
    sure: float = 0.5,
    jobs: int | None = None,
    cluster: str = "",
    progress: Progress = SILENT,
) -> "pd.DataFrame":
    """Predict the moods of new songs, and how confident the model is.

    Parameters
    ----------
    model : Bundle, str or Path
        A folder that train wrote; in Python, also what train returned.
    *songs : str or Path
        Files, folders, zip archives.
    out : str or Path, optional
        A .csv, .json or .parquet file to write.
    course : str or Path, optional
        A .csv or .parquet file for the moods window by window.
    artist_folder : int
        Which folder below the songs names the artist, where file names do not: 1 for artist/song, 2
        for genre/artist/song, 0 for none.
    sure : float
        Minimum confidence for a prediction where several moods are likely.
    jobs : int, optional
        Processes at the same time at most; one per core unless given.
    cluster : str
        As for `compare`; `out` says where the table is written while it grows.
    progress : Progress
        Shows progress.

    Returns
    -------
    DataFrame
        A row a song; `classify.inference.prediction` describes its columns.

    Examples
    --------
    >>> moods = predict("models/mine", "songs")
    >>> len(moods), "p:Calming" in moods
    (16, True)
    """
    from classify.inference import prediction

    check_count("jobs", jobs)
    sources = [Path(source) for source in songs]
    targets = Path(out) if out else None, Path(course) if course else None
    if cluster:
        given = (loaded(model), sources, *targets, sure, progress, artist_folder)
        return _predict_on_cluster(cluster, jobs, *given)
    predictions = prediction.predict(
        loaded(model), sources, *targets, sure, progress, artist_folder, jobs
    )
    predictions.table.attrs |= predictions.about | {
        "skipped": [vars(item) for item in predictions.skipped]
    }
    return predictions.table


def _predict_on_cluster(
    cluster: str,
    jobs: int | None,
    model: "Bundle",
    sources: list[Path],
    out: Path | None,
    *given: Any,
) -> "pd.DataFrame":
    """Predict in batches, and read the table again."""
    from classify.inference import prediction

    if out is None:
        raise InputError(f"--cluster {cluster}: name the table that is written with --out")
    with on_cluster(cluster, jobs, out) as executor:
        assert executor is not None
        about = prediction.predict_in_batches(model, sources, out, executor, *given)
    table = prediction.read(out)
    table.attrs |= about | {"skipped": [vars(item) for item in about["skipped"]]}
    return table


@stored(reads=["model"], writes=["out"])
def adapt(
    model: "Bundle | str | Path",
    labels: str | Path,
    out: str | Path,
    force: bool = False,
    progress: Progress = SILENT,
) -> "tuple[Report, list[Skipped]]":
    """Adapt a model to one listener's own labels, if that helps.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    labels : str or Path
        A CSV file with the columns path and label (and group, if you like).
    out : str or Path
        The adapted model's folder.
    force : bool
        Write it even if predictions get worse; replace an existing model.
    progress : Progress
        Shows progress.

    Returns
    -------
    Report
        Whether it helps, each song predicted without its own label; if it `hurts`, nothing was
        written unless forced.
    list of Skipped
        Songs that were not used, and why.

    Examples
    --------
    >>> report, skipped = adapt("models/mine", "listener", "models/adapted", force=True)
    >>> report.songs
    4
    """
    from classify.inference import personalise

    return personalise.adapt(loaded(model), Path(labels), Path(out), force, progress)


@stored(reads=["model", "songs"], writes=["out"])
def suggest(
    model: "Bundle | str | Path",
    *songs: str | Path,
    n: int = 10,
    out: str | Path = "my-labels.csv",
    progress: Progress = SILENT,
) -> "pd.DataFrame":
    """Name the songs of a library whose labels would help a model most.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    *songs : str or Path
        Files, folders.
    n : int
        How many songs.
    out : str or Path
        Where the list goes, a CSV file to be filled in and given to `adapt`.
    progress : Progress
        Shows progress.

    Returns
    -------
    DataFrame
        What was written: one row per song, with the reason.

    Examples
    --------
    >>> len(suggest("models/mine", "listener", n=2, out="my-labels.csv"))
    2
    """
    from classify.inference import personalise, prediction

    target = Path(out)
    if n < 1:
        raise InputError(f"-n {n}: expected a whole number from 1 up")
    prediction.check_target(target, (".csv",))
    if target.exists():
        raise InputError(f"{target}: is there already; name another file with --out")
    bundle = loaded(model)
    predictions = prediction.predict(bundle, [Path(source) for source in songs], progress=progress)
    table = personalise.suggest(predictions, bundle, n, target)
    personalise.write_suggestions(table, target)
    table.attrs |= {"labels": bundle.classes, "file": str(out)}
    return table


@stored(reads=["model", "songs"], writes=["out"])
def explain(
    model: "Bundle | str | Path",
    *songs: str | Path,
    label: str = "",
    out: str | Path = "explained",
    progress: Progress = SILENT,
) -> "ExplainedSongs":
    """Explain why a trained model predicts what it does of songs: a picture and a paragraph each.

    Parameters
    ----------
    model : Bundle, str or Path
        As for `predict`.
    *songs : str or Path
        Files, folders, zip archives.
    label : str
        The class to explain; what is predicted unless given.
    out : str or Path
        Where the files go.
    progress : Progress
        Shows progress.

    Examples
    --------
    >>> explained = explain("models/mine", "songs/Happy/00.mid")
    >>> explained.pictures[0].name
    '00.svg'
    """
    from classify.inference.explain.songs import explain_songs

    if isinstance(model, str | Path) and is_run(model):
        raise InputError(
            f"{model}: is a run, which says what its models rest on; to explain a song, train a "
            f"model of it (classify train --from {model})"
        )
    if not songs:
        raise InputError(f"{model}: name the songs to explain, or the folder of a run")
    sources = [Path(source) for source in songs]
    return explain_songs(loaded(model), sources, Path(out), label, progress)


@stored(reads=["folder"])
def is_run(folder: str | Path) -> bool:
    """Tell the folder of a run, which `explain_run` takes, from that of a model.

    Parameters
    ----------
    folder : str or Path
        Of one or the other.

    Examples
    --------
    >>> is_run("results/songs"), is_run("models/mine")
    (True, False)
    """
    return (Path(folder) / "run.json").is_file()


@stored(writes=["run"])
def explain_run(run: str | Path, of: str = "", progress: Progress = SILENT) -> "pd.DataFrame":
    """Measure the feature importance of a model of a run on its test songs; write importance.csv.

    Parameters
    ----------
    run : str or Path
        The run's folder.
    of : str
        Which of the run's models; the best unless given.
    progress : Progress
        Shows progress.

    Returns
    -------
    DataFrame
        What was written; `classify.inference.explain.run` describes its columns.

    Examples
    --------
    >>> set(explain_run("results/songs").level)
    {'channel'}
    """
    import pandas as pd

    from classify.inference.explain.run import write_importance

    return pd.read_csv(write_importance(Path(run), of, progress), keep_default_na=False)


@stored(reads=["model"])
def loaded(model: "Bundle | str | Path") -> "Bundle":
    """Load a model, if it is not loaded yet.

    Parameters
    ----------
    model : Bundle, str or Path
        A trained model, or its folder.
    """
    from classify.inference import saved_model

    return saved_model.loaded(model)
