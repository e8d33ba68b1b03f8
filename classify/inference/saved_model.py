"""A trained model as a folder that loads anywhere, without pickle, or is refused in a sentence.

A bundle holds

- `bundle.json`: what the model is, how songs become its input, what its probabilities are worth,
  what it learned from, and size and SHA-256 of every other file;
- `model/`: the estimator, as `classify.models.registry.save` writes it (.keras, or skops);
- `known.npy`: training songs, to tell songs that are like none of them (`evaluation.novelty`);
- `probe_x.npy` and `probe_p.npy`: some input, and what the model predicted for it when saved;
- beside a model of whole songs the same in `course/`, of its companion (`inference.course`);
- `model-card.md`: the same for people.

Loading looks before it opens (`classify.models.artifacts`): at the format's version, the list of
files, their names, sizes and hashes. Nothing is ever made of what a file says it is: networks are
built by this program and are given numbers only, classical models may hold no types but those of
ours, arrays no objects, and the model must predict the same for the probes.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from classify.errors import InputError
from classify.evaluation import calibration, conformal
from classify.evaluation.novelty import Novelty
from classify.files import atomic_write
from classify.inference import model_card
from classify.inference.course import Companion, balanced
from classify.inference.model_record import BundleRecord, KeptColumns, NoveltyRecord
from classify.models import artifacts, registry
from classify.models.estimator_record import read_estimator
from classify.representations import reference, representation
from classify.representations.descriptors import STATISTICS
from classify.representations.representation import Representation
from classify.representations.windows import Windows, WindowSettings, cut
from classify.songs import Song, transcribers
from classify.songs.song import transcriber_of

#: Raised when what is written changes; bundles of any other number are refused. From 2 on the
#: model scales its input itself.
FORMAT = 2

ABOUT = "bundle.json"
MODEL = "model"
KNOWN, PROBE_X, PROBE_P = "known.npy", "probe_x.npy", "probe_p.npy"
CARD = "model-card.md"

#: Every name that a bundle may hold besides `bundle.json`.
NETWORK, BASELINE = f"{MODEL}/network.keras", f"{MODEL}/baseline.skops"
ESTIMATOR = f"{MODEL}/estimator.json"
ALWAYS = frozenset({ESTIMATOR, KNOWN, PROBE_X, PROBE_P, CARD})

#: Where a companion lies, and its files.
COURSE = "course"
OF_COMPANION = frozenset(
    f"{COURSE}/{name}" for name in ("estimator.json", "baseline.skops", PROBE_X, PROBE_P)
)

KIND = artifacts.ArtifactType(
    "bundle",
    ABOUT,
    "trained model",
    FORMAT,
    (ALWAYS | {BASELINE}, ALWAYS | {NETWORK}, ALWAYS | {BASELINE} | OF_COMPANION),
    BundleRecord,
)

#: How far a probability of a probe may be from what it was; other processors round otherwise.
SAME = 1e-3

#: Share of training songs that were transcriptions from which a model can be sure about them.
LEAST_TRANSCRIBED = 0.1

#: So many of them are enough, whatever their share.
ENOUGH_TRANSCRIBED = 250

#: Bytes of a song's hash that a bundle keeps, to know its own songs again.
KEPT_DIGITS = 16


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model, ready to be asked about songs.

    Parameters
    ----------
    folder : Path
        Where it was read from.
    about : BundleRecord
        The content of bundle.json.
    estimator : NetworkClassifier or BaselineClassifier
        The model.
    novelty : Novelty
        What its training songs are like.
    companion : Companion, optional
        What follows a song's course, where the model describes songs as a whole.
    """

    folder: Path
    about: BundleRecord
    estimator: Any
    novelty: Novelty
    companion: Companion | None = None

    @property
    def id(self) -> str:
        """SHA-256 of everything in it: equal for equal bundles."""
        return self.about.sha256

    @property
    def name(self) -> str:
        """What to call it in outputs: model, corpus, and the beginning of its hash."""
        return f"{self.about.model.title} trained on {self.about.corpus.name} ({self.id[:12]})"

    @property
    def classes(self) -> list[str]:
        """The labels, sorted; columns of all probabilities."""
        return self.about.classes

    @cached_property
    def representation(self) -> Representation:
        """What the model is given of songs: the columns that it learned from."""
        whole = representation.get(self.about.model.input)
        kept = self.about.features
        return whole.select(kept.names, self.cutting) if kept else whole

    def knows(self, origin: str) -> bool:
        """Whether it learned from songs of this origin; nobody else's transcriptions are the same.

        Parameters
        ----------
        origin : str
            As a Song has it.
        """
        by = transcriber_of(origin)
        enough = min(LEAST_TRANSCRIBED * self.about.corpus.songs, ENOUGH_TRANSCRIBED)
        learned = self.about.transcribed_by or {transcribers.DEFAULT: self.about.transcribed}
        return not by or learned.get(by, 0) >= enough

    @property
    def cutting(self) -> WindowSettings:
        """How songs become windows."""
        return _cutting(self.about)

    def learned_from(self, songs: Sequence[Song]) -> NDArray[np.bool_]:
        """Mark the songs that the model was trained on, shape (n_songs,)."""
        own = set(self.about.songs)
        return np.array([song.digest[:KEPT_DIGITS] in own for song in songs], bool)

    def predict_windows(self, songs: Sequence[Song]) -> tuple[Windows, NDArray[np.float64]]:
        """Predict the windows of songs.

        Returns
        -------
        windows : Windows
            At least one of each song, songs in order.
        p : ndarray, shape (n_windows, n_classes)
            As the model gives them; not calibrated.
        """
        windows = cut(songs, self.cutting)
        blocks = self.representation.encode(songs, windows)
        heard = windows.transcribed
        p = np.empty((len(windows), len(self.classes)))
        first = 0
        with threadpool_limits(1):
            for x in blocks:
                rows = slice(first, first := first + len(x))
                p[rows] = self.estimator.predict_proba(x, heard[rows])
        return windows, p

    @property
    def follows(self) -> bool:
        """Whether it can say how a song's classes change in its course."""
        return self.companion is not None or not self.representation.per_song

    def course(
        self,
        songs: Sequence[Song],
        windows: Windows,
        raw: NDArray[np.floating],
        p: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """Follow the classes over songs; for a bundle that `follows`.

        Parameters
        ----------
        songs : sequence of Song
            Any.
        windows : Windows
            Theirs.
        raw : ndarray, shape (n_windows, n_classes)
            What `predict_windows` gave for them.
        p : ndarray, shape (n_songs, n_classes)
            What is said of the songs, calibrated.

        Returns
        -------
        ndarray, shape (n_windows, n_classes)
            Calibrated; the mean over a song is `p`.
        """
        if self.companion:
            return balanced(self.companion.predict(songs, windows), windows.song, p)
        transcribed = np.array([song.transcribed for song in songs])
        return balanced(self.calibrated(raw, transcribed[windows.song]), windows.song, p)

    def calibrated(
        self, p: NDArray[np.floating], transcribed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Turn the mean of a song's windows into probabilities that can be believed.

        Parameters
        ----------
        p : ndarray, shape (n_songs, n_classes)
            As the model gives them.
        transcribed : ndarray of bool, shape (n_songs,), optional
            Songs whose notes were transcribed; a model that learned from copies of songs has
            measured those apart.
        """
        calibrated = calibration.apply_temperature(p, self.about.temperature)
        recordings = self.about.recordings
        if recordings and transcribed is not None and transcribed.any():
            calibrated[transcribed] = calibration.apply_temperature(
                p[transcribed], recordings.temperature
            )
        listener = self.about.adaptation
        if listener is None:
            return calibrated
        return adapted(calibrated, np.array(listener.matrix), np.array(listener.bias))

    def threshold(self, transcribed: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give the least probability in a set of all songs, for each song."""
        recordings = self.about.recordings
        of_recordings = recordings.threshold if recordings else self.about.threshold
        return np.where(transcribed, of_recordings, self.about.threshold)

    def sets(
        self, p: NDArray[np.floating], transcribed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_]:
        """Give the classes that hold at 90 %, of calibrated probabilities.

        The most probable class is always among them: an empty set keeps a promise for all songs
        together, and tells nobody anything of this one. The parameters are those of `calibrated`.
        """
        least = np.tile(self.about.thresholds or self.about.threshold, (*p.shape[:1], 1))
        recordings = self.about.recordings
        if recordings and transcribed is not None:
            least = np.broadcast_to(least, p.shape).copy()
            least[transcribed] = recordings.thresholds or recordings.threshold
        chosen = conformal.prediction_sets(p, least)
        return chosen | (p == p.max(axis=1, keepdims=True))


def adapted(
    p: NDArray[np.floating], matrix: NDArray[np.floating], bias: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Apply what was learned of one listener: softmax(matrix log p + bias)."""
    logits = np.log(np.maximum(p, calibration.FLOOR))
    return np.exp(log_softmax(logits @ matrix.T + bias, axis=1))


def kept_columns(given: Representation, cutting: WindowSettings) -> KeptColumns | None:
    """Give what a bundle keeps of columns, to know whether they are still the same.

    Returns
    -------
    KeptColumns or None
        `names`, and the `reference` value that each has in `classify.representations.reference`;
        None for channels of notes, which are chosen by `windows`.
    """
    if given.scaled:
        return None
    names = [column.name for column in given.columns(cutting)]
    return KeptColumns(names, reference.values(given, cutting).tolist())


def _cutting(about: BundleRecord) -> WindowSettings:
    return WindowSettings(about.windows.window, about.windows.hop, about.windows.channels)


# --- writing


def novelty_record(novelty: Novelty) -> NoveltyRecord:
    """Say what training songs are like, but for the songs themselves."""
    return NoveltyRecord(
        [statistic.name for statistic in STATISTICS],
        novelty.centre.tolist(),
        novelty.scale.tolist(),
        novelty.threshold,
    )


def write(
    folder: Path,
    about: BundleRecord,
    estimator: Any,
    novelty: Novelty,
    probe: NDArray[np.float32],
    companion: tuple[Any, NDArray[np.float32]] | None = None,
) -> None:
    """Write a bundle with its model card, whole or not at all.

    Parameters
    ----------
    folder : Path
        Where to; a bundle that is there is replaced.
    about : BundleRecord
        The content of bundle.json; files and hashes are filled in here.
    estimator : NetworkClassifier or BaselineClassifier
        Fitted.
    novelty : Novelty
        Of the training songs.
    probe : ndarray of float32
        Some windows as the model takes them.
    companion : tuple, optional
        The estimator of a companion, and some windows as that takes them.
    """
    with atomic_write(folder) as temporary:
        temporary.mkdir()
        registry.save(estimator, temporary / MODEL)
        np.save(temporary / KNOWN, novelty.reference, allow_pickle=False)
        _save_probe(temporary, estimator, probe)
        if companion:
            registry.save(companion[0], temporary / COURSE)
            _save_probe(temporary / COURSE, *companion)
        (temporary / CARD).write_text(model_card.text(about), encoding="utf-8")
        seal(temporary, about.as_dict())


def _save_probe(folder: Path, estimator: Any, probe: NDArray[np.float32]) -> None:
    np.save(folder / PROBE_X, probe, allow_pickle=False)
    np.save(folder / PROBE_P, estimator.predict_proba(probe), allow_pickle=False)


def changed(bundle: Bundle, folder: Path, about: BundleRecord) -> None:
    """Write a bundle that differs from another only in how its probabilities are calibrated."""
    with atomic_write(folder) as temporary:
        shutil.copytree(bundle.folder, temporary)
        (temporary / CARD).write_text(model_card.text(about), encoding="utf-8")
        seal(temporary, about.as_dict())


def seal(folder: Path, about: dict[str, Any]) -> None:
    """Write bundle.json for the files that are there, with their hashes and its own."""
    artifacts.seal(folder, about, KIND)


# --- reading


def loaded(model: Bundle | str | Path) -> Bundle:
    """Load a model, if it is not loaded yet."""
    return model if isinstance(model, Bundle) else load(Path(model))


def load(folder: Path) -> Bundle:
    """Read a bundle; it predicts what the saved model predicted.

    Raises
    ------
    InputError
        If it is no bundle, or one that is damaged, was changed, is of a newer kind, or holds
        anything that no bundle of ours has. Nothing in it is executed.
    """
    about = artifacts.checked(folder, KIND)
    with artifacts.as_input_error(folder):
        spec = registry.find().get(about.model.name)
        if spec is None or spec.input != about.model.input:
            raise InputError(f"{folder}: this program knows no model {about.model.name!r}")
        _check_columns(folder, about, spec, about.features)
        if about.novelty.quantities != [statistic.name for statistic in STATISTICS]:
            raise InputError(f"{folder}: detects novel songs by other quantities; train it again")
        novelty = Novelty(
            np.array(about.novelty.centre, float),
            np.array(about.novelty.scale, float),
            np.load(folder / KNOWN, allow_pickle=False),
            about.novelty.threshold,
        )
        estimator, companion = _estimator(folder, about, spec), _companion(folder, about, spec)
        bundle = Bundle(folder, about, estimator, novelty, companion)
        _check_values(bundle)
        _check_predictions(bundle, estimator, folder)
        if companion:
            _check_predictions(bundle, companion.estimator, folder / COURSE)
    return bundle


def _check_columns(
    folder: Path, about: BundleRecord, spec: registry.ModelSpec, kept: KeptColumns | None
) -> None:
    """Refuse a model whose columns have vanished or have other values now; new ones are fine."""
    cutting = _cutting(about)
    if (kept is None) != spec.representation.scaled:
        raise InputError(f"{folder}: its {ABOUT} holds values that no model has (features)")
    if kept is None:
        return
    known = {column.name for column in spec.representation.columns(cutting)}
    others = [name for name in kept.names if name not in known]
    if not others:
        now = reference.values(spec.representation.select(kept.names, cutting), cutting)
        changed = reference.changed(np.array(kept.reference, float), now)
        others = np.array(kept.names)[changed].tolist()
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise InputError(
            f"{folder}: was trained on {others[0]}{more}, which this program does not measure, or "
            f"measures otherwise (classify {about.classify}); train it again"
        )


def _estimator(folder: Path, about: BundleRecord, spec: registry.ModelSpec) -> Any:
    """Load the model itself."""
    saved = read_estimator(folder / MODEL)
    if saved.name != spec.name or saved.classes != about.classes:
        raise InputError(f"{folder}: {ESTIMATOR} is of another model than {ABOUT}")
    if (spec.kind == "network") != (NETWORK in about.files):
        raise InputError(f"{folder}: holds no {spec.title}, which its {ABOUT} promises")
    return registry.load(folder / MODEL, spec, spec.representation.shape(_cutting(about)))


def _companion(folder: Path, about: BundleRecord, model: registry.ModelSpec) -> Companion | None:
    """Load what follows a song's course, if it is there."""
    known, cutting = about.companion, _cutting(about)
    if (known is not None) != (f"{COURSE}/{PROBE_X}" in about.files):
        raise InputError(f"{folder}: its {ABOUT} and its files do not agree on a companion")
    if known is None:
        return None
    spec = registry.find().get(known.model)
    if spec is None or spec.kind != "baseline" or not model.representation.per_song:
        raise InputError(f"{folder}: {known.model!r} is no companion of a {model.title}")
    _check_columns(folder, about, spec, known.features)
    estimator = registry.load(folder / COURSE, spec, spec.representation.shape(cutting))
    if estimator.classes_.tolist() != about.classes:
        raise InputError(f"{folder}: its companion knows other classes than its model")
    given = spec.representation.select(known.features.names, cutting)
    return Companion(estimator, given, known.temperature)


def _check_values(bundle: Bundle) -> None:
    """Refuse numbers that are of the right type and yet make no sense."""
    about, novelty, n_classes = bundle.about, bundle.novelty, len(bundle.classes)
    one_each = (len(STATISTICS),)
    problems = {
        "temperature": not np.isfinite(about.temperature),
        "companion": about.companion is not None and not np.isfinite(about.companion.temperature),
        "novelty": not (
            np.isfinite([novelty.threshold, *novelty.centre, *novelty.scale]).all()
            and novelty.centre.shape == novelty.scale.shape == one_each
            and novelty.reference.shape[1:] == one_each
            and novelty.reference.dtype == np.float32
        ),
        "classes": len(set(about.classes)) < n_classes
        or not all(name.isprintable() for name in about.classes),
        "windows": about.windows.window < 2,
    }
    if about.adaptation:
        matrix, bias = about.adaptation.matrix, about.adaptation.bias
        problems["adaptation"] = not (
            [len(row) for row in matrix] == [n_classes] * n_classes
            and len(bias) == n_classes
            and np.isfinite(np.concatenate([*matrix, bias])).all()
        )
    for field, is_wrong in problems.items():
        if is_wrong:
            raise InputError(
                f"{bundle.folder}: its {ABOUT} holds values that no model has ({field})"
            )


def _check_predictions(bundle: Bundle, estimator: Any, place: Path) -> None:
    """Refuse a model that predicts otherwise than when it was saved."""
    x = np.load(place / PROBE_X, allow_pickle=False)
    expected = np.load(place / PROBE_P, allow_pickle=False)
    p = estimator.predict_proba(x)
    if p.shape != expected.shape or not np.allclose(p, expected, rtol=0, atol=SAME):
        versions = bundle.about.versions
        raise InputError(
            f"{bundle.folder}: predicts otherwise than when it was saved, so its weights are not "
            f"its own or another version reads them otherwise (saved with scikit-learn "
            f"{versions.get('scikit-learn')}, keras {versions.get('keras')})"
        )
