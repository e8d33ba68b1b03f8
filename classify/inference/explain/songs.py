"""Explanations of many songs: a picture, twice, and a paragraph for each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classify.corpora.library import load_library
from classify.corpora.walk import Skipped
from classify.inference.explain.drawing import write
from classify.inference.explain.song import explain, of_bundle
from classify.inference.saved_model import Bundle
from classify.progress import SILENT, Progress, counting


@dataclass(frozen=True, eq=False)
class ExplainedSongs:
    """What was explained and written, and what could not be read.

    Parameters
    ----------
    paragraphs : list of str
        One for each song, in the order of their names.
    pictures : list of Path
        The .svg file of each; a .png and a .txt lie beside.
    skipped : list of Skipped
        What could not be read, and why.
    """

    paragraphs: list[str]
    pictures: list[Path]
    skipped: list[Skipped]


def explain_songs(
    bundle: Bundle,
    sources: Sequence[Path],
    out: Path,
    label: str = "",
    progress: Progress = SILENT,
) -> ExplainedSongs:
    """Explain every song of some files, folders and archives, and write that.

    Parameters
    ----------
    bundle : Bundle
        The model.
    sources : sequence of Path
        Files, folders and zip archives.
    out : Path
        Folder of the pictures and paragraphs; songs of one name in two folders are numbered.
    label : str
        The class to explain; what is predicted unless given.
    progress : Progress
        Shows progress.

    Raises
    ------
    InputError
        If there is no song that can be read, or the model has no such class.
    """
    model, profiles = of_bundle(bundle), bundle.about.profiles
    with counting(progress, "Reading songs", "song") as count:
        library = load_library(sources, count)
    explained = ExplainedSongs([], [], library.skipped)
    taken: Counter[str] = Counter()
    with counting(progress, "Explaining songs", "song") as count:
        for item in library.items:
            stem = Path(item.name).stem if item.file else Path(item.name).name
            taken[stem] += 1
            name = stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"
            explanation = explain(model, item.song, label, profiles)
            explained.paragraphs.append(explanation.paragraph)
            explained.pictures.append(write(explanation, out, name)[0])
            count(len(explained.pictures), len(library.items))
    return explained
