"""README and documentation say what the reference runs say, and link to files that are there."""

import re
import sys
from pathlib import Path

import pytest

from classify import baselines, load_run
from classify.models import networks, registry

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "results" / "reference"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("[!_]*.md")]
PAGES += (ROOT / "docs" / "guide").glob("*.md")


@pytest.mark.parametrize(("corpus", "column"), [("folk", 1), ("tunes", 2)])
def test_the_table_of_accuracies_is_that_of_the_runs(corpus, column):
    run = load_run(REFERENCE / corpus)
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("corpus", ["folk", "tunes"])
def test_the_readme_names_the_accuracies_of_the_recommended_model_and_the_floor(corpus):
    accuracy = load_run(REFERENCE / corpus).table()["accuracy", "value"]
    for model in ("song-vote", "majority"):
        assert f"{100 * accuracy[model]:.1f} %" in README


def test_the_readme_is_short_and_opens_with_what_to_type():
    lines = README.splitlines()
    commands = [line.split("#")[0].strip() for line in lines if line.startswith("    ")]
    assert len(lines) <= 120 and commands[:2] == ["make compare", "make test"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(page):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert "://" in link or (page.parent / link).exists(), link


def test_the_recipes_for_a_network_and_a_baseline_add_a_model_with_one_file(tmp_path, monkeypatch):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipes = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for package, file, recipe in (
        (networks, "gru.py", recipes[0]),
        (baselines, "naive_bayes.py", recipes[1]),
    ):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / file).write_text(recipe, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    models = registry.find()
    for module in ("classify.models.networks.gru", "classify.baselines.naive_bayes"):
        sys.modules.pop(module)  # other tests add models of the same names
    assert models["gru"].title == "GRU" and models["naive-bayes"].title == "Naive Bayes"
