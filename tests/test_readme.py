"""The README says what the reference runs say."""

from pathlib import Path

import pytest

from classify import load_run

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "results" / "reference"


@pytest.mark.parametrize(("corpus", "column"), [("folk", 1), ("tunes", 2)])
def test_the_table_of_accuracies_is_that_of_the_runs(corpus, column):
    run = load_run(REFERENCE / corpus)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    rows = {cells[1].strip(): cells for cells in lines if len(cells) == 6}
    table, n_songs = run.table(), run.record["corpus"]["songs"]
    assert f"{corpus}, % of {n_songs} songs" in text
    for model in run.models:
        value, low, high = (
            100 * table.loc[model, ("accuracy", k)] for k in ("value", "low", "high")
        )
        title = run.record["models"][model]["title"]
        assert rows[title][column + 1].strip() == f"{value:.1f} ({low:.1f}–{high:.1f})"
