"""The way of one song to another mood, on which it stays itself.

A mean difference between moods is the same way for all songs; but a loud song becomes calm by what
a soft one has already. So for each song ways are tried: so much of that difference, and of each
attribute's direction; more of that of loudness, where loudness alone is read; and another tempo,
of which a space knows nothing. Of those on which
enough of the melody is left, the best is the one that the generator's own classifier of moods likes
best; the next ones are tried around the best of them (a cross-entropy search, Rubinstein 1999). The
judge of a comparison knows nothing of that classifier.
"""

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent.latent_generator import Elsewhere, LatentGenerator
from classify.generation.latent.points import Way
from classify.generation.similarity import melodic_similarity
from classify.songs import Song

Floats = NDArray[np.float32]

#: The attribute that notes need not be asked for, and how much farther it may go.
LOUDNESS, LOUDER = "loudness", 2.0

#: How far tries of the tempo go, as logarithms, and how far it may.
TEMPO, FASTEST = 0.15, float(np.log(1.5))

#: How often ways are tried, how many at a time, and around how many of the best the next ones.
ROUNDS, TRIED, BEST = 3, 24, 5

#: The farthest first tries towards the mood, and how far ways go along attributes, in standard
#: deviations of songs; how far second tries are from the best ones.
FARTHEST, ASIDE, NEAR = 3.0, 1.0, 0.6

#: Notes that a song needs to be heard.
FEWEST_NOTES = 2


def find(
    generator: LatentGenerator,
    song: Song,
    write: Elsewhere,
    mood: str,
    kept: float,
) -> Way:
    """Find the way.

    Parameters
    ----------
    generator : LatentGenerator
        With a classifier of moods; where it has none, or writes moved songs anew, the way is that
        of all songs.
    song : Song
        Which has a place.
    write : Elsewhere
        What `generator.elsewhere` gives for it.
    mood : str
        That was learned.
    kept : float
        Melodic similarity that is to be left, from 0 to 1; where no way leaves as much, the one
        that leaves most is taken.

    Returns
    -------
    Way
    """
    towards = generator.towards(generator.encode(song).z, mood)
    scorer = generator.scorer if generator.BY_CHANCES else None
    if not scorer or mood not in scorer.moods:
        return Way(towards)
    loud = generator.directions.get(LOUDNESS, np.zeros_like(towards))
    basis = np.stack([towards, *generator.directions.values(), loud])
    random = np.random.default_rng(generator.seed)
    scale = np.append(np.full(len(basis), ASIDE), TEMPO)
    scale[-2] *= LOUDER
    tries = random.normal(0, scale, (TRIED, len(scale)))
    tries[:, 0] = random.uniform(0, FARTHEST, TRIED)
    tries[0] = np.eye(len(scale))[0]  # the way of all songs
    worth, known = np.zeros(0), np.zeros((0, len(scale)))
    for n in range(ROUNDS):
        if n:
            near = known[random.integers(len(known), size=TRIED)]
            tries = near + random.normal(0, scale * NEAR / n, near.shape)
        written = write([_way(one, basis) for one in tries])
        of_tries = _worth(generator, song, written, mood, kept)
        worth, known = np.append(worth, of_tries), np.concatenate([known, tries])
        best = worth.argsort(kind="stable")[::-1][:BEST]
        worth, known = worth[best], known[best]
    return _way(known[0], basis)


def _way(shares: NDArray[np.float64], basis: Floats) -> Way:
    """Go so much along each: the last but one is for loudness alone, the last for the tempo."""
    away = shares[:-2] @ basis[:-1]
    loud = away + shares[-2] * basis[-1]
    faster = float(np.clip(shares[-1], -FASTEST, FASTEST))
    return Way(away.astype(np.float32), loud.astype(np.float32), faster)


def _worth(
    generator: LatentGenerator, song: Song, written: list[Song], mood: str, kept: float
) -> NDArray[np.float64]:
    """Give the probability of the mood; below 0 where too little of the melody is left."""
    left = np.array([melodic_similarity(song, one) for one in written])
    heard = np.array([one.n_notes >= FEWEST_NOTES for one in written])
    worth = np.where(heard, left - kept, -1.0)
    enough = np.flatnonzero(heard & (left >= kept))
    if len(enough) and generator.scorer:
        worth[enough] = generator.scorer.probabilities([written[i] for i in enough], mood)
    return worth
