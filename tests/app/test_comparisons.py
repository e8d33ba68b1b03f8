"""Comparisons of the page: listed, read in a frame that reaches nothing, used."""

import pytest

from classify import api
from classify.app import comparing
from classify.app.tables import Comparison
from tests.app.conftest import room_of

#: In the process that has the run already, which is that of the interface's examples.
pytestmark = pytest.mark.xdist_group(api.__file__)


@pytest.fixture
def comparison(page, example_folder, library):
    """Give a comparison that has finished."""
    with page.database.writing() as session:
        folder = str(example_folder / "results" / "songs")
        made = Comparison(name="Songs", corpus=str(example_folder / "songs"), folder=folder)
        session.add(made)
        session.flush()
        return made.id


def test_its_scores_and_its_report_are_given(client, comparison):
    given = client.get(f"/api/v1/comparisons/{comparison}").json()
    assert [row["model"] for row in given["scores"]] == ["knn", "majority"] and given["finished"]
    report = client.get(f"/api/v1/comparisons/{comparison}/report")
    assert "which model" in report.text
    assert report.headers["content-security-policy"].startswith("sandbox allow-scripts; default")
    assert "Use this model" in client.get(f"/comparisons/{comparison}").text


def test_one_is_started_on_a_library_and_waits_for_its_turn(client, page, library):
    made = client.post("/api/v1/comparisons", json={"library": library, "name": "<b>"}).json()
    job = client.get(f"/api/v1/jobs/{made['job']}").json()
    assert job["parameters"]["comparison_id"] == made["comparison"]
    assert client.get(f"/api/v1/comparisons/{made['comparison']}/report").status_code == 409
    assert "<h1><b>" not in client.get(f"/comparisons/{made['comparison']}").text


def test_only_models_of_the_comparison_can_be_used(client, comparison):
    wrong = client.post(f"/api/v1/comparisons/{comparison}/use", json={"model": "../x"})
    assert wrong.status_code == 422


@pytest.mark.slow
def test_a_comparison_is_run_and_its_model_judges_the_library(client, page, library):
    made = client.post("/api/v1/comparisons", json={"library": library}).json()
    settings = {"models": "knn", "window": 16, "quick": True, "jobs": 1}
    result = comparing.compare(room_of(page), made["comparison"], settings)
    used = comparing.use_from_run(room_of(page), made["comparison"], result["best"])
    (model,) = [one for one in client.get("/api/v1/models").json() if one["used"]]
    assert model["id"] == used["model"] and "neighbours" in model["title"].lower()
    rows = client.get(f"/api/v1/libraries/{library}/songs").json()["rows"]
    assert all(row["judged"] for row in rows)
