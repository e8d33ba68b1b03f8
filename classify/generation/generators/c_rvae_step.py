"""C-RVAE with a latent vector for each bar (Chung et al. 2015), as the paper describes it."""

from classify.generation.generators.c_rvae import CRVAE


class CRVAEStep(CRVAE):
    """Convolutions and a recurrence over bars, each with a latent vector of its own."""

    TITLE = "C-RVAE, by step"
    VARIANT_OF = "c-rvae"
    STEP = True
    FORGETS = 0.0  # each vector reads its own frame


GENERATOR = CRVAEStep
