"""C-RVAE with the decoder of its authors' code, which reads the bar that it is to predict."""

from classify.generation.generators.c_rvae import CRVAE


class CRVAEAsPublished(CRVAE):
    """C-RVAE with a decoder in both directions."""

    TITLE = "C-RVAE, as published"
    VARIANT_OF = "c-rvae"
    LEAKS = True
    FORGETS = 0.0


GENERATOR = CRVAEAsPublished
