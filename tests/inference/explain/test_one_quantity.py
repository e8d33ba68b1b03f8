"""Where one quantity alone decides the class, importance and profile find it, and nothing else."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from classify.evaluation.importance import HeldOutSongs, mean_importances, permutation_importance
from classify.inference.explain import profiles, terms
from classify.models.baseline_classifier import BaselineClassifier
from classify.representations import features
from classify.representations.musical_features import FEATURES
from classify.representations.windows import WindowSettings, cut
from tests.inference.explain import made

pytestmark = pytest.mark.slow  # fits on several corpora

RULES = {
    # rule: family, features of which the profile must name one first, words of class `one`
    "tempo": (made.tempo_only, "rhythm", ("slower", "sparser")),
    "mode": (made.mode_only, "key", "nearer to minor"),
    "register": (made.register_only, "pitch", "lower"),
}


class Case:
    """A made corpus, cut and measured, with a model trained on half of it."""

    def __init__(self, folder, rule):
        self.made = made.corpus(folder, rule)
        songs = self.made.songs
        windows = cut(songs, WindowSettings(60, 60, ("pitch",)))
        batch = features.batch(songs, windows.song, windows.start, 60)
        self.song, self.x = windows.song, features.compute(batch)[:, np.newaxis]
        self.code = (self.made.labels == "two").astype(int)
        self.tested = np.arange(len(songs)) % 2 == 1
        self.model = self.fitted(self.made.labels)

    def fitted(self, labels):
        train = ~self.tested[self.song]
        model = BaselineClassifier("features-logistic", quick=True)
        return model.fit(self.x[train], np.asarray(labels)[self.song][train])

    def families(self, predict):
        """Credit of each family, in order of names."""
        rows = self.tested[self.song]
        songs = np.flatnonzero(self.tested)
        place = np.searchsorted(songs, self.song[rows])
        held = HeldOutSongs(self.x[rows], place, self.code[songs], [str(k) for k in songs])
        importances = permutation_importance(
            predict, held, FEATURES.families(WindowSettings()), seed=0, repeats=3
        )
        return [
            i
            for i in mean_importances(importances, held.groups, seed=0)
            if (i.metric, i.question) == ("log_likelihood", "credit")
        ]


@pytest.fixture(scope="module", params=RULES)
def case(request, tmp_path_factory):
    rule, family, words = RULES[request.param]
    return Case(tmp_path_factory.mktemp(request.param), rule), family, words


def test_importance_ranks_the_family_first(case):
    corpus, family, _ = case
    ranked = corpus.families(corpus.model.predict_proba)
    assert ranked[0].name == family and ranked[0].low > 0
    assert ranked[0].value > 1.3 * ranked[1].value


def test_the_profile_names_it_first_and_names_nothing_else_of_weight(case):
    corpus, _, words = case
    table = terms.of_songs(corpus.x[:, 0], corpus.song, len(corpus.made.songs))
    importances = profiles.profile(table, corpus.made.labels, corpus.made.groups, seed=0)
    one, two = importances.of("one"), importances.of("two")
    assert one[0].term.less.startswith(words) and one[0].value < -1
    assert two[0].feature == one[0].feature and two[0].value == pytest.approx(-one[0].value)
    assert importances.sentence("one").startswith(f"one here means: {one[0].term.less}")
    # notes of a scale are as loud, as dense in chords, as repetitive, ... in both classes
    assert {d.term.aspect for d in one} <= {
        "pace", "density", "length", "steadiness", "height", "bass", "mode", "clarity",
    }  # fmt: skip


def test_random_labels_destroy_the_importance(case):
    corpus, family, _ = case
    true = {i.name: i.value for i in corpus.families(corpus.model.predict_proba)}
    correlations, largest = [], []
    for seed in range(4):
        labels = np.random.default_rng(seed).permutation(corpus.made.labels)
        importances = {
            i.name: i.value for i in corpus.families(corpus.fitted(labels).predict_proba)
        }
        correlations.append(spearmanr([true[n] for n in true], [importances[n] for n in true])[0])
        largest.append(importances[family])
    assert abs(np.mean(correlations)) < 0.5
    assert np.mean(largest) < 0.3 * true[family]
