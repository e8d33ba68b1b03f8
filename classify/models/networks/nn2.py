"""NN2 and Bi-NN2: convolutions and LSTMs in turn (Chen and Wang, Figure 2)."""

from typing import Any

from classify.models.networks.layers import DROPOUT, convolution, lstm

INPUT = "notes"

VARIANTS = {
    "nn2": ("NN2", {"bidirectional": False}),
    "bi-nn2": ("Bi-NN2", {"bidirectional": True}),
}


def build(n_notes: int, n_channels: int, n_classes: int, *, bidirectional: bool) -> Any:
    """Build three rounds of Conv1D k8, MaxPool 4, LSTM (256, 128, 64), Dense 32, 16, softmax.

    Parameters
    ----------
    n_notes, n_channels : int
        Shape of a window; below 211 notes the convolutions pad.
    n_classes : int
        Outputs.
    bidirectional : bool
        2,042,437 parameters with one channel and five classes in the bidirectional form.
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((n_notes, n_channels)),
            *convolution(256, n_notes),
            lstm(256, bidirectional=bidirectional),
            layers.Dropout(DROPOUT),
            *convolution(128, n_notes),
            lstm(128, bidirectional=bidirectional),
            layers.Dropout(DROPOUT),
            *convolution(64, n_notes),
            lstm(64, bidirectional=bidirectional, last=True),
            layers.Dropout(DROPOUT),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )
