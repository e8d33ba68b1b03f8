"""Playlists are made from tables of predictions: the package knows of no model."""

from tests.test_walls import ROOT, imported


def test_playlists_know_nothing_of_models():
    used = set()
    for path in (ROOT / "classify" / "playlists").glob("*.py"):
        used |= {name.split(".")[1] for name in imported(path) if name.startswith("classify.")}
    own = {"playlists", "errors", "files", "options", "presentation", "addresses", "storage"}
    assert used == own
