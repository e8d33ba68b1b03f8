"""How long does a playlist from a large library take, and how near is it to the best?

    python benchmarks/playlist.py [--songs 10000] [--seed 0]

Makes up a library of the paper's five moods, then asks for several lists; prints the seconds each
took on one core (without reading the library), the minutes filled, and the gap that the solver
proves: no list could be better by more nats a minute.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from classify.playlists.build import build
from classify.playlists.library import library_from_table
from classify.playlists.moods import PAPER
from classify.playlists.request import Limits, Request


def made_up(n_songs: int, seed: int) -> pd.DataFrame:
    """Make up a predicted library: tempo and loudness lean to the mood, probabilities vary."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(len(PAPER), size=n_songs)
    logits = draw.normal(0, 1.2, (n_songs, len(PAPER)))
    logits[np.arange(n_songs), truth] += draw.gamma(4, 1.2, n_songs)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    arousal = np.array([mood.arousal for mood in PAPER])[truth]
    names = np.array([mood.name for mood in PAPER], dtype=object)
    table = pd.DataFrame(
        {
            "song": [f"music/{number:06d}.mid" for number in range(n_songs)],
            "title": [f"Song {number}" for number in range(n_songs)],
            "artist": [
                f"Artist {number}" for number in draw.integers(n_songs // 8 + 1, size=n_songs)
            ],
            "seconds": draw.gamma(12, 17, n_songs).clip(30, 900),
            "tempo": (100 * np.exp(0.25 * arousal + draw.normal(0, 0.2, n_songs))).round(1),
            "loudness": (64 + 14 * arousal + draw.normal(0, 10, n_songs)).clip(1, 127),
            "confidence": p.max(axis=1),
            "prediction": np.where(p.max(axis=1) >= 0.8, names[p.argmax(axis=1)], ""),
            "known": draw.random(n_songs) < 0.95,
        }
    )
    return table.assign(**{f"p:{mood.name}": p[:, k] for k, mood in enumerate(PAPER)})


WISHES = {
    "Calming": Request("Calming"),
    "Sports to Calming": Request("Calming", start="Sports"),
    "Sports to Calming, another seed": Request("Calming", start="Sports", seed=1),
    "no artist again, two pins": Request(
        "Calming",
        start="Sports",
        pins=("music/000001.mid", "music/000002.mid"),
        limits=Limits(no_repeat_artist=True),
    ),
    "tempo within 5 %": Request("Calming", start="Sports", limits=Limits(tempo_change=0.05)),
    "two hours": Request("Happy", minutes=120),
    "a week of seven": Request("Calming", start="Sports", n_lists=7),
}


def main() -> None:
    """Time every wish."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--songs", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    songs = library_from_table(made_up(asked.songs, asked.seed))
    with threadpool_limits(1):
        for name, wish in WISHES.items():
            begin = time.process_time()
            lists = build(songs, replace(wish))
            took = time.process_time() - begin
            gaps = max(made.gap for made in lists)
            filled = sum(made.seconds for made in lists) / 60 / len(lists)
            sure = sum(made.certainty for made in lists) / len(lists)
            print(
                f"{name:32} {took:6.2f} s   {filled:6.1f} min   mean p {sure:.3f}   "
                f"gap at most {gaps:.4f} nats a minute"
            )


if __name__ == "__main__":
    main()
