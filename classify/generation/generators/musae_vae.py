"""A variational autoencoder of MusAE's size: what Valenti et al. compare theirs with."""

from typing import Any, ClassVar

from classify.generation.generators.musae import MusAE
from classify.generation.latent.phrase_autoencoder import PhraseAutoencoder


class MusAESizedVAE(PhraseAutoencoder):
    """MusAE's encoder and decoders with a normal prior and no adversary.

    Parameters
    ----------
    epochs, seed, quick
        As all generators with a space have them.
    preset : {"small", "long", "paper"}
        Size of the network and of a phrase.
    beta : float
        Highest weight of the KL divergence; 1 is the plain variational autoencoder.
    free_bits : float
        Divergence of a phrase, in bits, that costs nothing.
    """

    TITLE = "VAE of MusAE's size"
    VARIANT_OF = "musae"
    EPOCHS = MusAE.EPOCHS
    TO_THE_END = True
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        name: sizes | {"adversary": ()} for name, sizes in MusAE.PRESETS.items()
    }

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
        beta: float = 1.0,
        free_bits: float = 0.0,
    ) -> None:
        super().__init__(epochs, seed, quick, preset)
        self.beta, self.free_bits = beta, free_bits

    def layer(self) -> Any:
        """Make the layer of Keras that says what phrases cost."""
        from classify.generation.networks.phrase_network import LatentNetwork, Objective

        return LatentNetwork(self.architecture, Objective(self.beta, self.free_bits), self.seed)


GENERATOR = MusAESizedVAE
