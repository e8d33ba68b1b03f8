"""From the steps of an encoder back to every note: what hidden notes are guessed with.

An encoder has fewer steps than there are notes. Each step has to distinguish all of the notes
that it stands for; nothing but the encoder is between a note and its guess, so whatever helps to
guess must be in the steps, where a classifier finds it later. The decoder is thrown away.
"""

from typing import Any

import numpy as np

from classify.representations.masking import TARGETS

#: Units that each note has in the decoder.
UNITS = 64

#: How much each target counts while learning. Times and loudness are easily read from the notes
#: around; with equal weights they drown the degree, which then is not learned in a thousand steps.
WEIGHTS = {"degree": 4.0, "octave": 1.0, "inter_onset": 1.0, "duration": 1.0, "velocity": 0.25}


def build(encoder: Any, size: int, shares: Any) -> Any:
    """Build a decoder on an encoder: Dense to `size` notes a step, Conv1D k5, scores of classes.

    Parameters
    ----------
    encoder : keras.Model
        From windows of a whole number of steps to steps, and whether each is real.
    size : int
        Notes in a step.
    shares : sequence of ndarray
        Share of each class of each target: what is guessed before anything is learned.

    Returns
    -------
    keras.Model
        From windows to scores, shape (n, n_notes, n_classes of all targets).
    """
    import keras
    from keras import layers

    steps = encoder.outputs[0]
    notes = layers.Dense(size * UNITS, activation="relu")(steps)
    notes = layers.Reshape((steps.shape[1] * size, UNITS))(notes)
    notes = layers.Conv1D(UNITS, 5, padding="same", activation="relu")(notes)
    model = keras.Model(encoder.input, layers.Dense(sum(TARGETS.values()))(notes))
    model.layers[-1].bias.assign(np.log(np.concatenate(shares)))
    return model


def loss(y: Any, scores: Any) -> Any:
    """Give the mean cross-entropy of each target, summed over targets by their `WEIGHTS`.

    Parameters
    ----------
    y : tensor, shape (n, n_notes, n_targets)
        Classes; below 0 where there is nothing to guess.
    scores : tensor, shape (n, n_notes, n_classes of all targets)
        Logits.
    """
    from keras import ops

    total, first = 0.0, 0
    for place, (name, n) in enumerate(TARGETS.items()):
        classes = ops.cast(y[..., place], "int32")
        guessed = ops.cast(classes >= 0, scores.dtype)
        wrong = ops.sparse_categorical_crossentropy(
            ops.maximum(classes, 0), scores[..., first : first + n], from_logits=True
        )
        mean = ops.sum(wrong * guessed) / ops.maximum(ops.sum(guessed), 1.0)
        total = total + WEIGHTS[name] * mean
        first += n
    return total
