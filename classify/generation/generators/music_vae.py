"""MusicVAE: a variational autoencoder of phrases with a hierarchical decoder (Roberts et al. 2018).

"A hierarchical latent vector model for learning long-term structure in music", ICML 2018. A
bidirectional LSTM codes 16 bars as one vector; a conductor LSTM over bars starts a decoder LSTM for
each. `MusicVAE(preset="paper")` has the published sizes of the 16-bar melody model; the usual one
is small enough for a processor. `music-vae-flat` is the published baseline without a conductor.

What differs: the material is up to four voices with their loudness (`latent.phrases`), moved to a
home key rather than transposed at random; the decoder is told the time signature. The small one's
vectors come from the encoder's mean over all steps, their means normalised over each batch (Zhu et
al. 2020, "A batch normalized inference network keeps the KL vanishing away"): with the last states
alone, 450 batches on 300 tunes left a space that the decoder ignored.
"""

from typing import Any, ClassVar

from classify.generation.latent.phrase_autoencoder import PhraseAutoencoder


class MusicVAE(PhraseAutoencoder):
    """A variational autoencoder with a conductor.

    Parameters
    ----------
    epochs, seed, quick
        As all generators with a space have them.
    preset : {"small", "paper"}
        Size of the network.
    beta : float
        Highest weight of the KL divergence.
    free_bits : float
        Divergence of a phrase, in bits, that costs nothing.
    sampling : float
        The constant of the inverse sigmoid by which the decoder comes to read its own draws, in
        batches; 0 for the true symbols throughout.
    """

    TITLE = "MusicVAE"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {
            "bars": 16, "latent": 64, "encoder": (96,), "decoder": (160,),
            "conductor": (96,), "conductor_output": 64,
            "apart_from_start": True,
        },
        "paper": {
            "bars": 16, "latent": 512, "encoder": (2048, 2048), "decoder": (1024, 1024),
            "conductor": (1024, 1024), "conductor_output": 512,
        },
    }  # fmt: skip

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
        beta: float = 0.2,
        free_bits: float = 256.0,
        sampling: float = 200.0,
    ) -> None:
        super().__init__(epochs, seed, quick, preset)
        self.beta, self.free_bits, self.sampling = beta, free_bits, sampling

    def layer(self) -> Any:
        """Make the layer of Keras that says what phrases cost."""
        from classify.generation.networks.phrase_network import LatentNetwork, Objective

        aim = Objective(self.beta, self.free_bits, sampling=self.sampling)
        return LatentNetwork(self.architecture, aim, self.seed)


GENERATOR = MusicVAE
