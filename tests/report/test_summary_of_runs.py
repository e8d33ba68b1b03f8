"""Every sentence of the summary of real runs, against numbers that are computed here once more.

Three tiny comparisons: one with a clear winner, one of models that guess, one in which a model
fails. Each sentence must be one of those below, and hold what predictions.parquet says.
"""

import re
import sys
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import binomtest
from scipy.stats import t as student

from classify import baselines, load_run
from classify.experiments.comparison import compare
from classify.experiments.settings import Settings
from classify.report.run import Run
from tests.conftest import write_corpus

#: A baseline that guesses, each by its seed, and one that fails.
MODELS = {
    "guess_one": "DummyClassifier(strategy='stratified', random_state=seed)",
    "guess_two": "DummyClassifier(strategy='stratified', random_state=seed + 1)",
    "broken": "DummyClassifier(strategy='constant', constant='nothing')",
}
SOURCE = """
from sklearn.dummy import DummyClassifier
TITLE, INPUT, GRID = {title!r}, "notes", {{}}
def build(seed):
    return {made}
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory) -> Iterator[Callable[[str], Run]]:
    """Compare models on 60 songs of one window each; models named here are files of their own."""
    place = tmp_path_factory.mktemp("summary")
    songs = write_corpus(place / "songs", per_class=30)
    for name, made in MODELS.items():
        (place / f"{name}.py").write_text(SOURCE.format(title=name, made=made))

    def run(models: str) -> Run:
        settings = Settings(
            corpus=str(songs), window=40, hop=40, models=tuple(models.split(",")), quick=True
        )
        return load_run(compare(settings, place / "runs" / models, 1))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "__path__", [*baselines.__path__, str(place)])
        yield run
    for name in MODELS:
        sys.modules.pop(f"classify.baselines.{name}", None)


NUMBER = r"[\d.]+"
P = r"\(adjusted p (?:= (?P<p>1\.000|\.\d+)|(?P<tiny>< \.001))"

#: What a summary may say; `Checked` has a method for each.
FORMS = {
    "quick": r"This is a quick run .*",
    "small": r"The test part is small \((?P<songs>\d+) songs in (?P<groups>\d+) groups, .*",
    "failed": r"(?P<title>.+) failed and has no scores: .+\.",
    "best": rf"(?P<titles>.+) (?:has|share) the highest accuracy: (?P<value>{NUMBER}) % of the "
    rf"(?P<songs>\d+) test songs \(95 % interval (?P<low>{NUMBER})–(?P<high>{NUMBER}) %\)\.",
    "majority": rf"Always predicting the majority class gives (?P<floor>{NUMBER}) %; (?P<title>.+) "
    rf"is (?P<ahead>{NUMBER}) points above that, (?P<no>not )?statistically significant {P}\)\.",
    "nothing": rf"Always predicting the majority class gives (?P<floor>{NUMBER}) %, so no model is "
    r"more accurate than that\.",
    "lead": rf"Its lead of (?P<ahead>{NUMBER}) points over the next, (?P<title>[^,]+), is "
    rf"(?:statistically significant {P}, exact McNemar test\)\."
    r"|(?P<no>not significant after Holm's correction); on these songs .+)",
    "level": r"On these songs, .+ is not significantly different from (?P<titles>.+)\.",
    "sure": rf"Of the (?P<kept>{NUMBER}) % of songs that (?P<title>.+) is at least 80 % sure of, "
    rf"it misclassifies (?P<wrong>{NUMBER}) % \((?P<n>\d+) of (?P<of>\d+); .+\)\.",
    "unsure": r"(?P<title>.+) is not 80 % sure of any song\.",
    "stuck": r"(?P<title>.+) predicts '(?P<label>.+)' for every test window: it has not learned .+",
    "cue": rf"The (?P<cue>.+) of a song alone predicts (?P<value>{NUMBER}) %, .+",
    "front": r"Pareto-optimal, .+ are (?P<titles>.+): no other model is as fast and as accurate\.",
}


class Checked:
    """What the sentences of a run may say; methods take what one does say."""

    def __init__(self, run: Run) -> None:
        rows = run.predictions
        self.rows = rows[(rows.level == "song") & (rows.part == "test")]
        right = self.rows.assign(right=self.rows.label == self.rows.prediction)
        self.right = right.pivot(index="song", columns="model", values="right")
        self.accuracy = 100 * self.right.mean()
        self.models = run.record["models"]
        self.contenders = [name for name in self.accuracy.index if name != "majority"]
        self.ranked = self.accuracy[self.contenders].sort_values(ascending=False)
        self.run = run

    def title(self, name: str) -> str:
        return self.models[name]["title"]

    def p(self, a: str, b: str) -> float:
        """McNemar's exact test, adjusted after Holm over all pairs, or all against majority."""
        pairs = [(x, "majority") for x in self.contenders]
        if b != "majority":
            pairs = list(combinations(self.contenders, 2))
        raw = []
        for x, y in pairs:
            x_only = (self.right[x] & ~self.right[y]).sum()
            n = (self.right[x] != self.right[y]).sum()
            raw.append(binomtest(x_only, n).pvalue if n else 1.0)
        adjusted, highest = {}, 0.0
        for rank, place in enumerate(np.argsort(raw, kind="stable")):
            highest = max(highest, min(1.0, (len(raw) - rank) * raw[place]))
            adjusted[frozenset(pairs[place])] = highest
        return adjusted[frozenset((a, b))]

    def says_p(self, p: float, said: dict[str, str]) -> bool:
        return p < 0.001 if said["tiny"] else abs(float(said["p"]) - p) < 0.00051

    def quick(self, said: dict[str, str]) -> bool:
        return self.run.record["settings"]["quick"]

    def small(self, said: dict[str, str]) -> bool:
        return len(self.right) == int(said["songs"]) == int(said["groups"]) < 50

    def failed(self, said: dict[str, str]) -> bool:
        return said["title"] in map(self.title, set(self.models) - set(self.accuracy.index))

    def best(self, said: dict[str, str]) -> bool:
        highest = self.ranked[self.ranked == self.ranked.iloc[0]].index
        numbers = [self.ranked.iloc[0], *wilson(self.right[highest[0]])]
        named = set(said["titles"].split(" and ")) == set(map(self.title, highest))
        close = all(
            near(said[k], v) for k, v in zip(("value", "low", "high"), numbers, strict=True)
        )
        return named and close and int(said["songs"]) == len(self.right)

    def majority(self, said: dict[str, str]) -> bool:
        best, p = self.run.best, self.p(self.run.best, "majority")
        ahead = self.ranked[best] - self.accuracy["majority"]
        floor = near(said["floor"], self.accuracy["majority"]) and near(said["ahead"], ahead)
        return floor and (said["no"] is None) == (p < 0.05) and self.says_p(p, said)

    def nothing(self, said: dict[str, str]) -> bool:
        floor = self.accuracy["majority"]
        return near(said["floor"], floor) and self.ranked.iloc[0] <= floor

    def lead(self, said: dict[str, str]) -> bool:
        best, second = [name for name in self.run.models if name != "majority"][:2]
        p = self.p(best, second)
        ahead = near(said["ahead"], self.ranked[best] - self.ranked[second])
        verdict = p >= 0.05 if said["no"] else p < 0.05 and self.says_p(p, said)
        return ahead and verdict and said["title"] == self.title(second)

    def level(self, said: dict[str, str]) -> bool:
        return self.ranked.iloc[0] == self.ranked.iloc[1] and self.p(*self.ranked.index[:2]) >= 0.05

    def sure(self, said: dict[str, str]) -> bool:
        songs = self.rows[self.rows.model == self.run.best]
        logits = np.log(songs[["p:Calming", "p:Happy"]].clip(1e-7)).to_numpy()
        p = softmax(logits / songs.temperature.to_numpy()[:, None], axis=1).max(axis=1)
        wrong = (songs.label != songs.prediction)[p >= 0.8]
        counts = [wrong.sum(), len(wrong)] == [int(said["n"]), int(said["of"])]
        return counts and near(said["kept"], 100 * len(wrong) / len(songs))

    def unsure(self, said: dict[str, str]) -> bool:
        return not self.sure({"n": "0", "of": "1", "kept": "0"})

    def stuck(self, said: dict[str, str]) -> bool:
        of = {self.title(name): name for name in self.contenders}[said["title"]]
        return set(self.rows[self.rows.model == of].prediction) == {said["label"]}

    def cue(self, said: dict[str, str]) -> bool:
        return 0 <= float(said["value"]) <= 100

    def front(self, said: dict[str, str]) -> bool:
        spent = {
            n: sum(f["seconds_train"] for f in self.models[n]["fits"]) for n in self.contenders
        }
        front = [
            n
            for n in self.contenders
            if not any(
                (spent[m], -self.ranked[m]) != (spent[n], -self.ranked[n])
                and spent[m] <= spent[n]
                and self.ranked[m] >= self.ranked[n]
                for m in self.contenders
            )
        ]
        named = [re.sub(r" \([^)]*\)$", "", one) for one in re.split(r", | and ", said["titles"])]
        return set(named) == set(map(self.title, front))


def wilson(right: pd.Series) -> list[float]:
    """Wilson's interval of songs that are each their own group, in percent.

    Songs count for as many as have the variance that is estimated from them, without bias.
    """
    n, share = len(right), right.mean()
    z, n_worth = student.ppf(0.975, n - 1), n - 1 if 0 < share < 1 else n
    half = z * np.sqrt(share * (1 - share) / n_worth + z**2 / (4 * n_worth**2))
    centre = share + z**2 / (2 * n_worth)
    return [100 * (centre + sign * half) / (1 + z**2 / n_worth) for sign in (-1, 1)]


def near(text: str, value: float) -> bool:
    return abs(float(text) - value) <= 0.051


def check(found: Checked, wanted: set[str]) -> None:
    """Hold each sentence against the one form that it has, and what it says against the run."""
    met = set()
    for sentence in found.run.summary():
        names = [name for name, form in FORMS.items() if re.fullmatch(form, sentence)]
        assert len(names) == 1, sentence
        said = re.fullmatch(FORMS[names[0]], sentence)
        assert said and getattr(found, names[0])(said.groupdict()), sentence
        met |= set(names)
    assert wanted <= met


def test_a_clear_winner(compared):
    check(Checked(compared("logistic,guess-one")), {"best", "majority", "lead"})


def test_no_winner(compared):
    check(Checked(compared("guess-one,guess-two")), {"best"})


def test_a_failed_model(compared):
    found = Checked(compared("logistic,guess-one,broken"))
    check(found, {"failed", "best", "majority", "lead"})
    assert found.run.failures == ["broken"]
