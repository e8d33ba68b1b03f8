"""Music as it would be at another place of a space, all else that made it being the same.

A latent vector says little of a phrase: what a decoder makes of it alone is another phrase. But all
music can be seen as what a decoder drew at its place: of all chances that could have been, those
under which exactly these notes were drawn. Under the same chances the decoder draws other notes at
another place, and only where the two places differ in what they say. So a song stays itself where
it is, and changes the more the further it goes: it is a counterfactual (Oberst and Sontag 2019,
"Counterfactual off-policy evaluation with Gumbel-max structural causal models", ICML).
"""

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent.coder import Choice, Coder
from classify.generation.latent.phrases import HOLD, LOUDNESS, NOTHING, SYMBOLS

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Rewriter:
    """Phrases and the chances under which they were drawn.

    Parameters
    ----------
    coder : Coder
        Whose decoder is asked.
    z : ndarray of float32, shape (n_phrases, latent)
        Where they are.
    metre : ndarray of float32, shape (n_phrases, n_metres)
        1 for the time signature of each.
    symbols, loudness : ndarray of int, shape (n_phrases, bars, bar_steps, n_voices)
        As `phrases.cut` gives them.
    random : Generator
        Draws from all chances under which a decoder would write these.
    """

    def __init__(
        self,
        coder: Coder,
        z: Floats,
        metre: Floats,
        symbols: Ints,
        loudness: Ints,
        random: np.random.Generator,
    ) -> None:
        self.coder, self.metre, self.shape = coder, metre, symbols.shape
        context = coder.contexts(z, metre)
        steps = len(context), coder.architecture.stretch, coder.architecture.voices
        self.symbols, self.loudness = symbols.reshape(steps), loudness.reshape(steps)
        self.chances = np.zeros((*steps, SYMBOLS), np.float32)
        self.loud_chances = np.zeros((*steps, LOUDNESS), np.float32)

        def choose(voices: list[int], t: int, scores: Floats, loud: Floats) -> Ints:
            true = self.symbols[:, t, voices]
            self.chances[:, t, voices] = chances(scores, np.maximum(true, 0), random)
            self.loud_chances[:, t, voices] = chances(loud, self.loudness[:, t, voices], random)
            return true

        coder.walk(context, choose)

    def at(self, z: Floats, loud: Floats) -> tuple[Ints, Ints]:
        """Write them as they would be elsewhere, at several places side by side.

        Parameters
        ----------
        z, loud : ndarray of float32, shape (n_places, n_phrases, latent)
            Where notes are read, and their loudness.

        Returns
        -------
        symbols, loudness : ndarray of int, shape (n_places, n_phrases, bars, bar_steps, n_voices)
            The very same where `z` is where they are. A note where none was is as loud as is
            likeliest.
        """
        steps = len(z), *self.symbols.shape
        written, loudness = np.full(steps, NOTHING), np.zeros(steps, int)
        was = (self.symbols >= 0) & (self.symbols < HOLD)

        def choose(voices: list[int], t: int, scores: Floats, said: Floats) -> Ints:
            symbols = (_placed(scores, len(z)) + self.chances[:, t, voices]).argmax(axis=-1)
            symbols = np.where(self.symbols[:, t, voices] == NOTHING, NOTHING, symbols)
            written[:, :, t, voices] = symbols
            return hear(voices, t, scores, said)

        def hear(voices: list[int], t: int, scores: Floats, said: Floats) -> Ints:
            del scores
            said, symbols = _placed(said, len(z)), written[:, :, t, voices]
            drawn = (said + self.loud_chances[:, t, voices]).argmax(axis=-1)
            found = np.where(was[:, t, voices], drawn, said.argmax(axis=-1))
            loudness[:, :, t, voices] = np.where((symbols >= 0) & (symbols < HOLD), found, 0)
            return symbols.reshape(-1, len(voices))

        self._walk(z, choose)
        if not np.array_equal(z, loud):
            self._walk(loud, hear)
        whole = len(z), *self.shape
        return written.reshape(whole), loudness.reshape(whole)

    def _walk(self, z: Floats, choose: Choice) -> None:
        """Go through the phrases as they are at several places, side by side."""
        metre = np.tile(self.metre, (len(z), 1))
        self.coder.walk(self.coder.contexts(z.reshape(-1, z.shape[-1]), metre), choose)


def _placed(scores: Floats, n_places: int) -> Floats:
    """Part what was scored side by side by places."""
    return scores.reshape(n_places, -1, *scores.shape[1:])


def chances(scores: Floats, drawn: Ints, random: np.random.Generator) -> Floats:
    """Draw Gumbel noise under which classes are the ones that were drawn.

    Parameters
    ----------
    scores : ndarray of float, shape (..., n_classes)
        Log probabilities of classes, up to a constant.
    drawn : ndarray of int, shape (...)
        The class that was drawn.
    random : Generator
        Draws.

    Returns
    -------
    ndarray of float32, shape (..., n_classes)
        ``(scores + noise).argmax(-1)`` is `drawn`; over all draws of a class by its probability,
        the noise of each class is independent Gumbel noise.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> scores = np.log([[0.7, 0.2, 0.1]] * 3)
    >>> (scores + chances(scores, np.array([0, 1, 2]), random)).argmax(axis=1).tolist()
    [0, 1, 2]
    """
    log_p = scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)
    highest = random.gumbel(size=drawn.shape)[..., None]
    others = log_p + random.gumbel(size=scores.shape)
    values = -np.logaddexp(-highest, -others)  # as others are where they are below the highest
    np.put_along_axis(values, drawn[..., None], highest, axis=-1)
    return np.asarray(values - log_p, np.float32)
