"""From the raw columns of a note to numbers that a network can weigh."""

from typing import Any

import keras
import numpy as np
from keras import ops

from classify.representations import note_events

#: Beats after which a place counts as the same: beat, and bars of two, three and four beats.
PERIODS = (1, 2, 3, 4)

#: General MIDI percussion (35-81) in six groups, in the order of `_drum_groups`.
DRUMS = (
    (35, 36),  # bass drums
    (37, 38, 39, 40),  # snares, side stick, clap
    (42, 44, 46, 54, 69, 70, 82),  # hi-hats, tambourine, cabasa, maracas
    (49, 51, 52, 53, 55, 57, 59),  # cymbals
    (41, 43, 45, 47, 48, 50),  # toms
)


def _drum_groups() -> np.ndarray:
    """Group of each pitch 0-127; whatever is in no group is in the last one."""
    table = np.full(128, len(DRUMS), np.int32)
    for group, pitches in enumerate(DRUMS):
        table[list(pitches)] = group
    return table


@keras.saving.register_keras_serializable("classify")
class NoteNumbers(keras.layers.Layer):
    """Take the columns of `classify.representations.note_events` apart; nothing is learned here.

    Height, pitch class, pitch class from the tonic and program family are 0 for drums, groups of
    drums are 0 for all others, places are 0 where there are no beats, all that a pitch says is 0
    where it is hidden, and all is 0 for padding. Height, times and velocity are divided so that
    most lie between -2 and 2.

    Call arguments
    --------------
    x : tensor, shape (n_windows, n_notes, n_columns)

    Returns
    -------
    tensor, shape (n_windows, n_notes, 62)
    """

    def call(self, x: Any) -> Any:
        """Give the numbers of every note."""

        def column(place: int) -> Any:
            return x[..., place : place + 1]

        def chosen(values: Any, n: int) -> Any:
            return ops.one_hot(ops.cast(values[..., 0], "int32"), n, dtype=x.dtype)

        drum, pitch, tonic = (
            column(note_events.DRUM),
            column(note_events.PITCH),
            column(note_events.TONIC),
        )
        pitched, keyed = ops.cast(pitch >= 0, x.dtype), ops.cast(tonic >= 0, x.dtype)
        tuned, struck = pitched * (1 - drum), pitched * drum
        beats = ops.cast(column(note_events.PLACE) >= 0, x.dtype)
        groups = ops.take(ops.convert_to_tensor(_drum_groups()), _whole(pitch))
        angles = [column(note_events.PLACE) * (2 * np.pi / period) for period in PERIODS]
        parts = [
            ops.ones_like(drum),
            drum,
            keyed,
            beats,
            tuned * (pitch - 64) / 16,
            (column(note_events.INTER_ONSET) - note_events.MIDDLE[note_events.INTER_ONSET]) / 1.5,
            (column(note_events.DURATION) - note_events.MIDDLE[note_events.DURATION]) / 1.0,
            (column(note_events.VELOCITY) - note_events.MIDDLE[note_events.VELOCITY]) / 20,
            *[beats * turn(angle) for angle in angles for turn in (ops.cos, ops.sin)],
            tuned * chosen(ops.mod(pitch, 12), 12),
            tuned * keyed * chosen(ops.mod(pitch - tonic, 12), 12),
            (1 - drum) * chosen(ops.floor(column(note_events.PROGRAM) / 8), 16),
            struck * chosen(groups, len(DRUMS) + 1),
        ]
        return column(note_events.REAL) * ops.concatenate(parts, axis=-1)

    def compute_output_shape(self, shape: Any) -> Any:
        """Give the shape of what `call` returns."""
        return (*shape[:-1], 62)


def _whole(pitch: Any) -> Any:
    return ops.cast(ops.clip(pitch, 0, 127), "int32")
