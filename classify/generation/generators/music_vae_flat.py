"""MusicVAE without a conductor: the flat decoder that Roberts et al. compare theirs with."""

from typing import Any, ClassVar

from classify.generation.generators.music_vae import MusicVAE


class FlatMusicVAE(MusicVAE):
    """A variational autoencoder whose decoder goes through all bars in one."""

    TITLE = "MusicVAE, flat"
    VARIANT_OF = "music-vae"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {"bars": 16, "latent": 64, "encoder": (96,), "decoder": (160,),
                  "apart_from_start": True},
        "paper": {"bars": 16, "latent": 512, "encoder": (2048, 2048),
                  "decoder": (2048, 2048, 2048)},
    }  # fmt: skip


GENERATOR = FlatMusicVAE
