"""The mean of what three smooth models say of a whole song (soft vote, Kittler 1998).

All read the song's features as one long window and the mean over its windows. Two regressions see
them as they are and as ranks; the third is a regression in the space of a Gaussian kernel, in which
quantities act together (Nyström's approximation, Williams and Seeger 2001).
"""

from sklearn.ensemble import VotingClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

TITLE = "Vote on songs"
INPUT = "song"
GRID = {"plain__logisticregression__C": [1e-3, 3e-3]}

#: Width of the kernel, for some 1,300 standardised quantities.
GAMMA = 2e-4


def build(seed: int) -> VotingClassifier:
    """Build the three models and their vote."""

    def regression(c: float) -> LogisticRegression:
        return LogisticRegression(C=c, max_iter=200, random_state=seed)

    def ranked(*steps: object) -> Pipeline:
        ranks = QuantileTransformer(n_quantiles=100, random_state=seed)
        return make_pipeline(ranks, StandardScaler(), *steps)

    kernel = Nystroem(gamma=GAMMA, n_components=500, random_state=seed)
    members = [
        ("plain", make_pipeline(StandardScaler(), regression(2e-3))),
        ("ranked", ranked(regression(2e-3))),
        ("kernel", ranked(kernel, regression(6.0))),
    ]
    return VotingClassifier(members, voting="soft")
