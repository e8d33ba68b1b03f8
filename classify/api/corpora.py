"""Corpora and recordings: what there is, what is in it, what is kept of songs that were read."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from classify.errors import InputError
from classify.progress import SILENT, Progress
from classify.storage import stored

if TYPE_CHECKING:
    from classify.corpora.transcribe import Transcribed
    from classify.experiments.corpus_summary import CorpusSummary


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
