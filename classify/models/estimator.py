"""The contract of every model that classifies windows, whichever kind it is.

An estimator takes windows as their representation gives them, with NaN where notes are padded. What
scales them is a step of the estimator: learned in `fit`, kept with the model, applied in
`predict_proba`. Whoever looks into a model (gradients, shuffled columns) works on what `prepare`
gives and asks `predict_prepared`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from classify.representations.representation import Representation
from classify.representations.scaling import ChannelScaler, TranscriptionScaler, check_padding

#: Called after each epoch (or grid fit) with a few words on how it went.
Watch = Callable[[str], None]

Floats = NDArray[np.floating]


class WindowClassifier(ClassifierMixin, BaseEstimator):
    """What networks and classical models share: scaled input, and labels from `predict_proba`.

    A subclass has the parameter `scaled` (False leaves numbers as they are and only fills the
    padding, as the paper does), and says which representation it takes. One that is in fixed units
    already is not touched.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        Labels in the order of the columns of `predict_proba`.
    scaler_ : ChannelScaler or None
        What the training windows taught; None where nothing is scaled.
    transcriptions_ : TranscriptionScaler or None
        What copies of the training songs taught; None where there are too few, and for models that
        do not read whole songs.
    """

    scaled: bool
    classes_: NDArray[Any]
    scaler_: ChannelScaler | None
    transcriptions_: TranscriptionScaler | None

    @property
    def _representation(self) -> Representation:
        """What it is given."""
        raise NotImplementedError

    def fit_prepare(
        self,
        x: NDArray[np.float32],
        originals: NDArray[Any] | None = None,
        transcribed: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """Learn the scaling from training windows, and give them scaled.

        `originals` and `transcribed` are those of `TranscriptionScaler.of_pairs`.
        """
        self.scaler_ = self.transcriptions_ = None
        if self._representation.scaled:
            x = three_dimensional(x)
            identity = ChannelScaler.identity(x.shape[2])
            self.scaler_ = ChannelScaler.fit(x) if self.scaled else identity
        known = originals is not None and transcribed is not None
        if known and self._representation.per_song:
            self.transcriptions_ = TranscriptionScaler.of_pairs(
                three_dimensional(x), np.asarray(originals), np.asarray(transcribed)
            )
        return self.prepare(x, transcribed)

    def prepare(
        self, x: NDArray[np.float32], transcribed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """Give windows as the fitted model reads them: scaled, padding filled, all finite.

        `transcribed` marks windows of transcriptions, shape (n_windows,); none unless given.

        Raises
        ------
        ValueError
            If `x` is not three-dimensional, is empty, or holds infinite numbers or NaN that is no
            padding.
        """
        x = three_dimensional(x)
        if self.scaler_ is not None:
            check_padding(x)
            x = self.scaler_.transform(x)
        if not np.isfinite(x).all():
            raise ValueError("windows hold NaN or infinite numbers")
        if self.transcriptions_ is not None and transcribed is not None:
            heard = np.asarray(transcribed)
            x = np.where(heard[:, None, None], self.transcriptions_.transform(x), x)
        return x

    def predict_proba(
        self, x: NDArray[np.float32], transcribed: NDArray[np.bool_] | None = None
    ) -> Floats:
        """Give class probabilities, shape (n_windows, n_classes), columns as in `classes_`.

        `transcribed` marks windows of transcriptions, shape (n_windows,); none unless given.
        """
        check_is_fitted(self, "model_")
        return self.predict_prepared(self.prepare(x, transcribed))

    def predict_prepared(self, x: NDArray[np.float32]) -> Floats:
        """Give the same of windows that `prepare` gave."""
        raise NotImplementedError

    def predict(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Give the most probable label of each window."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]


def three_dimensional(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Refuse what are no windows.

    Raises
    ------
    ValueError
        If `x` is not three-dimensional, or is empty.
    """
    x = np.asarray(x, dtype=np.float32)
    if x.ndim != 3 or 0 in x.shape:
        raise ValueError(f"windows have shape {x.shape}; expected (n_windows, n_notes, n_channels)")
    return x
