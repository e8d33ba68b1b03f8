"""What is said of predictions as a whole: which model made them, when, and what to know of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classify.corpora import Skipped
from classify.files import write_json
from classify.inference.model_card import NO_DEVICE
from classify.inference.saved_model import Bundle
from classify.records import VERSION

#: How well a classifier distinguishes a library from the training songs (area under the ROC
#: curve) from which on the library is another kind of music; and what is written then.
DOMAIN_AUC = 0.8
WARNING = (
    "As a whole these songs are another kind of music than the model learned from (a simple "
    "classifier distinguishes the two with an area under the curve of {auc:.2f}, where 0.5 is "
    "chance): confidences and sets were measured on songs of that kind and guarantee nothing here. "
    "Label some of these songs and see (classify suggest, classify adapt)."
)

#: What is written of songs whose notes were transcribed, where the model has not learned from such.
RECORDINGS = (
    "{n} of these songs are transcriptions of recordings by a transcriber that the model has not "
    "learned from. A transcription lacks notes, has others too many, and has lengths and "
    "velocities of its own, so the model is not sure about any of them. (A model that learned from "
    "transcriptions as well: classify train --recordings; --transcriber says by which.)"
)


class Counts(NamedTuple):
    """How many songs there are of some kind."""

    songs: int = 0
    not_sure: int = 0
    novel: int = 0
    unknown: int = 0  # transcriptions that the model cannot be sure about

    @classmethod
    def of(cls, songs: pd.DataFrame, unknown: int) -> "Counts":
        """Count the songs of a table."""
        not_sure, novel = (songs.prediction == "").sum(), (~songs.in_distribution).sum()
        return cls(len(songs), int(not_sure), int(novel), unknown)

    def plus(self, other: "Counts") -> "Counts":
        """Count the songs of two tables."""
        return Counts(*map(sum, zip(self, other, strict=True)))


def about_of(
    bundle: Bundle, counts: Counts, statistics: NDArray[np.float64], sure: float
) -> dict[str, Any]:
    """Say of predictions which model made them, when, by which rule, and what to know of them.

    Parameters
    ----------
    bundle : Bundle
        The model.
    counts : Counts
        The songs.
    statistics : ndarray, shape (n_songs, n_statistics)
        What each song is like.
    sure : float
        As for `predict`.
    """
    auc = bundle.novelty.domain_auc(statistics)
    return {
        "model": bundle.name,
        "bundle": bundle.id,
        "corpus": bundle.about.corpus.name,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "classify": VERSION,
        "songs": counts.songs,
        "not_sure": counts.not_sure,
        "novel": counts.novel,
        "rule": f"not sure: unlike the training songs, or a confidence below {sure:g} and more "
        f"than one mood (or none by right) in the set that holds at {bundle.about.coverage:.0%}",
        "domain_auc": None if np.isnan(auc) else auc,
        "warning": warning(auc, counts.unknown),
        "remark": NO_DEVICE,
    }


def warning(auc: float, n_recordings: int) -> str:
    """Say what should be known of a library as a whole; empty where there is nothing.

    Parameters
    ----------
    auc : float
        How well a simple classifier distinguishes it from the training songs; may be NaN.
    n_recordings : int
        Songs that are transcriptions, of which the model has not seen enough.
    """
    sentences = [WARNING.format(auc=auc)] * bool(auc >= DOMAIN_AUC)
    sentences += [RECORDINGS.format(n=n_recordings)] * bool(n_recordings)
    return " ".join(sentences)


def write_about(path: Path, about: dict[str, Any], skipped: Sequence[Skipped]) -> None:
    """Write what there is to say of predictions beside their table."""
    about = about | {"skipped": skipped_rows(skipped)}
    write_json(path.with_name(f"{path.stem}.about.json"), about)


def skipped_rows(skipped: Sequence[Skipped]) -> list[dict[str, str]]:
    """Give name and reason of each file that was skipped, as JSON has them."""
    return [{"song": item.name, "reason": item.reason} for item in skipped]
