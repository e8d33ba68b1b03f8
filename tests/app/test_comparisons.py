"""Comparisons of the page: listed, read in a frame that reaches nothing, used."""

import shutil

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


@pytest.fixture
def several(page, example_folder, comparison):
    """Give the numbers of two comparisons that have finished, and of one that has not."""
    with page.database.writing() as session:
        again = shutil.copytree(example_folder / "results" / "songs", page.place.runs / "again")
        folders = {"again": "Ke$ha$ <b>", "nothing": "Songs"}
        for folder, name in folders.items():
            session.add(Comparison(name=name, corpus="", folder=str(page.place.runs / folder)))
        session.flush()
    assert again.is_dir()
    return comparison, comparison + 1, comparison + 2


def test_two_are_laid_side_by_side_by_the_names_that_they_have(client, page, several):
    first, second, _ = several
    assert client.get("/comparisons").text.count('type="checkbox" name="run"') == 2
    address = f"/api/v1/comparisons/side-by-side/report?run={second}&run={first}"
    assert client.get(address).status_code == 409
    asked = {"comparisons": [second, first]}
    job = client.post("/api/v1/comparisons/side-by-side", json=asked).json()["job"]
    parameters = client.get(f"/api/v1/jobs/{job}").json()["parameters"]
    page.jobs.cancel(job)
    assert comparing.side_by_side(room_of(page), **parameters) == {"side_by_side": [first, second]}
    report = client.get(address)
    assert "What differed" in report.text and "right only in “Songs”" in report.text
    assert "“Ke$ha$ &lt;b&gt;”" in report.text and "<b>" not in report.text
    assert report.headers["content-security-policy"].startswith("sandbox allow-scripts; default")
    shown = client.get(f"/comparisons/side-by-side?run={first}&run={second}").text
    assert f"report?run={first}&amp;run={second}" in shown and "<b>" not in shown


def test_side_by_side_are_only_comparisons_that_have_finished(client, several):
    first, second, unfinished = several
    address = "/api/v1/comparisons/side-by-side"
    refused = {(first,): 422, (first, first): 422, (first, 99): 404, (first, unfinished): 409}
    for numbers, status in refused.items():
        answer = client.post(address, json={"comparisons": numbers})
        assert answer.status_code == status and answer.json()["detail"], numbers
    for page in ("", f"?run={second}"):
        assert client.get(f"/comparisons/side-by-side{page}").url.path == "/comparisons"
    assert client.get("/comparisons/side-by-side?run=../x").status_code == 422
    elsewhere = {"origin": "http://other.example"}
    asked = {"comparisons": [first, second]}
    assert client.post(address, json=asked, headers=elsewhere).status_code == 403


@pytest.mark.slow
def test_a_comparison_is_run_and_its_model_judges_the_library(client, page, library):
    made = client.post("/api/v1/comparisons", json={"library": library}).json()
    settings = {"models": "knn", "window": 16, "quick": True, "jobs": 1}
    result = comparing.compare(room_of(page), made["comparison"], settings)
    used = comparing.use_from_run(room_of(page), made["comparison"], result["best"])
    (model,) = [one for one in client.get("/api/v1/models").json() if one["used"]]
    assert model["id"] == used["model"] and model["title"] == "KNN"
    rows = client.get(f"/api/v1/libraries/{library}/songs").json()["rows"]
    assert all(row["judged"] for row in rows)
