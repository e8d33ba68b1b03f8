"""MuseGAN's composer model: one generator writes all tracks from noise that they share."""

from classify.generation.generators.muse_gan import MuseGAN


class MuseGANComposer(MuseGAN):
    """As `MuseGAN`, with one generator for all tracks."""

    TITLE = "MuseGAN, composer"
    VARIANT_OF = "muse-gan"
    KIND = "composer"


GENERATOR = MuseGANComposer
