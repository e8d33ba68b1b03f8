"""Words that a report uses, each in a sentence."""

from collections.abc import Iterator

from classify.report.blocks import Block, Column, Details, Table, TableRow, columns
from classify.report.run_view import View

TITLE, ORDER = "Words", 160

WORDS = {
    "accuracy": "The share of songs that are predicted correctly.",
    "macro-F1": "The mean over classes of F1, so that a rare class counts as much as a common one.",
    "balanced accuracy": "The mean over classes of the share of their songs predicted correctly.",
    "95 % interval": "Where the score of all songs like these would be, in 95 of 100 such studies.",
    "fold": "A part of the songs that is tested on a model which learned from the other parts.",
    "group": "Songs that belong together, such as variants of one tune; no split parts them.",
    "area under ROC": "How often a song of a class is ranked before another one; guessing: 50 %.",
    "average precision": "How many of those ranked first are of the class, over all thresholds.",
    "majority class": "Always answering the commonest class: what has been learned by nothing.",
    "source only": "Answering the commonest class of the collection that a song comes from.",
    "calibrated": "Of songs with a confidence of 80 %, about 80 % are predicted correctly.",
    "prediction set": "The classes that cannot be excluded; it holds the true one for about 90 %.",
    "adjusted p": "How often chance alone gives such a difference, after Holm's correction for the "
    "number of comparisons; below .05 a difference is called significant.",
    "practically equivalent": "Within one point of accuracy of each other.",
    "Pareto-optimal": "No other model is both faster to train and more accurate.",
}


def blocks(view: View) -> Iterator[Block]:
    """Explain words, folded."""
    rows = [TableRow([word, meaning]) for word, meaning in WORDS.items()]
    heads = [*columns("word"), Column("what it means", prose=True)]
    yield Details("What the words mean", [Table(heads, rows)])
