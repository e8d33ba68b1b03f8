"""Multi-excerpt network: several places of a song through one encoder, then attention."""

from typing import Any

from classify.models.networks.crnn import convolved
from classify.models.networks.layers import stride_for
from classify.representations.note_events import NOTE_EXCERPTS

INPUT = NOTE_EXCERPTS.name

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {"passages": ("Multi-excerpt network", {})}

UNITS, HEADS, DROPOUT = 64, 4, 0.3


def build(n_notes: int, n_columns: int, n_classes: int) -> Any:
    """Build convolutions and attention for each of four excerpts, and attention across them.

    The window itself looks at the song's beginning, middle and end, and they at it; which is which
    is learned with them.

    Parameters
    ----------
    n_notes, n_columns : int
        Shape of a window of `classify.representations.note_events`.
    n_classes : int
        Outputs.
    """
    import keras
    from keras import layers

    from classify.models.networks.blocks.attention import AttentionPooling, Positions, Regroup

    n_excerpts = NOTE_EXCERPTS.n_excerpts
    x = keras.Input((n_notes, n_columns))
    length = n_notes // n_excerpts
    each = Regroup((length, n_columns))(x)
    steps, real = convolved(each, stride_for(length, 16), (48, UNITS))
    pooled = layers.Dropout(DROPOUT)(AttentionPooling(HEADS)(steps, real))
    song = Positions()(layers.LayerNormalization()(Regroup((n_excerpts, UNITS))(pooled)))
    song = song + layers.MultiHeadAttention(HEADS, UNITS // HEADS, dropout=0.1)(song, song)
    song = layers.Flatten()(layers.LayerNormalization()(song))
    song = layers.Dropout(DROPOUT)(layers.Dense(UNITS, activation="relu")(song))
    return keras.Model(x, layers.Dense(n_classes, activation="softmax")(song))
