"""MuseGAN's jamming model: each track from noise of its own, against an adversary of its own."""

from classify.generation.generators.muse_gan import MuseGAN


class MuseGANJamming(MuseGAN):
    """As `MuseGAN`, with nothing that tracks share."""

    TITLE = "MuseGAN, jamming"
    VARIANT_OF = "muse-gan"
    KIND = "jamming"


GENERATOR = MuseGANJamming
