"""Does the course of moods move where the music does?

No corpus here says where in a song a mood changes, so songs are made that do change: the first half
of a song and the second half of another one, of another class, neither of which the model has
learned from. A model of whole songs is trained on half of the corpus, by groups of songs::

    python benchmarks/course.py composers
    python benchmarks/course.py emopia:/music/EMOPIA_2.2 --songs 300

Prints how many windows of unseen songs the companion calls by their song's class, beside the
largest class; for how many of the joined songs the course is, on average, nearer to the first
song's class in the first half than in the second (half of them by chance); and how far it moves
there and in songs that were left as they are.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np

from classify import api, corpora
from classify.evaluation.intervals import estimate_share
from classify.evaluation.splits import folds
from classify.inference.saved_model import Bundle
from classify.songs import Song


def main() -> None:
    """Train, join songs, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus")
    parser.add_argument("--model", default="recommended")
    parser.add_argument("--window", type=int, default=0, help="notes of a window")
    parser.add_argument("--songs", type=int, default=200, help="joined songs")
    options = parser.parse_args()
    corpus = corpora.load(options.corpus)
    labels, groups = np.array(corpus.labels), np.array(corpus.groups)
    (unseen, learned) = (np.flatnonzero(half) for half in folds(labels, groups, 2, seed=0))
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "labels.csv"
        with table.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["path", "label", "group"])
            rows.writerows([corpus.songs[n].path, labels[n], groups[n]] for n in learned)
        window = {"window": options.window} if options.window else {}
        bundle = api.train(table, Path(folder) / "model", options.model, jobs=1, **window)
    assert isinstance(bundle, Bundle)
    about = bundle.about.companion
    if about:
        one = about.accuracy
        print(
            f"{100 * one.value:.1f} % ({100 * one.low:.1f}–{100 * one.high:.1f}) of "
            f"{about.windows:,} windows of unseen songs are called by their song's class; the "
            f"largest class is {100 * about.majority:.1f} %"
        )
    report(bundle, [corpus.songs[n] for n in unseen], labels[unseen], options.songs)


def report(bundle: Bundle, songs: list[Song], labels: np.ndarray, n: int) -> None:
    """Join songs of two classes, and follow them."""
    random = np.random.default_rng(0)
    forward, moved, still = list[bool](), list[float](), list[float]()
    classes = bundle.classes
    long = [k for k, song in enumerate(songs) if song.n_notes >= 2 * bundle.cutting.window]
    while len(forward) < n:
        a, b = random.choice(long, 2, replace=False)
        if labels[a] == labels[b]:
            continue
        pair = [classes.index(labels[a]), classes.index(labels[b])]
        change = _change(bundle, joined(songs[a], songs[b]), pair)
        forward.append(change > 0)
        moved.append(abs(change))
        still.append(abs(_change(bundle, songs[a], pair)))
    share = estimate_share(np.array(forward), [str(k) for k in range(n)])
    print(
        f"{100 * share.value:.1f} % ({100 * share.low:.1f}–{100 * share.high:.1f}) of {n} joined "
        f"songs move from the first song's class to the second's; chance: 50 %\n"
        f"They move by {100 * np.mean(moved):.1f} points, songs left as they are by "
        f"{100 * np.mean(still):.1f}"
    )


def joined(first: Song, second: Song) -> Song:
    """Give the first half of the notes of one song and then the second half of another's."""
    before = first.notes[: first.n_notes // 2]
    after = second.notes[second.n_notes // 2 :].copy()
    for field in ("onset", "beat"):
        after[field] += before[field][-1] + 1 - after[field][0]
    return Song.of(np.concatenate([before, after]), first.path)


def _change(bundle: Bundle, song: Song, pair: list[int]) -> float:
    """How much the course moves from one class to another, from the first half to the second."""
    windows, raw = bundle.predict_windows([song])
    p = bundle.calibrated(raw.mean(axis=0, keepdims=True))
    course = bundle.course([song], windows, raw, p)[:, pair]
    lead, half = course[:, 0] - course[:, 1], len(course) / 2
    return float(lead[: int(np.ceil(half))].mean() - lead[int(half) :].mean()) / 2


if __name__ == "__main__":
    main()
