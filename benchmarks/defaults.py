"""How the recommended model is chosen: which one would the other corpora have recommended?

Every candidate is compared on every corpus, on the same folds. For each corpus in turn, the model
is taken that is best on average on all others, and its accuracy on the corpus that was left out is
set beside that of the model which is best there, as nobody could have known before::

    python benchmarks/defaults.py folk tunes composers vgmidi:/music/vgmidi /music/labelled

Accuracy on songs in %, five folds. What the corpora that were left out give is an honest estimate
of what the recommended model is worth on another corpus of the same kinds; the best of each is not.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd

from classify import api

CANDIDATES = "song-vote,song-logistic,features-logistic,features-extra-trees"


def main() -> None:
    """Compare, leave each corpus out, and print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpora", nargs="+", metavar="CORPUS")
    parser.add_argument("--models", default=CANDIDATES)
    options = parser.parse_args()
    found = {}
    for corpus in options.corpora:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            run = api.compare(corpus, folds=5, models=options.models, out=out, jobs=1)
            accuracy = run.table()["accuracy", "value"]
        found[Path(corpus.partition(":")[2] or corpus).name] = 100 * accuracy
        print(f"{corpus}: {accuracy.mul(100).round(1).to_dict()}", flush=True)
    print("\n".join(left_out(pd.DataFrame(found))))


def left_out(accuracy: pd.DataFrame) -> list[str]:
    """Say what the others would have recommended for each corpus.

    Parameters
    ----------
    accuracy : DataFrame
        A row a model, a column a corpus.

    Examples
    --------
    >>> accuracy = pd.DataFrame({"a": [50.0, 60.0], "b": [70.0, 60.0]}, index=["svm", "knn"])
    >>> for line in left_out(accuracy): print(line)
    a: the others recommend svm, 50.0; the best here is knn, 60.0
    b: the others recommend knn, 60.0; the best here is svm, 70.0
    On average 55.0 as recommended by the others, 65.0 as the best of each
    """
    models = accuracy.drop(index="majority", errors="ignore")
    chosen = {name: models.drop(columns=name).mean(axis=1).idxmax() for name in models}
    lines = [
        f"{name}: the others recommend {model}, {models.loc[model, name]:.1f}; "
        f"the best here is {models[name].idxmax()}, {models[name].max():.1f}"
        for name, model in chosen.items()
    ]
    mean = sum(models.loc[model, name] for name, model in chosen.items()) / len(chosen)
    best = models.max().mean()
    return [
        *lines,
        f"On average {mean:.1f} as recommended by the others, {best:.1f} as the best of each",
    ]


if __name__ == "__main__":
    main()
