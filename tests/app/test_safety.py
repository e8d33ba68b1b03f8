"""Nobody but the browser that was let in: strangers' names, pages, tokens, sizes are refused."""

import re

import pytest
from starlette.testclient import TestClient

from classify.app import server
from classify.app.page import HERE
from classify.app.safety import MOST_BYTES, Address, Safety
from tests.app.conftest import ORIGIN, PORT, TOKEN


@pytest.fixture
def stranger(page):
    """Give a browser that was not let in."""
    application = Safety(server.create_app(page), TOKEN, Address(PORT))
    with TestClient(application, base_url=ORIGIN, follow_redirects=False) as browser:
        yield browser


def test_without_the_token_nothing_is_given(stranger):
    for path in ("/", "/static/base.js", "/api/v1/jobs", "/api/v1/openapi.json"):
        assert stranger.get(path).status_code == 403
    assert stranger.get("/", params={"token": "another"}).status_code == 403
    wrong = {"authorization": "Bearer another"}
    assert stranger.post("/api/v1/first-run", headers=wrong).status_code == 403


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(stranger):
    answer = stranger.get("/library", params={"token": TOKEN})
    assert answer.status_code == 303 and answer.headers["location"] == "/library"
    assert {"HttpOnly", "SameSite=Strict"} <= set(answer.headers["set-cookie"].split("; "))
    outside = stranger.get("//evil.example/", params={"token": TOKEN})
    assert not outside.headers.get("location", "/").startswith("//")


def test_a_name_that_was_made_to_lead_here_is_refused(client):
    for host in (f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", ""):
        assert client.get("/api/v1/jobs", headers={"host": host}).status_code == 421


def test_pages_of_other_sites_change_and_read_nothing(client):
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{PORT + 1}", ""):
        answer = client.post("/api/v1/first-run", headers={"origin": origin})
        assert answer.status_code == 403
    assert client.get("/api/v1/jobs", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/api/v1/jobs").json() == []


def test_programs_use_the_token_as_a_header(stranger):
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert stranger.get("/api/v1/jobs", headers=bearer).json() == []
    assert stranger.post("/api/v1/uploads", json={}, headers=bearer).status_code == 201


def test_every_answer_keeps_other_sources_out(client):
    for path in ("/", "/static/base.js", "/api/v1/jobs", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_too_large_is_refused_before_and_while_it_comes(client):
    lie = {"content-length": str(10 * 2**30)}
    assert client.post("/api/v1/uploads", headers=lie, content=b"{}").status_code == 413

    def pieces():
        for _ in range(MOST_BYTES // 2**16 + 2):
            yield b" " * 2**16

    answer = client.post("/api/v1/libraries", content=pieces())  # without a length
    assert answer.status_code == 413


def test_requests_without_end_are_slowed_down(page):
    safety = Safety(server.create_app(page), TOKEN, Address(PORT))
    assert not all(safety.requests.within() for _ in range(5000))


def test_neither_page_nor_scripts_name_another_machine_or_make_markup_of_texts():
    for path in [*HERE.rglob("*.js"), *HERE.rglob("*.html"), *HERE.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        links = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not links, path
        for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                       "|safe", "style=", " onclick=\""):  # fmt: skip
            assert danger not in text, (path, danger)
