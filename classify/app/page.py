"""What every route works with, and how a page is made."""

from dataclasses import dataclass, field
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from classify.app import texts
from classify.app.database import Database
from classify.app.jobs import Jobs
from classify.app.place import Place
from classify.app.safety import POLICY
from classify.app.settings import setting, used_model
from classify.presentation import instruments

T = TypeVar("T")

HERE = Path(__file__).parent

#: Pages that play songs. The soundfont's samples are Vorbis, whose decoder is WebAssembly: where
#: recorded instruments are here, these pages may compile it, and still run no text as a script.
PLAYING = ("song.html", "playlist.html", "generate.html", "map.html", "listeners.html")
#: Pages on which a person asks for what takes a process: it is started when they are opened.
ASKING = ("song.html", "playlists.html", "playlist.html", "generate.html", "map.html",
          "listeners.html")  # fmt: skip
PLAYING_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        texts.translations(language), newstyle=True
    )
    return environment


def _named(translations: NullTranslations, library: dict[str, Any]) -> str:
    """Give a library's name: that of a person as it is, ours in the page's language."""
    own = library["kind"] in ("builtin", "generated")
    return translations.gettext(library["name"]) if own else str(library["name"])


@dataclass
class Page:
    """The state of one server.

    Parameters
    ----------
    place : Place
        Where things are kept.
    database : Database
        What is known.
    jobs : Jobs
        What is being done.
    roots : tuple of Path
        Folders below which a library may be chosen.
    on_network : bool
        Whether other machines may be let in.
    """

    place: Place
    database: Database
    jobs: Jobs
    roots: tuple[Path, ...]
    on_network: bool = False
    closing: bool = False
    environments: dict[str, Environment] = field(
        default_factory=lambda: {name: _environment(name) for name in texts.LANGUAGES}
    )

    def language(self, request: Request) -> str:
        """Give the language in which a request is answered."""
        return texts.chosen(
            request.cookies.get("language"), request.headers.get("accept-language", "")
        )

    def show(self, request: Request, template: str, **values: Any) -> HTMLResponse:
        """Make a page of a template."""
        language = self.language(request)
        theme = request.cookies.get("theme", "")
        with self.database.reading() as session:
            model = used_model(session, "classifier")
            listener = setting(session, "listener")
        if model and template in ASKING:
            self.jobs.prepare()
        recorded = instruments.are_here()
        text = (
            self.environments[language]
            .get_template(template)
            .render(
                language=language, languages=texts.LANGUAGES, path=request.url.path, model=model,
                listener=listener, theme=theme if theme in ("light", "dark") else "",
                on_network=self.on_network, instruments=instruments.address() if recorded else "",
                named=partial(_named, texts.translations(language)), **values,
            )
        )  # fmt: skip
        playing = recorded and template in PLAYING
        return HTMLResponse(
            text, headers={"content-security-policy": PLAYING_POLICY} if playing else None
        )


def page_of(request: Request) -> Page:
    """Give the state of the server that a request came to."""
    page: Page = request.app.state.page
    return page


#: A parameter of routes.
ThePage = Annotated[Page, Depends(page_of)]


def found(value: T | None, what: str) -> T:
    """Give what was looked for, or answer that it is not there."""
    if value is None:
        raise HTTPException(404, f"There is no such {what}; it may have been deleted.")
    return value
