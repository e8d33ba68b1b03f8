"""Songs changed in ways that leave their class alone, to see how robust a model's predictions are.

A listener hears a calm song as calm a tone higher or a little faster. A model that does not has
learned something else than the class. Only test songs are ever changed here; augmentation of
training songs is another matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify.songs import Song

#: Velocity of every note where loudness is taken away: MIDI's usual middle.
FLAT = 64

Notes = NDArray[np.void]


@dataclass(frozen=True)
class Perturbation:
    """One change of a song.

    Parameters
    ----------
    name : str
        In tables: "transposed +3".
    amount : float
        Semitones, or the factor of durations and onsets; 1 where there is no degree.
    change : callable
        Notes to notes; must not write into what it is given.
    tempo : float
        Factor of times, for the song's length and tempo map.
    metres : bool
        Whether time signatures stay.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> slower = Perturbation("slower", 1.25, stretched(1.25), tempo=1.25)
    >>> slower.of(piece()).seconds
    75.0
    """

    name: str
    amount: float
    change: Callable[[Notes], Notes]
    tempo: float = 1.0
    metres: bool = True

    def of(self, song: Song) -> Song:
        """Give the changed song; its notes are changed when they are asked for."""
        tempi = song.tempi.copy()
        if len(tempi):
            tempi[:, 0] *= self.tempo
            tempi[:, 1] /= self.tempo
        n_notes = song.n_notes
        if self.change is without_drums:
            n_notes = len(self.change(song.notes))
        return replace(
            song,
            n_notes=n_notes,
            seconds=song.seconds * self.tempo,
            tempi=tempi,
            metres=song.metres if self.metres else song.metres[:0],
            fetch=lambda: self.change(song.notes),
        )


def transposed(semitones: int) -> Callable[[Notes], Notes]:
    """Move every note but drums; one that would leave 0-127 moves an octave less.

    >>> from classify.representations.reference import piece
    >>> notes = piece().notes
    >>> up = transposed(2)(notes)
    >>> int(up["pitch"].max()) - int(notes["pitch"].max())
    2
    """

    def change(notes: Notes) -> Notes:
        moved = notes.copy()
        pitch = notes["pitch"].astype(int) + np.where(notes["drum"], 0, semitones)
        moved["pitch"] = np.where(pitch > 127, pitch - 12, np.where(pitch < 0, pitch + 12, pitch))
        return moved[np.lexsort((moved["pitch"], moved["onset"]))]

    return change


def stretched(factor: float) -> Callable[[Notes], Notes]:
    """Multiply all times: above 1 is slower. Beats stay.

    >>> from classify.representations.reference import piece
    >>> notes = piece().notes
    >>> float(stretched(2.0)(notes)["onset"][-1] / notes["onset"][-1])
    2.0
    """

    def change(notes: Notes) -> Notes:
        slower = notes.copy()
        slower["onset"] *= factor
        slower["duration"] *= factor
        return slower

    return change


def flattened(notes: Notes) -> Notes:
    """Give every note the same velocity.

    >>> from classify.representations.reference import piece
    >>> set(flattened(piece().notes)["velocity"].tolist())
    {64}
    """
    flat = notes.copy()
    flat["velocity"] = FLAT
    return flat


def without_drums(notes: Notes) -> Notes:
    """Leave drums out; a song of nothing but drums keeps them.

    >>> from classify.representations.reference import piece
    >>> notes = piece().notes
    >>> len(notes), len(without_drums(notes))
    (160, 137)
    """
    rest = notes[~notes["drum"]]
    return rest if len(rest) else notes


def perturbations_of(songs: Sequence[Song]) -> list[Perturbation]:
    """Give every change that is tried on these songs: none that would leave all as they are.

    Returns
    -------
    list of Perturbation
        Transposed by 1 to 6 semitones both ways, stretched by 0.8 to 1.25, and where songs have
        these: velocity flattened, drums removed, time signatures removed.

    Examples
    --------
    >>> from classify.representations.reference import piece
    >>> [change.name for change in perturbations_of([piece()])][-3:]
    ['velocity flattened', 'drums removed', 'metre removed']
    """
    changes = [
        Perturbation(f"transposed {step:+d}", step, transposed(step))
        for step in range(-6, 7)
        if step != 0
    ]
    changes += [
        Perturbation(f"stretched {factor}", factor, stretched(factor), factor)
        for factor in (0.8, 0.9, 1.1, 1.25)
    ]
    if any(np.ptp(song.notes["velocity"]) > 0 for song in songs):
        changes.append(Perturbation("velocity flattened", 1, flattened))
    if any(song.notes["drum"].any() for song in songs):
        changes.append(Perturbation("drums removed", 1, without_drums))
    if any(len(song.metres) for song in songs):
        changes.append(Perturbation("metre removed", 1, lambda notes: notes, metres=False))
    return changes
