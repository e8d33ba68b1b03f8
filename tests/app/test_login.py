"""A page that is opened to a network: a password lets in, and nothing else does."""

import io
import subprocess
import threading
import time
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, Request, build_opener

import pytest
from starlette.testclient import TestClient

from classify import app
from classify.app import server
from classify.app.login import BURST, MOST_BYTES, Password, ask_for_password
from classify.app.safety import Address
from classify.errors import InputError
from tests.app.conftest import TOKEN

ADDRESS = Address(8321, "192.168.1.20")
PASSWORD = "correct horse battery"
HTML = {"accept": "text/html"}


@pytest.fixture
def other(page):
    """Give a browser of another machine that was not let in."""
    Password(page.place.password).choose(PASSWORD)
    application = server.protected(page, TOKEN, ADDRESS)
    with TestClient(application, base_url=str(ADDRESS), follow_redirects=False) as browser:
        yield browser


def log_in(browser: TestClient, password: str, origin: str = str(ADDRESS)):
    return browser.post("/login", data={"password": password}, headers={"origin": origin})


def test_who_was_not_let_in_sees_a_form_and_nothing_else(other):
    answer = other.get("/library/1", headers=HTML)
    assert answer.status_code == 303 and answer.headers["location"] == "/login"
    form = other.get("/login", headers={"accept-language": "de"})
    assert form.status_code == 200 and "Anmelden" in form.text and "<script" not in form.text
    assert "default-src 'none'" in form.headers["content-security-policy"]
    assert other.get("/static/style.css").status_code == 200
    for path in ("/api/v1/jobs", "/static/base.js", "/api/v1/openapi.json", "/player.js"):
        assert other.get(path).status_code == 401
    assert other.post("/api/v1/first-run", headers={"origin": str(ADDRESS)}).status_code == 401


def test_the_password_lets_in_and_a_wrong_one_does_not(other):
    assert "not the password" in log_in(other, PASSWORD + " ").text
    assert other.get("/api/v1/jobs").status_code == 401
    answer = log_in(other, PASSWORD)
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    assert {"HttpOnly", "SameSite=Strict"} <= set(answer.headers["set-cookie"].split("; "))
    assert other.get("/api/v1/jobs").json() == []
    assert "Open to the network" in other.get("/").text
    assert other.post("/api/v1/first-run", headers={"origin": "http://evil"}).status_code == 403


def test_forms_of_other_sites_and_other_names_are_refused(other):
    assert log_in(other, PASSWORD, "http://evil.example").status_code == 403
    for host in ("evil.example:8321", "127.0.0.1:8321", "192.168.1.20"):
        assert other.get("/login", headers={"host": host}).status_code == 421
    assert log_in(other, "x" * (MOST_BYTES + 1)).status_code == 413


def test_passwords_cannot_be_guessed_one_after_the_other(other):
    answers = [log_in(other, f"guess number {n}").status_code for n in range(int(BURST) + 2)]
    assert answers == [403] * int(BURST) + [429] * 2
    assert log_in(other, PASSWORD).status_code == 429


def test_of_a_password_a_hash_is_kept_for_its_owner_alone(tmp_path):
    password = Password(tmp_path / "password")
    with pytest.raises(InputError, match="11 characters: expected at least 12"):
        password.choose("x" * 11)
    assert not password.is_set()
    password.choose(PASSWORD)
    assert password.path.read_text().startswith("$argon2id$") and password.matches(PASSWORD)
    assert password.path.stat().st_mode & 0o077 == 0
    password.path.write_text("not a hash")
    assert not password.matches(PASSWORD)


def test_without_a_terminal_the_password_is_the_first_line(tmp_path, monkeypatch):
    path = tmp_path / "password"
    for text, new in ((PASSWORD, False), ("another, longer", True)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))
        ask_for_password(path, new)
        assert Password(path).matches(text)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    ask_for_password(path, False)  # there is one
    with pytest.raises(InputError, match="first line of the input"):
        ask_for_password(path, True)
    assert Password(path).matches("another, longer")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "0.0.0.0"}, "--host 0.0.0.0: expected the address or name by which"),
        ({"host": "203.0.113.7", "port": 0}, "--host 203.0.113.7: is no IPv4 address or name of"),
        ({"host": "no such name", "port": 0}, "--host no such name: is no IPv4 address or name"),
        ({"certificate": "x.pem"}, "--certificate belongs to --host"),
        ({"new_password": True}, "--new-password belongs to --host"),
        ({"host": "127.0.0.2", "certificate": "x.pem"}, "--certificate x.pem: expected a PEM file"),
    ],
)
def test_what_cannot_be_opened_is_refused(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        app.serve(str(tmp_path / "page"), browser=False, **options)


def test_with_a_certificate_nobody_can_listen(page, tmp_path):
    """A real server with TLS: its cookie is for encrypted connections alone."""
    import ssl

    pem = tmp_path / "page.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=127.0.0.2", "-addext", "subjectAltName=IP:127.0.0.2", "-keyout", pem, "-out",
         tmp_path / "certificate.pem"], capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl on this machine")
    pem.write_text(pem.read_text() + (tmp_path / "certificate.pem").read_text())
    taken = server.listening(0, "127.0.0.2")
    address = Address(taken.getsockname()[1], "127.0.0.2", "https")
    Password(page.place.password).choose(PASSWORD)
    running = server.Server(page, TOKEN, address, str(pem))
    thread = threading.Thread(target=running.run, args=([taken],), daemon=True)
    thread.start()
    for _ in range(200):
        if running.started:
            break
        time.sleep(0.05)
    trusting = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
    opener = build_opener(HTTPSHandler(context=trusting))
    bearer = Request(f"{address}/api/v1/jobs", headers={"authorization": f"Bearer {TOKEN}"})
    assert opener.open(bearer, timeout=10).read() == b"[]"
    with pytest.raises(HTTPError, match="401"):
        opener.open(f"{address}/api/v1/jobs", timeout=10)
    assert "; Secure" in server.protected(page, TOKEN, address).let_in()
    running.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
