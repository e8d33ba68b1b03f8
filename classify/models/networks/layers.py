"""What the families have in common."""

from typing import Any

#: Chen and Wang do not print their dropout rate; this is the one used throughout.
DROPOUT = 0.2

#: Fewest notes that three rounds of Conv1D k8 and MaxPool 4 leave a step of, without padding.
SHORTEST_VALID = 211


def lstm(units: int, *, bidirectional: bool, last: bool = False) -> Any:
    """Make an LSTM, or a pair of them in both directions.

    The defaults of Keras are kept (tanh, sigmoid, bias, no recurrent dropout), which is what the
    cuDNN kernels need on a GPU.

    Parameters
    ----------
    units : int
        In each direction.
    bidirectional : bool
        Read the notes in both directions and join the two outputs.
    last : bool
        Give the last step's output only, not one a step.
    """
    from keras import layers

    layer = layers.LSTM(units, return_sequences=not last)
    return layers.Bidirectional(layer) if bidirectional else layer


def convolution(filters: int, n_notes: int) -> list[Any]:
    """Conv1D of 8 notes with ReLU, then MaxPool 4; pads only where the window is too short.

    Parameters
    ----------
    filters : int
        Output channels.
    n_notes : int
        Length of the whole network's input; below 211 the padding is `same`.
    """
    from keras import layers

    padding = padding_for(n_notes)
    return [
        layers.Conv1D(filters, 8, padding=padding, activation="relu"),
        layers.MaxPooling1D(4, padding=padding),
    ]


def padding_for(n_notes: int) -> str:
    """Say which padding a window of so many notes gets: `valid` as the paper, or `same`."""
    return "valid" if n_notes >= SHORTEST_VALID else "same"


def stride_for(n_notes: int, most: int) -> int:
    """Say how many notes become one step, a power of 2, so that `most` steps are left at most."""
    stride = 1
    while n_notes > most * stride:
        stride *= 2
    return stride
