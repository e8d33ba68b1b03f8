"""CRNN: convolutions, a recurrent layer in both directions, and attention over its steps."""

from typing import Any

from classify.models.networks.layers import stride_for

INPUT = "note-events"

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {"crnn": ("CRNN", {})}
ABLATIONS = {"crnn-mean": ("CRNN without attention", {"attention": False})}

DROPOUT = 0.3


def stride(n_notes: int) -> int:
    """Say how many notes are in a step of the encoder: 16 to 32 steps of a longer window."""
    return stride_for(n_notes, 32)


def encoder(n_notes: int, n_columns: int) -> Any:
    """Build two rounds of Conv1D k5 and MaxPool (64, 128) and a GRU 64 in both directions.

    The GRU has no bias, so that it rests at 0 until the first real note: how far a window is padded
    cannot matter.

    Parameters
    ----------
    n_notes, n_columns : int
        Shape of a window of `classify.representations.note_events`.

    Returns
    -------
    keras.Model
        From windows to steps, shape (n, n_steps, 128), and whether each is real, (n, n_steps, 1).
    """
    import keras
    from keras import layers

    x = keras.Input((n_notes, n_columns))
    steps, real = convolved(x, stride(n_notes))
    steps = layers.Bidirectional(layers.GRU(64, return_sequences=True, use_bias=False))(steps)
    return keras.Model(x, [steps, real])


def build(
    n_notes: int, n_columns: int, n_classes: int, start: Any = None, *, attention: bool = True
) -> Any:
    """Build the encoder, attention, Dense 64, softmax.

    140,361 parameters with five classes.

    Parameters
    ----------
    n_notes, n_columns : int
        Shape of a window of `classify.representations.note_events`.
    n_classes : int
        Outputs.
    start : keras.Model, optional
        An encoder that has learned something already; a new one unless given.
    attention : bool
        Whether steps are weighed by attention; a plain mean over them otherwise.
    """
    import keras
    from keras import layers

    from classify.models.networks.blocks.attention import AttentionPooling

    encoded = start or encoder(n_notes, n_columns)
    steps, real = encoded.outputs
    if attention:
        pooled = AttentionPooling()(steps, real)
    else:
        pooled = layers.GlobalAveragePooling1D()(steps, mask=real[..., 0] > 0)
    pooled = layers.Dropout(DROPOUT)(pooled)
    pooled = layers.Dense(64, activation="relu")(pooled)
    pooled = layers.Dropout(DROPOUT)(pooled)
    return keras.Model(encoded.input, layers.Dense(n_classes, activation="softmax")(pooled))


def convolved(x: Any, size: int, filters: tuple[int, int] = (64, 128)) -> tuple[Any, Any]:
    """Build from windows to fewer steps of more units, and whether each step is real.

    Parameters
    ----------
    x : tensor, shape (n, n_notes, n_columns)
        Windows of `classify.representations.note_events`.
    size : int
        Notes in a step, a power of 2.
    filters : (int, int)
        Of the two convolutions.
    """
    from keras import layers

    from classify.models.networks.blocks.notes import NoteNumbers

    real = x[..., :1]
    steps = layers.Dense(32)(NoteNumbers()(x))
    first = min(size, 4)
    for width, pool in zip(filters, (first, size // first), strict=True):
        steps = layers.Conv1D(width, 5, padding="same")(steps * real)
        steps = layers.ReLU()(layers.LayerNormalization()(steps)) * real
        steps = layers.SpatialDropout1D(0.1)(steps)
        if pool > 1:
            steps = layers.MaxPooling1D(pool, padding="same")(steps)
            real = layers.MaxPooling1D(pool, padding="same")(real)
    return steps, real
