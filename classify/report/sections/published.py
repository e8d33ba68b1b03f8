"""What others reached on the same published corpus, and whether it can be compared."""

from collections.abc import Iterator

from classify.corpora import published
from classify.presentation.numbers import number
from classify.report.blocks import Block, Column, Table, TableRow, Text, columns
from classify.report.run_view import View

TITLE, ORDER = "What others reached on this corpus", 45


def blocks(view: View) -> Iterator[Block]:
    """Lay out published accuracies beside the best model's; nothing for other corpora."""
    corpus = view.run["corpus"]
    known = published.corpora().get(corpus["name"])
    if known is None or not known.reached or corpus.get("citation") != known.citation:
        return
    given = view.protocol == "given"
    rows = [
        TableRow(
            [
                one.system,
                number(one.accuracy),
                one.source,
                one.split,
                "yes, the same test songs" if given and one.given else "no, other test songs",
            ]
        )
        for one in known.reached
    ]
    if view.best:
        own = "the one that comes with the corpus" if given else f"by {view.protocol}"
        score = number(view.best.score().value)
        rows.insert(0, TableRow([view.best.title, score, "this run", own, "–"], "best"))
    yield Table(
        [
            *columns("system", "accuracy, %"),
            *(
                Column(title, prose=True)
                for title in ("source", "split", "comparable with this run")
            ),
        ],
        rows,
        "As published; nothing here was run again, and test parts may count clips, not songs.",
    )
    if not given and any(one.given for one in known.reached):
        yield Text(
            "On a copy that holds the authors' lists, --split given takes the split that comes "
            "with the corpus.",
            kind="note",
        )
