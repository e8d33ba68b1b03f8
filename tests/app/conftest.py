"""A page in a folder of its own, asked as a browser asks it, or by a real Chromium."""

import json
import re
import signal
import threading
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from starlette.testclient import TestClient

from classify import api
from classify.app import server, tasks
from classify.app.page import Page
from classify.app.room import Room, add_model
from classify.app.safety import Address, Safety
from classify.app.tables import Library
from classify.presentation import instruments, soundfonts
from classify.progress import SILENT
from tests.conftest import chromium, write_corpus, write_song

PORT, TOKEN = 8321, "the-secret"
ORIGIN = f"http://127.0.0.1:{PORT}"

#: Where recorded instruments are kept outside of tests.
RECORDED, SOUNDFONTS = instruments.folder(), soundfonts.folder()


@pytest.fixture
def page(tmp_path):
    """Give an empty page whose jobs wait; libraries may be chosen below the test's folder."""
    made = server.open_page(tmp_path / "page", [tmp_path], working=False)
    yield made
    made.jobs.close()
    made.database.close()


@pytest.fixture
def client(page):
    """Give what a browser is that was let in."""
    application = Safety(server.create_app(page), TOKEN, Address(PORT))
    with TestClient(application, base_url=ORIGIN, headers={"origin": ORIGIN}) as browser:
        browser.get("/", params={"token": TOKEN})
        yield browser


def room_of(page: Page) -> Room:
    """Give what a job works with, in this process."""
    return Room(page.place, page.database, SILENT)


def add_folder(page: Page, folder: Path, name: str = "Songs") -> int:
    """Make a folder a library that has not been read."""
    with page.database.writing() as session:
        library = Library(name=name, kind="folder", path=str(folder.resolve()))
        session.add(library)
        session.flush()
        return library.id


@pytest.fixture
def library(page, trained, tmp_path):
    """Give a library of ten songs, judged by a model that is used."""
    folder = write_corpus(tmp_path / "library", per_class=5)
    write_song(folder / "Calming" / "=1+1 & <b>Bold.mid", 77, 45, 1.0)
    (folder / "notes.mid").write_bytes(b"no music")
    add_model(room_of(page), trained, use=True)
    number = add_folder(page, folder)
    tasks.read_library(room_of(page), number)
    return number


class Visit:
    """A server on a port of this machine, and a browser that was let in.

    Parameters
    ----------
    driver : WebDriver
        The browser.
    page : Page
        The server's state.
    port : int
        Where it listens.
    """

    def __init__(self, driver, page, port):
        self.driver, self.page = driver, page
        self.address = f"http://127.0.0.1:{port}"

    def go(self, path):
        self.driver.get(f"{self.address}{path}")

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def click(self, selector):
        """Scroll to where an element can be seen, and click on it."""
        element = self.one(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def until(self, condition, most=60.0):
        """Wait until something is so; give it."""
        end = time.monotonic() + most
        while time.monotonic() < end:
            try:
                value = condition()
            except Exception:  # what is looked at was drawn anew meanwhile
                value = None
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(self.one("main").text)

    def press(self, *keys):
        """Press keys, wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector):
        """Press Tab until an element has the focus, as somebody without a mouse does."""
        from selenium.webdriver.common.keys import Keys

        for _ in range(120):
            here = "return document.activeElement.matches(arguments[0])"
            if self.driver.execute_script(here, selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"{selector} cannot be reached by keyboard")

    def ask(self, path):
        """Ask the server for JSON, as a program does."""
        asked = Request(f"{self.address}/api/v1{path}")
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        with urlopen(asked) as answer:
            return json.load(answer)

    def text(self, path):
        asked = Request(f"{self.address}/api/v1{path}")
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        with urlopen(asked) as answer:
            return answer.read().decode()

    def asked_of(self):
        """Name every address that the browser asked for."""
        entries = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return {e["params"]["request"]["url"] for e in entries
                if e["method"] == "Network.requestWillBeSent"}  # fmt: skip


@pytest.fixture(params=[True, False], ids=["recorded", "small"])
def player(request, monkeypatch):
    """Let a test hear each of the two that play songs: recorded instruments where they are here."""
    if not request.param:
        yield "a small synthesiser"
        return
    monkeypatch.setattr(instruments, "folder", lambda: RECORDED)
    monkeypatch.setattr(soundfonts, "folder", lambda: SOUNDFONTS)
    if not instruments.are_here():
        pytest.skip("needs recorded instruments: make app")
    yield "recorded instruments"


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    profile = tmp_path_factory.mktemp("chromium")
    with chromium(profile, "--lang=en", "--window-size=1280,1100", requests=True) as started:
        yield started


@pytest.fixture
def visit(driver, tmp_path, local_processes):
    """Open a page in a folder of its own."""
    page = server.open_page(tmp_path / "page", [tmp_path])
    taken = server.listening(0)
    port = taken.getsockname()[1]
    running = server.Server(page, TOKEN, Address(port))
    thread = threading.Thread(target=running.run, args=([taken],), daemon=True)
    thread.start()
    while not running.started and thread.is_alive():
        time.sleep(0.05)
    for kind in ("browser", "performance"):
        driver.get_log(kind)  # of what was before
    made = Visit(driver, page, port)
    made.go(f"/?token={TOKEN}")
    yield made
    shown = driver.execute_script("return document.body.innerText")
    asked = made.asked_of()
    errors = [e for e in driver.get_log("browser") if e["level"] == "SEVERE"]
    driver.get("about:blank")
    running.handle_exit(signal.SIGTERM, None)
    thread.join(10)
    page.jobs.close()
    page.database.close()
    foreign = {url for url in asked if url.startswith(("http", "ws"))}
    assert not {url for url in foreign if not url.startswith(f"{made.address}/")}
    assert not [e for e in errors if "404" not in e["message"]]
    assert not re.search(r"\b(null|undefined|NaN)\b|\[object", shown), shown


@pytest.fixture
def ready(visit, trained, tmp_path):
    """Go on with a model, a composer, and a library of songs that it knows and others."""
    room = Room(visit.page.place, visit.page.database, SILENT)
    add_model(room, trained, use=True)
    songs = write_corpus(tmp_path / "learned", per_class=4)
    api.train(songs, tmp_path / "composer", "markov")
    add_model(room, tmp_path / "composer", use=True)
    write_corpus(tmp_path / "songs")
    for number in range(20):
        label, low, beat = ("Calming", 45, 1.0) if number % 2 else ("Happy", 75, 0.25)
        write_song(tmp_path / "songs" / label / f"new-{number}.mid", 700 + number, low, beat)
    asked = json.dumps({"path": str(tmp_path / "songs")}).encode()
    call = Request(f"{visit.address}/api/v1/libraries", data=asked, method="POST")
    call.add_header("Authorization", f"Bearer {TOKEN}")
    call.add_header("content-type", "application/json")
    urlopen(call).close()
    visit.until(lambda: visit.ask("/libraries")[0]["read"])
    return visit


def build(visit, minutes=3):
    """Build a list on the page, by keyboard alone."""
    from selenium.webdriver.common.keys import Keys

    visit.go("/playlists")
    visit.tab_to("[name=minutes]")
    visit.press(Keys.CONTROL, "a", Keys.NULL, str(minutes))
    visit.tab_to("#new summary")
    visit.press(Keys.ENTER)
    for field in ("tempo_change", "loudness_change"):
        visit.tab_to(f"[name={field}]")
        visit.press(Keys.CONTROL, "a", Keys.NULL, Keys.DELETE)
    visit.tab_to("#new button.main")
    visit.press(Keys.ENTER)
    visit.until(lambda: visit.all("#songs > li[data-song]"))
