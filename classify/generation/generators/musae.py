"""MusAE: an adversarial autoencoder of phrases with a region for each mood (Valenti et al. 2020).

"Learning style-aware symbolic music representations by adversarial autoencoders", ECAI 2020. An
adversary (WGAN-GP) makes the latent vectors of each mood's phrases look like those of a Gaussian of
that mood, and those of songs without a mood like one of their own, so that unlabelled songs teach,
too. The means lie on a circle; each Gaussian is wide away from its middle and narrow otherwise. The
decoder writes each voice by itself and reads the latent vector alone.

Their code trains encoder and adversary by the sum of their losses, in which the adversary's cancel:
`musae-as-published` does so, and its encoder learns nothing of the prior. Here each learns by its
own. `musae-vae` is a variational autoencoder of the same size, which theirs is compared with.

What differs: voices are told by place and moods take the place of genres (`latent.phrases`);
encoder and decoder count a latent vector in deviations of the prior, which is too narrow to be seen
at first. The preset `small` has phrases of four bars, and its vectors come from the encoder's mean
over all steps, their means normalised over each batch before they are moved to the prior: with the
last states, 200 batches on melodies of Nottingham left a decoder that heard nothing of the vector.
`long` has phrases of sixteen bars, as published, and a conductor over bars, as MusicVAE has.
`MusAE(preset="paper")` has the published sizes.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent.flower import petal_root, petals
from classify.generation.latent.phrase_autoencoder import PhraseAutoencoder
from classify.songs import Song

Floats = NDArray[np.float32]


#: Sizes of the preset `small`.
SMALL: dict[str, Any] = {
    "bars": 4, "latent": 64, "encoder": (96,), "decoder": (128,), "feedback": False,
    "apart": True, "one_start": True, "apart_from_start": True, "adversary": (128, 128),
}  # fmt: skip


class MusAE(PhraseAutoencoder):
    """An adversarial autoencoder.

    Parameters
    ----------
    epochs, seed, quick
        As all generators with a space have them.
    preset : {"small", "long", "paper"}
        Size of the network and of a phrase, and when the adversary begins to count.
    """

    TITLE = "MusAE"
    EPOCHS = 30
    TO_THE_END = True
    CANCELS: ClassVar[bool] = False
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "small": SMALL,
        "long": SMALL | {"bars": 16, "conductor": (96,), "conductor_output": 64},
        "paper": {
            "bars": 16, "latent": 512, "encoder": (512, 512, 512), "decoder": (512, 512, 512),
            "feedback": False, "apart": True, "one_start": True, "adversary": (512, 512),
        },
    }  # fmt: skip

    FACTS = (*PhraseAutoencoder.FACTS, "unlabelled")

    unlabelled: bool

    #: Batches at which the adversary begins to count, and counts in full.
    CHANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "small": (150, 300), "long": (150, 300), "paper": (5_000, 10_000),
    }  # fmt: skip

    def layer(self) -> Any:
        """Make the layer of Keras that says what phrases cost."""
        from classify.generation.networks.adversarial_network import AdversarialNetwork, Adversary

        aim = Adversary(changes=self.CHANGES[self.preset], cancels=self.CANCELS)
        return AdversarialNetwork(self.architecture, aim, self.seed)

    def place_moods(self, songs: Sequence[Song], moods: Sequence[str]) -> None:
        """Take the prior's Gaussians for the places of moods."""
        super().place_moods(songs, moods)
        shape = self.architecture
        for mood, mean in zip((*self.known_moods, ""), petals(shape.labels, shape.latent),
                              strict=True):  # fmt: skip
            if mood or not all(moods):
                self.spots[mood] = mean, petal_root(mean)
        self.unlabelled = not all(moods)

    def sample(self, random: np.random.Generator, mood: str = "", n: int = 1) -> Floats:
        """Draw the phrases of one song from the prior; of any mood where each song had one."""
        if not mood and not self.unlabelled:
            mood = self.known_moods[int(random.integers(len(self.known_moods)))]
        return super().sample(random, mood, n)

    def towards(self, z: Floats, mood: str) -> Floats:
        """Give the way to a mood: from the nearest mean of the prior to the mood's."""
        means = np.stack([mean for mean, _ in self.spots.values()])
        nearest = np.linalg.norm(means - z.mean(axis=0), axis=1).argmin()
        return self.spots[mood][0] - means[nearest]


GENERATOR = MusAE
