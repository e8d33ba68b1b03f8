"""What estimator.json says of a fitted estimator, next to its weights."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from classify.errors import InputError
from classify.files import read_text
from classify.records import Count, Positive, Record, loads, typed
from classify.representations.scaling import ChannelScaler, TranscriptionScaler

FILE = "estimator.json"


class Scaling(Record, frozen=True):
    """Mean and standard deviation of each channel in the training part."""

    mean: list[float]
    std: list[Positive]


class OfTranscriptions(Record, frozen=True):
    """What is made of each quantity of a transcription, so that it is like a song's."""

    factor: list[float]
    shift: list[float]


class EstimatorRecord(Record, frozen=True, kw_only=True):
    """Content of estimator.json.

    Parameters
    ----------
    classify : str
        Version of this toolkit that wrote it.
    name : str
        Of the model.
    seed : int
        That it was fitted with.
    classes : list of str
        Columns of its probabilities.
    scaling : Scaling or None
        Of its input; None where it takes features.
    transcriptions : OfTranscriptions or None
        Of its input too; None where it learned from no copies of songs.
    best_params : dict
        Best values of a baseline's grid.
    """

    classify: str
    name: str
    seed: Count
    classes: list[str]
    scaling: Scaling | None
    transcriptions: OfTranscriptions | None = None
    best_params: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def scaler(self) -> ChannelScaler | None:
        """The scaling as an object that does it."""
        return ChannelScaler.from_json(self.scaling.as_dict()) if self.scaling else None

    @property
    def transcription_scaler(self) -> TranscriptionScaler | None:
        """What is made of transcriptions, likewise."""
        of = self.transcriptions
        return TranscriptionScaler(np.array(of.factor), np.array(of.shift)) if of else None


def read_estimator(folder: Path) -> EstimatorRecord:
    """Read the estimator.json of a folder.

    Raises
    ------
    InputError
        If there is none, it was saved before estimators kept their scaling, or a field is unknown,
        missing or wrong.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{folder}: holds no trained model (no {FILE} in it)")
    try:
        about = loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is damaged and cannot be read ({error})") from None
    if isinstance(about, dict) and "scaling" not in about:
        raise InputError(
            f"{folder}: holds a model of an older classify ({about.get('classify')}), which does "
            f"not say how its input is scaled; train it again"
        )
    record = typed(about, EstimatorRecord, path)
    if record.scaling and len(record.scaling.mean) != len(record.scaling.std):
        raise InputError(f"{path}: scaling has a mean and a std of different lengths")
    of = record.transcriptions
    if of and len(of.factor) != len(of.shift):
        raise InputError(f"{path}: transcriptions has a factor and a shift of different lengths")
    return record
