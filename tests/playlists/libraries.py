"""Small libraries to make playlists from."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

MOODS = ("Calming", "Happy", "Nostalgia", "Sports")


def table(rows, moods=MOODS):
    """Give a library; a row is a dict of what matters, the rest is unremarkable.

    `mood` and `p` make the probabilities: p of the mood, the rest shared by the others.
    """
    made = []
    for number, row in enumerate(rows):
        row = {"mood": "Calming", "p": 0.9, **row}
        others = (1 - row["p"]) / (len(moods) - 1)
        made.append(
            {
                "song": row.get("song", f"music/{number:03d}.mid"),
                "title": row.get("title", f"Song {number}"),
                "artist": row.get("artist", ""),
                "seconds": row.get("seconds", 180.0),
                "tempo": row.get("tempo", 80.0),
                "loudness": row.get("loudness", 60.0),
                "confidence": row.get("confidence", row["p"]),
                "prediction": row["mood"] if row["p"] >= 0.8 else "",
                "known": row.get("known", True),
                **{f"p:{mood}": row["p"] if mood == row["mood"] else others for mood in moods},
            }
        )
    return pd.DataFrame(made)


@st.composite
def rows(draw, least=1, most=12):
    """Rows of songs that often fit together, and often do not."""
    row = st.fixed_dictionaries(
        {
            "mood": st.sampled_from(MOODS),
            "p": st.floats(0.6, 0.999),
            "artist": st.sampled_from(["", "A", "B", "C", "D"]),
            "seconds": st.floats(20, 400),
            "tempo": st.one_of(st.floats(60, 140), st.just(float("nan"))),
            "loudness": st.floats(40, 90),
            "known": st.sampled_from([True] * 7 + [False]),
        }
    )
    return draw(st.lists(row, min_size=least, max_size=most))


def made_up(n_songs, seed=0):
    """Give a large library: tempo follows mood, and most songs are sure."""
    draw = np.random.default_rng(seed)
    mood = draw.integers(len(MOODS), size=n_songs)
    middle = np.array([70, 110, 85, 130])[mood]
    return table(
        {
            "mood": MOODS[m],
            "p": p,
            "artist": f"Artist {a}",
            "seconds": s,
            "tempo": t,
            "loudness": v,
        }
        for m, p, a, s, t, v in zip(
            mood,
            1 - 0.3 * draw.random(n_songs) ** 2,
            draw.integers(n_songs // 5 + 1, size=n_songs),
            draw.uniform(90, 400, n_songs),
            middle * np.exp(draw.normal(0, 0.12, n_songs)),
            draw.normal(64, 10, n_songs).clip(1, 127),
            strict=True,
        )
    )
