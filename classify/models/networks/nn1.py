"""NN1 and Bi-NN1: three stacked LSTMs (Chen and Wang, Figure 1)."""

from typing import Any

from classify.models.networks.layers import DROPOUT, lstm

INPUT = "notes"

VARIANTS = {
    "nn1": ("NN1", {"bidirectional": False}),
    "bi-nn1": ("Bi-NN1", {"bidirectional": True}),
}


def build(n_notes: int, n_channels: int, n_classes: int, *, bidirectional: bool) -> Any:
    """Build LSTM 256, 128, 64 (last output), Dense 128, 64, softmax.

    Parameters
    ----------
    n_notes, n_channels : int
        Shape of a window.
    n_classes : int
        Outputs.
    bidirectional : bool
        1,374,213 parameters with one channel and five classes in the bidirectional form.
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((n_notes, n_channels)),
            lstm(256, bidirectional=bidirectional),
            layers.Dropout(DROPOUT),
            lstm(128, bidirectional=bidirectional),
            layers.Dropout(DROPOUT),
            lstm(64, bidirectional=bidirectional, last=True),
            layers.Dropout(DROPOUT),
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )
