"""Jobs in processes of their own: done, refused, stopped, killed, gone on with, watched."""

import os
import random
import signal
import time

import pytest
from starlette.testclient import TestClient

from classify.app import jobs, server
from classify.app.room import add_model
from classify.app.safety import Address, Safety
from tests.app.conftest import ORIGIN, PORT, TOKEN, add_folder, room_of
from tests.conftest import write_corpus, write_song


@pytest.fixture
def working(tmp_path):
    """Give a page whose jobs are done, and what a browser is."""
    page = server.open_page(tmp_path / "page", [tmp_path])
    application = Safety(server.create_app(page), TOKEN, Address(PORT))
    with TestClient(application, base_url=ORIGIN, headers={"origin": ORIGIN}) as browser:
        browser.get("/", params={"token": TOKEN})
        yield page, browser
    page.jobs.close()
    page.database.close()


def ended(client, job, states=("waiting", "running"), most=120.0):
    """Wait until a job is in none of some states; give it."""
    end = time.monotonic() + most
    while time.monotonic() < end:
        described = client.get(f"/api/v1/jobs/{job}").json()
        if described["state"] not in states:
            return described
        time.sleep(0.05)
    raise AssertionError(f"the job is still {described}")


def test_a_job_is_done_another_refused_by_one_process(working, tmp_path):
    page, client = working
    write_corpus(tmp_path / "songs", per_class=1)
    made = client.post("/api/v1/libraries", json={"path": str(tmp_path / "songs")}).json()
    begun = ended(client, made["job"], ("waiting",))
    while begun["state"] == "running" and not begun["tasks"]:
        begun = client.get(f"/api/v1/jobs/{made['job']}").json()
    assert [task["title"] for task in begun["tasks"]] == [jobs.STARTING["title"]]
    assert ended(client, made["job"])["state"] == "done"
    lost = add_folder(page, tmp_path / "nowhere")
    refused = ended(client, client.post(f"/api/v1/libraries/{lost}/read").json()["job"])
    assert refused["state"] == "refused" and "no such file or folder" in refused["message"]
    again = client.post(f"/api/v1/jobs/{refused['id']}/repeat").json()["job"]
    assert again != refused["id"] and ended(client, again)["state"] == "refused"


def test_a_process_that_was_made_ready_and_is_not_needed_leaves(working, monkeypatch):
    page, client = working
    monkeypatch.setattr(jobs, "UNUSED", 0.2)
    client.get("/generate")  # there is no model yet that a process could load
    assert page.jobs.process_of("quick") is None
    page.jobs.prepare()
    for there in (True, False):
        end = time.monotonic() + 60
        while (page.jobs.process_of("quick") is not None) != there and time.monotonic() < end:
            time.sleep(0.01)
        assert (page.jobs.process_of("quick") is not None) == there


def test_a_killed_process_costs_its_job_only_and_the_job_goes_on(working, tmp_path):
    page, client = working
    for number in range(60):
        write_song(tmp_path / "songs" / f"{number}.mid", number)
    number = add_folder(page, tmp_path / "songs")
    job = client.post(f"/api/v1/libraries/{number}/read").json()["job"]
    ended(client, job, ("waiting",))
    while page.jobs.process_of("long") is None:
        time.sleep(0.01)
    os.kill(page.jobs.process_of("long"), signal.SIGKILL)
    died = ended(client, job)
    assert died["state"] == "died" and "ended by the system" in died["message"]
    again = client.post(f"/api/v1/jobs/{job}/repeat").json()["job"]
    assert ended(client, again)["result"]["songs"] == 60
    nice = [os.getpriority(os.PRIO_PROCESS, one) for one in (0, page.jobs.process_of("long"))]
    assert nice[1] == min(19, nice[0] + 10)  # the page is answered first


@pytest.mark.slow
def test_a_job_outlives_twenty_kills(working, trained, tmp_path):
    """Reading and judging, killed at random moments: whole songs are left; the end is the same."""
    page, client = working
    add_model(room_of(page), trained, use=True)
    for number in range(300):
        write_song(tmp_path / "songs" / f"{number}.mid", number)
    library, draw = add_folder(page, tmp_path / "songs"), random.Random(3)
    rows = f"/api/v1/libraries/{library}/songs?limit=1000"
    job = client.post(f"/api/v1/libraries/{library}/read").json()["job"]
    for _ in range(20):
        ended(client, job, ("waiting",))
        time.sleep(draw.uniform(0.0, 4.0))
        process = page.jobs.process_of("long")
        if process is not None:
            os.kill(process, signal.SIGKILL)
        state = ended(client, job)["state"]
        assert state in ("died", "done")
        songs = client.get(rows).json()["rows"]
        assert len(songs) in (0, 300) or state == "died"
        assert len({song["name"] for song in songs}) == len(songs)
        assert all(abs(sum(song["p"].values()) - 1) < 1e-6 for song in songs if song["judged"])
        if state == "died":
            job = client.post(f"/api/v1/jobs/{job}/repeat").json()["job"]
        else:
            job = client.post(f"/api/v1/libraries/{library}/read").json()["job"]
    assert ended(client, job)["state"] == "done"
    songs = client.get(rows).json()["rows"]
    assert len(songs) == 300 and all(song["judged"] for song in songs)


def test_jobs_that_wait_or_run_are_stopped(page, client):
    first = page.jobs.add("read_library", "Reading: a", library_id=1)
    assert page.jobs.add("read_library", "Reading: a", library_id=1) == first
    assert client.post(f"/api/v1/jobs/{first}/cancel").json() == {"stopped": True}
    assert client.get(f"/api/v1/jobs/{first}").json()["state"] == "cancelled"
    assert client.post(f"/api/v1/jobs/{first}/cancel").json() == {"stopped": False}
    assert client.post("/api/v1/jobs/99/repeat").status_code == 409


def test_what_was_open_when_the_program_ended_can_be_gone_on_with(page, tmp_path):
    page.jobs.add("read_library", "Reading: a", library_id=1)
    later = server.open_page(tmp_path / "page", [tmp_path], working=False)
    (job,) = later.jobs.latest()
    assert job["state"] == "interrupted" and later.jobs.repeat(job["id"])
    later.database.close()


def test_those_who_watch_are_told_of_each_change_once(page):
    edition = page.jobs.edition
    number = page.jobs.add("read_library", "Reading: a", library_id=1)
    page.jobs.told(number, {"event": "begin", "key": "k", "title": "T", "total": 9, "unit": "song"})
    page.jobs.told(number, {"event": "advance", "key": "k", "done": 4})
    edition, (job,) = page.jobs.since(edition)
    assert job["tasks"] == [{"title": "T", "total": 9, "unit": "song", "done": 4}]
    assert page.jobs.since(edition) == (edition, [])
