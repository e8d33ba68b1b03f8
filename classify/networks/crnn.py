"""CRNN: convolutions, a recurrent layer in both directions, and attention over what it said."""

from typing import Any

from classify.networks.layers import stride_for

INPUT = "rich"

FORMS: dict[str, tuple[str, dict[str, Any]]] = {"crnn": ("CRNN", {})}

DROPOUT = 0.3


def build(n_notes: int, n_columns: int, n_classes: int) -> Any:
    """Build two rounds of Conv1D k5 and MaxPool (64, 128), a GRU 64, attention, Dense 64, softmax.

    140,361 parameters with five classes.

    Parameters
    ----------
    n_notes, n_columns : int
        Shape of a window of `classify.rich`.
    n_classes : int
        Outputs.
    """
    import keras
    from keras import layers

    from classify.networks.blocks.attention import AttentionPooling

    x = keras.Input((n_notes, n_columns))
    said = AttentionPooling()(*encoder(x))
    said = layers.Dropout(DROPOUT)(said)
    said = layers.Dense(64, activation="relu")(said)
    said = layers.Dropout(DROPOUT)(said)
    return keras.Model(x, layers.Dense(n_classes, activation="softmax")(said))


def encoder(x: Any) -> tuple[Any, Any]:
    """Build from windows to what is known of each step, shape (n, n_steps, 128), and `real`.

    Pooling leaves 16 to 32 steps of a longer window. The GRU has no bias, so that it rests at 0
    until the first real note: how far a window is padded cannot matter.
    """
    from keras import layers

    steps, real = convolved(x, stride_for(x.shape[1], 32))
    gru = layers.GRU(64, return_sequences=True, use_bias=False)
    return layers.Bidirectional(gru, name="encoded")(steps), real


def convolved(x: Any, stride: int, filters: tuple[int, int] = (64, 128)) -> tuple[Any, Any]:
    """Build from windows to fewer steps of more units, and whether each step is real.

    Parameters
    ----------
    x : tensor, shape (n, n_notes, n_columns)
        Windows of `classify.rich`.
    stride : int
        Notes in a step, a power of 2.
    filters : (int, int)
        Of the two convolutions.
    """
    from keras import layers

    from classify.networks.blocks.notes import NoteNumbers

    real = x[..., :1]
    steps = layers.Dense(32)(NoteNumbers()(x))
    first = min(stride, 4)
    for width, pool in zip(filters, (first, stride // first), strict=True):
        steps = layers.Conv1D(width, 5, padding="same")(steps * real)
        steps = layers.ReLU()(layers.LayerNormalization()(steps)) * real
        steps = layers.SpatialDropout1D(0.1)(steps)
        if pool > 1:
            steps = layers.MaxPooling1D(pool, padding="same")(steps)
            real = layers.MaxPooling1D(pool, padding="same")(real)
    return steps, real
