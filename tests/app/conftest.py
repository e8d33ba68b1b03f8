"""A page in a folder of its own, asked as a browser asks it, without a network."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from classify.app import server, tasks
from classify.app.page import Page
from classify.app.room import Room, add_model
from classify.app.safety import Address, Safety
from classify.app.tables import Library
from classify.progress import SILENT
from tests.conftest import write_corpus, write_song

PORT, TOKEN = 8321, "the-secret"
ORIGIN = f"http://127.0.0.1:{PORT}"


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
