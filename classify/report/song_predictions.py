"""Every test song with every model's prediction, as one table.

Over repeats, a song's probabilities are the mean of those of its repeats, after each was tempered
by the temperature of its own fold; its prediction is the class with the highest. Where a model
could not be calibrated, probabilities are as the model gave them, and the report says so.
"""

import numpy as np
import pandas as pd

from classify.experiments import results
from classify.report.run_view import View


def of_model(rows: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Sum up one model's predictions of each song over the repeats.

    Parameters
    ----------
    rows : DataFrame
        Its rows of predictions.parquet for songs of the test part.
    classes : list of str
        In the order of the columns of probabilities.

    Returns
    -------
    DataFrame
        Columns song, group, label, right, repeats, answer, confidence, p_true; a row a song.
    """
    p_columns = [results.P + name for name in classes]
    p = results.calibrated_or_raw(rows)
    rows = rows.assign(right=rows.prediction == rows.label)
    rows[p_columns] = p
    by_song = rows.groupby("song", sort=False)
    p = by_song[p_columns].mean().to_numpy()
    songs = by_song.agg(
        group=("group", "first"),
        label=("label", "first"),
        right=("right", "sum"),
        repeats=("right", "size"),
    ).reset_index()
    place = np.searchsorted(classes, songs.label)
    return songs.assign(
        answer=np.array(classes, dtype=object)[p.argmax(axis=1)],
        confidence=p.max(axis=1),
        p_true=p[np.arange(len(p)), place],
    )


def full_table(view: View) -> pd.DataFrame:
    """Give every test song with every model's prediction, the most confidently wrong first.

    Returns
    -------
    DataFrame
        song, group, label; answer, confidence, p_true, right and repeats of the best model;
        models_wrong, how many models got it wrong each time; and `answer:<model>` for each model,
        the majority class too.
    """
    songs = view.test_songs
    best, *_ = view.contenders or view.scored
    table = of_model(songs[songs.model == best.name], view.classes)
    contenders = songs[songs.model.isin([row.name for row in view.contenders])]
    ever = (contenders.prediction == contenders.label).groupby([contenders.song, contenders.model])
    wrong = (~ever.any()).groupby("song").sum()
    table["models_wrong"] = table.song.map(wrong).fillna(0).astype(int)
    for row in view.scored:
        answers = of_model(songs[songs.model == row.name], view.classes).set_index("song").answer
        table[f"answer:{row.name}"] = table.song.map(answers)
    table["is_right"] = table.answer == table.label
    table["order"] = np.where(table.is_right, table.confidence, -table.confidence)
    table = table.sort_values(["is_right", "order", "song"], kind="stable")
    first = ["song", "group", "label", "answer", "confidence", "p_true", "right", "repeats"]
    return table[[*first, "models_wrong", *(c for c in table if c.startswith("answer:"))]]
