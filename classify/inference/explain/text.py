"""The paragraph that says why a model predicts what it does for a song."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.inference.explain.attributions import TOLERANCE, Attributions
from classify.inference.explain.profiles import Difference, Profiles

#: A song has much of something if it has more than so many of the training songs, or little.
MUCH = 0.65

#: Likenesses, and unlikenesses, that a paragraph names.
NAMED = 4

#: Share of a song's notes in the passage that a paragraph points at.
PASSAGE = 0.125


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model predicts for a song, for `paragraph`.

    Parameters
    ----------
    title : str
        Of the song.
    classes : tuple of str
        Columns of `p`.
    column : int
        Of the class that is explained.
    p : ndarray, shape (n_classes,)
        Probabilities of the song.
    calibrated : bool
        Whether they are.
    notes : ndarray of NOTE, shape (n_notes,)
        Of the song.
    attributions : Attributions
        Of the class.
    """

    title: str
    classes: tuple[str, ...]
    column: int
    p: NDArray[np.float64]
    calibrated: bool
    notes: NDArray[np.void]
    attributions: Attributions

    @property
    def label(self) -> str:
        """The class that is explained."""
        return self.classes[self.column]


def paragraph(
    prediction: Prediction,
    profiles: Profiles | None = None,
    features: NDArray[np.float64] | None = None,
) -> str:
    """Say in words what is predicted, what is like the class and what unlike, and which notes.

    Parameters
    ----------
    prediction : Prediction
        What the model predicts.
    profiles : Profiles, optional
        Of the training songs.
    features : ndarray, shape (n_terms,), optional
        The song's features, as `terms.of_songs` gives them; needed with profiles.
    """
    parts = [_predicted(prediction)]
    if profiles is not None and features is not None:
        parts += _likeness(prediction, profiles, features)
    parts += _channels(prediction)
    parts += _where(prediction)
    parts.append(_how(prediction.attributions))
    return " ".join(parts)


def _predicted(prediction: Prediction) -> str:
    classes, p = prediction.classes, prediction.p
    order = np.argsort(-p, kind="stable")
    probabilities = ", ".join(f"{classes[k]} {100 * p[k]:.0f} %" for k in order[:4])
    line = f"{prediction.title} is predicted {classes[order[0]]} ({probabilities}"
    line += ", calibrated)." if prediction.calibrated else ")."
    if order[0] != prediction.column:
        line += f" What follows is about {prediction.label} ({100 * p[prediction.column]:.0f} %)."
    return line


def _likeness(
    prediction: Prediction, profiles: Profiles, features: NDArray[np.float64]
) -> list[str]:
    """Say in what the song is like the songs of the class, and in what unlike them."""
    value = dict(zip(profiles.quantiles, features, strict=True))
    like: list[str] = []
    unlike: list[str] = []
    for difference in profiles.of(prediction.label):
        standing = profiles.standing(difference.feature, value[difference.feature])
        if max(standing, 1 - standing) >= MUCH:
            same = (standing > 0.5) == (difference.value > 0)
            (like if same else unlike).append(
                _compared(difference, standing, value[difference.feature])
            )
    whom = f"the {profiles.n_songs} training songs"
    lines = []
    if like:
        lines.append(f"Like {prediction.label} songs, it is {_joined(like[:NAMED])} of {whom}.")
    if unlike:
        lines.append(f"Unlike {prediction.label} songs, it is {_joined(unlike[:NAMED])} of {whom}.")
    if not lines:
        lines.append(f"In what sets {prediction.label} songs apart from others, it is middling.")
    return lines


def _compared(difference: Difference, standing: float, value: float) -> str:
    term = difference.term
    word, share = (term.more, standing) if standing > 0.5 else (term.less, 1 - standing)
    return f"{word} ({term.what}: {term.format(value)}) than {100 * share:.0f} %"


def _joined(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _channels(prediction: Prediction) -> list[str]:
    """Say what each channel adds to the probability, where that is known."""
    sums = {name: 100 * notes.sum() for name, notes in prediction.attributions.channels.items()}
    moved = [
        f"{name} {points:+.0f}"
        for name, points in sorted(sums.items(), key=lambda item: -abs(item[1]))
        if round(points)
    ]
    if not moved:
        return []
    floor = 100 * prediction.attributions.baseline
    return [
        f"Beside a song of average notes ({floor:.0f} %), the network's probability of "
        f"{prediction.label} has moved, in points, by {_joined(moved)}."
    ]


def _where(prediction: Prediction) -> list[str]:
    """Point at the passages that speak most for the class, and most against it."""
    notes = prediction.attributions.notes
    length = max(1, round(PASSAGE * len(notes)))
    sums = np.convolve(notes, np.ones(length), "valid")
    passages = []
    for sign, how in ((1, "for"), (-1, "against")):
        first = int((sign * sums).argmax())
        if sign * sums[first] > 0:
            begin, end = prediction.notes["onset"][[first, first + length - 1]]
            passages.append(f"most {how} it from {clock(begin)} to {clock(end)}")
    if not passages:
        return ["No passage speaks for or against it."]
    return [f"The notes speak {_joined(passages)}."]


def clock(seconds: float) -> str:
    """Tell a time as minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _how(attributions: Attributions) -> str:
    if attributions.method == "occlusion":
        return (
            "(Passages were left out one by one; a likeness is a comparison with the training "
            "songs and need not be what the model heard.)"
        )
    line = "(Notes by integrated gradients; a likeness need not be what the network heard."
    if attributions.gap > TOLERANCE:
        line += f" The notes miss the probability by up to {100 * attributions.gap:.1f} points."
    return line + ")"
