"""What each ingredient is worth: song-level accuracy of one rung after the other.

Every rung is asked the same songs: folds that keep groups whole, repeated, with the grid searched
inside the training part. A rung differs from one above it in one thing::

    python benchmarks/ladder.py emopia:100 vgmidi:200 folk --folds 5 --repeats 2

A corpus is named as for `classify compare`, with the notes of a window behind a colon. Differences
are those to the last rung, over the same folds, with an interval by the corrected t of Nadeau and
Bengio (2003).
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from classify import features
from classify.corpora import Corpus, load
from classify.evaluation.splits import folds
from classify.models import MAJORITY, BaselineClassifier
from classify.windows import ChannelScaler, Windows, WindowSettings, cut

Table = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Cut:
    """A corpus cut into windows, and what models can be given of each."""

    corpus: Corpus
    windows: Windows

    @property
    def notes(self) -> Table:
        """Scaled channels; the scale is that of all songs, which no class is told by."""
        x = self.windows.x
        return ChannelScaler.fit(x).transform(x)

    @cached_property
    def features(self) -> Table:
        """Features of each window."""
        song, start = self.windows.song, self.windows.start
        batch = features.batch(self.corpus.songs, song, start, self.windows.settings.window)
        return features.compute(batch)[:, np.newaxis]

    @cached_property
    def song(self) -> Table:
        """Features of each window's song: as a whole, and the mean of its passages."""
        return features.of_songs(self.corpus.songs)[self.windows.song][:, np.newaxis]


def half(second: bool) -> Callable[[Cut], Table]:
    """Give one half of a song's columns: the mean of its passages, or the song as a whole."""
    n = len(features.listed())
    return lambda cut: cut.song[:, :, n:] if second else cut.song[:, :, :n]


def without(family: str) -> Callable[[Cut], Table]:
    """Leave out a family of features."""
    kept = [f.family != family for f in features.listed_of_songs()]
    return lambda cut: cut.song[:, :, kept]


#: What is tried: a title, a model, and what it is given.
RUNGS: list[tuple[str, str, Callable[[Cut], Table]]] = [
    ("majority", MAJORITY, lambda cut: cut.song[:, :, :1]),
    ("forest on notes", "random-forest", lambda cut: cut.notes),
    ("logistic on features of windows", "features-logistic", lambda cut: cut.features),
    ("extra trees on features of windows", "features-extra-trees", lambda cut: cut.features),
    ("vote on features of windows", "features-vote", lambda cut: cut.features),
    ("ranks, song as a whole", "song-logistic", half(second=False)),
    ("ranks, mean of passages", "song-logistic", half(second=True)),
    ("ranks, both", "song-logistic", lambda cut: cut.song),
    *(
        (f"ranks, both, without {family}", "song-logistic", without(family))
        for family in dict.fromkeys(f.family for f in features.listed())
    ),
    ("vote on songs", "song-vote", lambda cut: cut.song),
]


def scores(data: Cut, model: str, x: Table, n_folds: int, repeats: int) -> NDArray[np.float64]:
    """Give the song-level accuracy of every fold, shape (repeats * n_folds,)."""
    labels, song = np.array(data.corpus.labels), data.windows.song
    groups = np.array(data.corpus.groups)
    first = np.diff(song, prepend=-1) > 0
    out = []
    for repeat in range(repeats):
        for test in folds(labels, groups, n_folds, repeat):
            held_out = test[song]
            taught = ~held_out & (first | (model != MAJORITY))
            fitted = BaselineClassifier(model, seed=repeat).fit(
                x[taught], labels[song[taught]], groups[song[taught]]
            )
            p = fitted.predict_proba(x[held_out])
            sums = np.zeros((len(labels), p.shape[1]))
            np.add.at(sums, song[held_out], p)
            answers = fitted.classes_[sums[test].argmax(axis=1)]
            out.append((answers == labels[test]).mean())
    return np.array(out)


def corrected(difference: NDArray[np.float64], n_folds: int) -> float:
    """Half width of the 95 % interval of a mean difference over repeated folds."""
    n = len(difference)
    variance = difference.var(ddof=1) * (1 / n + 1 / (n_folds - 1))
    return float(student.ppf(0.975, n - 1) * np.sqrt(variance))


def climb(name: str, n_folds: int, repeats: int, wanted: str) -> None:
    """Print the rungs of a corpus."""
    source, _, window = name.partition(":")
    corpus = load(source)
    notes = int(window or corpus.window or 800)
    data = Cut(corpus, cut(corpus.songs, WindowSettings(notes, notes)))
    print(f"\n{source}: {len(corpus.songs):,} songs, {len(data.windows):,} windows of {notes}")
    found: dict[str, NDArray[np.float64]] = {}
    seconds: dict[str, float] = {}
    for title, model, given in RUNGS:
        if wanted in title or title == RUNGS[-1][0]:
            begun = time.process_time()
            found[title] = scores(data, model, given(data), n_folds, repeats)
            seconds[title] = time.process_time() - begun
            print(f"  {title}: {found[title].mean():.3f}", flush=True)
    last = found[RUNGS[-1][0]]
    print(f"\n| {source} | accuracy | less than the last by | CPU s a fold |\n|---|---|---|---|")
    for title, each in found.items():
        less = f"{(last - each).mean():.3f} ± {corrected(last - each, n_folds):.3f}"
        print(f"| {title} | {each.mean():.3f} | {less} | {seconds[title] / len(each):.1f} |")


def main() -> None:
    """Climb the ladder of every corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpora", nargs="+", help="folder or name, and :NOTES of a window")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--rungs", default="", help="only rungs whose title holds this")
    options = parser.parse_args()
    with threadpool_limits(1):
        for name in options.corpora:
            climb(name, options.folds, options.repeats, options.rungs)


if __name__ == "__main__":
    main()
