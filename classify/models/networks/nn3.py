"""NN3 and Bi-NN3: three convolutions and one small LSTM (Chen and Wang, Figure 3)."""

from typing import Any

from classify.models.networks.layers import DROPOUT, convolution, lstm

INPUT = "notes"

VARIANTS = {
    "nn3": ("NN3", {"bidirectional": False}),
    "bi-nn3": ("Bi-NN3", {"bidirectional": True}),
}


def build(n_notes: int, n_channels: int, n_classes: int, *, bidirectional: bool) -> Any:
    """Build three rounds of Conv1D k8, MaxPool 4 (128, 64, 32), LSTM 16, Dense 16, softmax.

    Parameters
    ----------
    n_notes, n_channels : int
        Shape of a window; below 211 notes the convolutions pad.
    n_classes : int
        Outputs.
    bidirectional : bool
        90,053 parameters with one channel and five classes in the bidirectional form.
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((n_notes, n_channels)),
            *convolution(128, n_notes),
            layers.Dropout(DROPOUT),
            *convolution(64, n_notes),
            layers.Dropout(DROPOUT),
            *convolution(32, n_notes),
            layers.Dropout(DROPOUT),
            lstm(16, bidirectional=bidirectional, last=True),
            layers.Dropout(DROPOUT),
            layers.Dense(16, activation="relu"),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )
