"""MusAE trained as its authors' code does: by one sum of losses in which the adversary's cancel."""

from classify.generation.generators.musae import MusAE


class MusAEAsPublished(MusAE):
    """MusAE whose encoder learns nothing of the adversary."""

    TITLE = "MusAE, as published"
    VARIANT_OF = "musae"
    CANCELS = True


GENERATOR = MusAEAsPublished
