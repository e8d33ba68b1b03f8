"""Every text of the page is there in each of its languages, with the same places to fill in."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from classify.app import texts
from classify.app.page import HERE


def in_templates() -> set[str]:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), extensions=["jinja2.ext.i18n"],
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found = set()
    for path in (HERE / "templates").glob("*.html"):
        for _, _, message in environment.extract_translations(path.read_text(encoding="utf-8")):
            if isinstance(message, str):  # what is looked up by a name has its texts in ALSO
                found.add(message)
    return found


def in_scripts() -> set[str]:
    found = set()
    for path in (HERE / "static").glob("*.js"):
        found |= set(re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8")))
    return found


def of_jobs() -> set[str]:
    found = set()
    for path in [HERE / "jobs.py", *(HERE / "routes").glob("*.py")]:
        found |= set(re.findall(r'jobs\.add\(\s*"\w+", f?"([^":{]*)', path.read_text()))
    return found


def everything() -> set[str]:
    return in_templates() | in_scripts() | of_jobs()


@pytest.mark.parametrize("language", [name for name in texts.LANGUAGES if name != "en"])
def test_every_text_is_translated_and_none_is_left_over(language):
    known = texts.catalogue(language)
    wanted = everything()
    assert len(wanted) > 200
    assert sorted(wanted - set(known)) == []
    assert sorted(set(known) - wanted - ALSO) == [] and set(known) >= ALSO


#: Titles of what the toolkit does, and names that the database holds, which are looked up too;
#: and tonics that another language names otherwise.
ALSO = {
    "Built-in folk songs", "Generated songs", "Reading songs", "Judging songs", "Dropped files",
    "Starting, and loading what is needed",
    "Preparing the built-in songs", "Stopped. What was finished is kept.",
    "built-in songs and a model", "Looking for duplicate songs", "All fits",
    "C♯", "D♭", "E♭", "F♯", "G♯", "A♭", "B♭", "B",
    "Stopped before it had begun.", "The program ended before this was done.",
}  # fmt: skip


@pytest.mark.parametrize("language", [name for name in texts.LANGUAGES if name != "en"])
def test_translations_have_the_same_places(language):
    for text, translated in texts.catalogue(language).items():
        places = r"%\(\w+\)s|\{\w+\}"
        assert sorted(re.findall(places, text)) == sorted(re.findall(places, translated)), text
        assert translated.strip() == translated or text.strip() != text


def test_a_page_is_shown_in_the_language_that_was_chosen(client):
    assert "Willkommen" in client.get("/", headers={"accept-language": "de-AT,en;q=0.5"}).text
    assert "Welcome" in client.get("/", headers={"accept-language": "fr"}).text
    client.cookies.set("language", "de")
    page = client.get("/", headers={"accept-language": "en"}).text
    assert '<html lang="de"' in page and "Kein Medizinprodukt" in page
    assert 'LANGUAGE = "de"' in client.get("/texts.js").text


def test_scripts_and_templates_are_read_from_the_package():
    assert Path(texts.FOLDER).is_dir() and (texts.FOLDER / "de.po").is_file()
