"""Comparisons of models and of generators: run them, open what they came to, lay runs side by side.

What they may need is here, too: encoders learned from songs without labels, and a cluster.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.compute.executor import needing_dask, on_cluster
from classify.experiments.settings import Settings, check_count, check_seed
from classify.models.pretraining_settings import PretrainingSettings
from classify.options import as_names, check_names
from classify.progress import SILENT, Progress
from classify.storage import stored

if TYPE_CHECKING:
    from classify.report.run import Run


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
        A folder of songs, or the name of a corpus; folk unless given. Songs without classes are
        compared in all but whether moods are met.
    models : str or sequence of str
        Generators to compare, or all; in a text, with commas.
    songs : int
        New songs of each class by each generator; in all where there are no classes.
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
    names = as_names(models)
    settings = parts.ComparisonSettings(
        str(corpus), parts.named(names), songs, name, window, epochs, quick, seed
    )
    where = Path(out) if out else Path("results") / f"{Path(str(corpus)).name}-generators"
    said = command or f"compare_generators({str(corpus)!r}, models={','.join(names)!r})"
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
