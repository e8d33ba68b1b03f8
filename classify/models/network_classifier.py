"""A network that classifies, behind scikit-learn's estimator contract.

How it is trained is in `classify.models.trainer` and, for what a user decides, in
`classify.models.training_settings`. While it is fitted, its windows are changed at random where
their representation knows how (not by the paper's recipe): see
`classify.representations.augmentation`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.evaluation.splits import Names, SplitError, held_out, inner_folds
from classify.models import backend, networks, pretrained
from classify.models.estimator import Floats, Watch, WindowClassifier
from classify.models.networks import Architecture
from classify.models.selection import song_score
from classify.models.trainer import Arrays, Batches, Trainer, Values
from classify.models.training_settings import TrainingSettings
from classify.models.weights import check_network, save_network
from classify.representations import representation
from classify.representations.representation import Representation

#: What the best epoch has most of: the score that grid values are chosen by as well
#: (`classify.models.selection`), on inner songs.
BEST = "val_song_macro_f1"

#: Windows in one step of prediction.
PREDICT_BATCH = 128


class NetworkClassifier(WindowClassifier):
    """A network behind scikit-learn's estimator contract.

    Parameters
    ----------
    name : str
        Of `classify.models.networks.find()`.
    settings : TrainingSettings, optional
        How it is trained.
    seed : int
        Of weights, dropout, order of windows and inner split.
    scaled : bool
        Whether channels are scaled; see `classify.models.estimator`, as for the attributes
        `classes_` and `scaler_`.

    Attributes
    ----------
    model_ : keras.Model
        The trained network.
    history_ : list of dict
        One an epoch: loss, accuracy, macro_f1, and the same with val_ on the inner songs.
    best_epoch_ : int
        The epoch, from 1, whose weights were kept.
    device_ : str
        What it was trained on.
    start_ : dict or None
        Folder's name and hash of the pretrained weights that it started from; None if none.
    held_out_ : ndarray, shape (n_windows, n_classes)
        Probabilities of training windows that it did not learn from and that did not decide when
        to stop; NaN for all others.
    """

    def __init__(
        self,
        name: str = "nn3",
        settings: TrainingSettings | None = None,
        seed: int = 0,
        scaled: bool = True,
    ) -> None:
        self.name = name
        self.settings = settings
        self.seed = seed
        self.scaled = scaled

    @property
    def _architecture(self) -> Architecture:
        return networks.find()[self.name]

    @property
    def _representation(self) -> Representation:
        return representation.get(self._architecture.input)

    def fit(
        self,
        x: NDArray[np.float32],
        y: Names,
        groups: Names | None = None,
        watch: Watch | None = None,
        songs: NDArray[Any] | None = None,
        originals: NDArray[Any] | None = None,
        transcribed: NDArray[np.bool_] | None = None,
    ) -> "NetworkClassifier":
        """Train on windows.

        Parameters
        ----------
        x : ndarray, shape (n_windows, n_notes, n_channels)
            As the network's representation encodes them, with NaN for padding.
        y : sequence, length n_windows
            The label of each window.
        groups : sequence of str, length n_windows, optional
            Windows of one group stay on one side of the inner validation split.
        watch : callable, optional
            Told of every epoch.
        songs : ndarray, shape (n_windows,), optional
            The song of each window, by which the best epoch is chosen; each window its own unless
            given.
        originals : ndarray, shape (n_windows,), optional
            The song that each window's is a copy of, as every model is given it; networks look at
            no pairs.
        transcribed : ndarray of bool, shape (n_windows,), optional
            Windows of transcriptions, likewise.

        Raises
        ------
        ValueError
            If `x` holds infinite numbers or NaN that is no padding, or is not three-dimensional.
        """
        del originals, transcribed
        x = self.fit_prepare(x)
        settings = self.settings or TrainingSettings()
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        one_hot = np.eye(len(self.classes_), dtype=np.float32)[codes]
        fit, validate, calibrate = _parts(codes, groups, settings, self.seed)
        of_song = np.arange(len(codes)) if songs is None else np.asarray(songs)
        trainer = _trainer(settings, self.seed, validated=len(validate) > 0)
        keras = trainer.start()
        model = self._started(x.shape[1:], settings)
        f1 = keras.metrics.F1Score(average="macro", name="macro_f1")
        trainer.compile(model, "categorical_crossentropy", ["accuracy", f1], one_hot[:1])

        def evaluate() -> Values:
            p = predictions(model, x[validate])
            return {BEST: song_score(p, codes[validate], of_song[validate])}

        history = trainer.fit(
            model,
            self._examples(x[fit], one_hot[fit], settings),
            Arrays(x[validate], one_hot[validate]) if len(validate) else None,
            evaluate if len(validate) else None,
            on_epoch=lambda epochs: watch(_summary(epochs[-1])) if watch else None,
        )
        self.model_ = model
        self.held_out_ = np.full(one_hot.shape, np.nan)
        if len(calibrate):
            self.held_out_[calibrate] = self.predict_prepared(x[calibrate])
        self.history_, self.best_epoch_ = history.epochs, history.best + 1
        self.device_ = backend.device(keras)
        return self

    def _started(self, shape: tuple[int, ...], settings: TrainingSettings) -> Any:
        """Build the network, on an encoder that has learned already where there is one for it."""
        weights = pretrained.load(Path(settings.init)) if settings.init else None
        self.start_ = None
        if weights is None or weights.model != self.name:
            return self._architecture.build(*shape, len(self.classes_))
        self.start_ = {"folder": weights.folder.name, "sha256": weights.id}
        encoder = weights.encoder(*shape)
        return self._architecture.build(*shape, len(self.classes_), start=encoder)

    def _examples(
        self, x: NDArray[np.float32], one_hot: NDArray[np.float32], settings: TrainingSettings
    ) -> Arrays | Batches:
        """Give what is learned from: the windows, or batches of them that are changed at random."""
        given = self._representation
        if not (given.augments and settings.augment) or settings.recipe == "paper":
            return Arrays(x, one_hot, batch_size=settings.batch_size)
        rng, size = np.random.default_rng(self.seed), settings.batch_size

        def batches(epoch: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
            order = rng.permutation(len(x))
            for first in range(0, len(x), size):
                rows = order[first : first + size]
                yield given.augment(x[rows], rng), one_hot[rows]

        return Batches(batches, -(-len(x) // size))

    def predict_prepared(self, x: NDArray[np.float32]) -> Floats:
        """Give class probabilities of windows that `prepare` gave."""
        return predictions(self.model_, x)

    def facts(self) -> dict[str, Any]:
        """Say what a report needs to know of the fit."""
        return {
            "parameters": self.model_.count_params(),
            "best": {"epoch": self.best_epoch_},
            "validation": self.history_[self.best_epoch_ - 1].get(BEST),
            "history": self.history_,
            "device": self.device_,
            "start": self.start_,
            "training": (self.settings or TrainingSettings()).record(),
            "padding": _paddings(self.model_) if self._representation.scaled else [],
        }

    def save_network(self, path: Path) -> None:
        """Write the trained network to a .keras file."""
        save_network(self.model_, path)

    def load_weights(self, path: Path, shape: tuple[int, int], n_classes: int) -> None:
        """Build this network and give it the weights of a .keras file.

        Nothing is made of what the file says of layers: it must say the same as this program does.

        Parameters
        ----------
        path : Path
            What `save_network` wrote.
        shape : (int, int)
            Notes in a window, and channels.
        n_classes : int
            Number of classes.

        Raises
        ------
        ValueError
            If the file holds another network, or anything else.
        """
        keras = backend.import_keras()
        model = self._architecture.build(*shape, n_classes)
        check_network(path, model, self.name)
        model.load_weights(path)
        self.model_ = model
        self.device_ = backend.device(keras)


def predictions(model: Any, x: NDArray[np.float32]) -> Floats:
    """Give what a network says of windows, in batches of one size.

    A network is compiled for each size, so sizes are powers of two, and the last batch is filled
    with zeros. Keras' own `predict` prepares a stream of data each time, which takes longer than
    small networks do.

    Parameters
    ----------
    model : keras.Model
        Whose output is one row for each window.
    x : ndarray of float32, shape (n_windows, n_notes, n_channels)
        As `prepare` gives them.
    """
    p = np.empty((len(x), model.output_shape[-1]), np.float32)
    size = min(PREDICT_BATCH, 1 << (len(x) - 1).bit_length())
    for first in range(0, len(x), size):
        batch = x[first : first + size]
        n_rows = len(batch)
        if n_rows < size:
            batch = np.concatenate([batch, np.zeros((size - n_rows, *x.shape[1:]), x.dtype)])
        p[first : first + n_rows] = model.predict_on_batch(batch)[:n_rows]
    return p


def _trainer(settings: TrainingSettings, seed: int, validated: bool) -> Trainer:
    """Say how a recipe trains; the paper's has Adam with its defaults, and runs to the end."""
    if settings.recipe == "paper":
        return Trainer(
            settings.epochs, seed, clipnorm=None, mixed_precision=settings.mixed_precision
        )
    return Trainer(
        settings.epochs,
        seed,
        settings.learning_rate,
        settings.clipnorm,
        monitor=BEST if validated else None,
        highest=True,
        patience=settings.patience,
        mixed_precision=settings.mixed_precision,
    )


def _parts(
    codes: NDArray[np.int64], groups: Names | None, settings: TrainingSettings, seed: int
) -> tuple[NDArray[np.int64], ...]:
    """Choose the windows to fit on, those that decide when to stop, and those to calibrate on.

    About a fifth is held out, half of it for each of the latter: an epoch that was chosen on songs
    flatters the confidence on them. Where a class has too few groups for that, one part is both;
    by the paper's recipe there is none.
    """
    if settings.recipe == "paper":
        return np.arange(len(codes)), np.arange(0), np.arange(0)
    names = codes.astype(str)
    fit, held = held_out(names, groups, seed)
    of_held = None if groups is None else np.asarray(groups)[held]
    try:
        stop, calibrate = inner_folds(names[held], of_held, 2, seed)[0]
    except SplitError:
        return fit, held, held
    return fit, held[stop], held[calibrate]


def _summary(values: Values) -> str:
    """Say in a few words how an epoch went."""
    if "val_accuracy" in values:
        return f"validation accuracy {values['val_accuracy']:.2f}"
    return f"training accuracy {values['accuracy']:.2f}"


def _paddings(model: Any) -> list[str]:
    """Say how convolutions pad: `same` is where windows are too short for the paper's."""
    return sorted({layer.padding for layer in model.layers if hasattr(layer, "kernel_size")})
