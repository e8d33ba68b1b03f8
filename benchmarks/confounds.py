"""What do the sources of the built-in corpora, and their time signatures, say of their classes?

For each corpus: the accuracy of always answering the majority class, of the commonest class of a
song's source, and of its time signature; of a model, and of the same model when each source in turn
is left out of what it learns from::

    python benchmarks/confounds.py --model features-logistic

Accuracy on songs in %, five folds; the source alone should be worth at most 10 points more than the
majority class.
"""

import argparse
import tempfile
from pathlib import Path

from classify import api
from classify.corpora import builtin
from classify.report import cues
from classify.report.run_view import read_view

CUES = ("source", "time signature", "length")


def main() -> None:
    """Print a line a corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpora", nargs="*", default=list(builtin.CORPORA), metavar="CORPUS")
    parser.add_argument("--model", default="features-logistic")
    options = parser.parse_args()
    titles = ("majority", *(f"{cue} only" for cue in CUES), options.model, "source left out")
    print(f"{'corpus':12}" + "".join(f"{title:>22}" for title in titles))
    for corpus in options.corpora:
        with tempfile.TemporaryDirectory() as folder:
            given = {"models": options.model, "jobs": 1}
            run = api.compare(corpus, folds=5, out=Path(folder) / "folds", **given)
            left = api.compare(corpus, leave_out="source", out=Path(folder) / "left", **given)
            known = {cue.name: cue.accuracy.value for cue in cues.read(read_view(run.folder))}
            values = [run.table().loc["majority", ("accuracy", "value")]]
            values += [known.get(cue, float("nan")) for cue in CUES]
            values += [one.table().loc[options.model, ("accuracy", "value")] for one in (run, left)]
        print(f"{corpus:12}" + "".join(f"{100 * value:22.1f}" for value in values), flush=True)


if __name__ == "__main__":
    main()
