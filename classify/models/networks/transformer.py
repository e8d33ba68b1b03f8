"""Transformer: a small encoder over patches of notes."""

from typing import Any

from classify.models.networks.layers import stride_for

INPUT = "note-events"

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {"transformer": ("Transformer", {})}

UNITS, HEADS, LAYERS, DROPOUT = 64, 4, 2, 0.2


def stride(n_notes: int) -> int:
    """Say how many notes are in a step of the encoder: 32 to 64 steps of a longer window."""
    return stride_for(n_notes, 64)


def encoder(n_notes: int, n_columns: int) -> Any:
    """Build Conv1D k5, patches, and 2 layers of self-attention (64 units, 4 heads).

    A convolution sees five notes; a second one joins as many notes to a patch as leave 32 to 64
    patches of a longer window. Layers are normalised first (Xiong et al. 2020), which needs no
    warm-up.

    Parameters
    ----------
    n_notes, n_columns : int
        Shape of a window of `classify.representations.note_events`.

    Returns
    -------
    keras.Model
        From windows to steps, shape (n, n_steps, 64), and whether each is real, (n, n_steps, 1).

    References
    ----------
    Vaswani et al. 2017, Attention is all you need; Xiong et al. 2020, On layer normalization in the
    transformer architecture.
    """
    import keras
    from keras import layers

    x = keras.Input((n_notes, n_columns))
    steps, real = patches(x, stride(n_notes))
    for _ in range(LAYERS):
        steps = encoded(steps, real)
    return keras.Model(x, [layers.LayerNormalization()(steps), real])


def build(n_notes: int, n_columns: int, n_classes: int, start: Any = None) -> Any:
    """Build the encoder, attention, softmax.

    86,089 parameters with five classes and windows of up to 64 notes; 147,529 with 800 notes.

    Parameters
    ----------
    n_notes, n_columns : int
        Shape of a window of `classify.representations.note_events`.
    n_classes : int
        Outputs.
    start : keras.Model, optional
        An encoder that has learned something already; a new one unless given.
    """
    import keras
    from keras import layers

    from classify.models.networks.blocks.attention import AttentionPooling

    encoded = start or encoder(n_notes, n_columns)
    pooled = AttentionPooling(HEADS)(*encoded.outputs)
    pooled = layers.Dropout(DROPOUT)(pooled)
    return keras.Model(encoded.input, layers.Dense(n_classes, activation="softmax")(pooled))


def patches(x: Any, size: int) -> tuple[Any, Any]:
    """Build from windows to patches of notes with their places, and whether each is real."""
    from keras import layers

    from classify.models.networks.blocks.attention import Positions
    from classify.models.networks.blocks.notes import NoteNumbers

    real = x[..., :1]
    steps = layers.Dense(32)(NoteNumbers()(x)) * real
    steps = layers.Conv1D(UNITS, 5, padding="same", activation="gelu")(steps) * real
    steps = layers.Conv1D(UNITS, size, strides=size, padding="same")(steps)
    if size > 1:
        real = layers.MaxPooling1D(size, padding="same")(real)
    return layers.Dropout(DROPOUT)(Positions()(steps)), real


def encoded(steps: Any, real: Any) -> Any:
    """Build one layer: every step looks at all real ones, then thinks for itself.

    Parameters
    ----------
    steps : tensor, shape (n, n_steps, UNITS)
    real : tensor, shape (n, n_steps, 1)
        1 for a real step, 0 for padding.
    """
    from keras import layers

    seen = layers.Reshape((1, steps.shape[1]))(real) > 0
    normed = layers.LayerNormalization()(steps)
    looked = layers.MultiHeadAttention(HEADS, UNITS // HEADS)(normed, normed, attention_mask=seen)
    steps = steps + layers.Dropout(DROPOUT)(looked)
    thought = layers.Dense(2 * UNITS, activation="gelu")(layers.LayerNormalization()(steps))
    return steps + layers.Dropout(DROPOUT)(layers.Dense(UNITS)(thought))
