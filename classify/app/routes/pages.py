"""The pages themselves: templates with what they need to begin."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select

from classify import api
from classify.app import lists, texts
from classify.app.page import ThePage, found
from classify.app.routes.comparisons import (
    MOST_SIDES,
    list_comparisons,
    list_models,
    one_comparison,
    side_by_side,
)
from classify.app.routes.generate import list_composers
from classify.app.routes.libraries import list_libraries
from classify.app.routes.listeners import list_listeners
from classify.app.settings import setting, used_model
from classify.app.tables import Listener, PlaylistRow, Song

router = APIRouter()


@router.get("/")
def home(request: Request, page: ThePage) -> HTMLResponse:
    """Show the start: the first run, or what there is to do."""
    with page.database.reading() as session:
        newest = select(PlaylistRow).order_by(PlaylistRow.id.desc()).limit(5)
        playlists = session.scalars(newest).all()
        toured = setting(session, "toured")
    return page.show(request, "home.html", libraries=list_libraries(page), playlists=playlists,
                     toured=toured)  # fmt: skip


@router.get("/texts.js")
def page_texts(request: Request, page: ThePage) -> Response:
    """Give the texts of scripts in the page's language."""
    return Response(texts.as_module(page.language(request)), media_type="text/javascript")


@router.get("/library")
def any_library(page: ThePage, request: Request) -> Response:
    """Show the first library, or how to add one."""
    libraries = list_libraries(page)
    if libraries:
        return RedirectResponse(f"/library/{libraries[0]['id']}", 303)
    return page.show(request, "library.html", libraries=[], library=None, classes=[])


@router.get("/library/{number}")
def one_library(request: Request, page: ThePage, number: int) -> HTMLResponse:
    """Show a library's table."""
    libraries = list_libraries(page)
    library = found(next((one for one in libraries if one["id"] == number), None), "library")
    return page.show(request, "library.html", libraries=libraries, library=library,
                     classes=_classes(page))  # fmt: skip


def _classes(page: ThePage) -> list[Any]:
    with page.database.reading() as session:
        model = used_model(session, "classifier")
    return model.classes if model else []


@router.get("/songs/{number}")
def one_song(request: Request, page: ThePage, number: int) -> HTMLResponse:
    """Show a song that plays."""
    with page.database.reading() as session:
        song = found(session.get(Song, number), "song")
        listener = session.get(Listener, int(setting(session, "listener") or 0))
    return page.show(request, "song.html", song=song, classes=_classes(page),
                     listener_name=listener.name if listener else "")  # fmt: skip


@router.get("/playlists")
def all_playlists(request: Request, page: ThePage) -> HTMLResponse:
    """Show what a new playlist can be, and the earlier ones."""
    with page.database.reading() as session:
        playlists = session.scalars(select(PlaylistRow).order_by(PlaylistRow.id.desc())).all()
    return page.show(request, "playlists.html", libraries=list_libraries(page),
                     playlists=playlists, classes=_classes(page))  # fmt: skip


@router.get("/playlists/{number}")
def one_playlist(request: Request, page: ThePage, number: int) -> HTMLResponse:
    """Show a playlist that can be changed."""
    with page.database.reading() as session:
        playlist = found(session.get(PlaylistRow, number), "playlist")
    return page.show(request, "playlist.html", playlist=playlist)


@router.get("/playlists/{number}/sheet")
def playlist_sheet(request: Request, page: ThePage, number: int) -> HTMLResponse:
    """Show a playlist to be printed."""
    with page.database.reading() as session:
        playlist = found(session.get(PlaylistRow, number), "playlist")
        state = lists.state(session, playlist)
    return page.show(request, "sheet.html", playlist=playlist, state=state)


@router.get("/generate")
def generate(request: Request, page: ThePage) -> HTMLResponse:
    """Show what new songs can be, and the latest."""
    return page.show(request, "generate.html", composers=list_composers(page),
                     libraries=list_libraries(page), classes=_classes(page),
                     sound=api.has_sound())  # fmt: skip


@router.get("/map")
def one_map(request: Request, page: ThePage) -> HTMLResponse:
    """Show where a library's songs lie in the space of a composer."""
    return page.show(request, "map.html", composers=list_composers(page),
                     libraries=list_libraries(page))  # fmt: skip


@router.get("/listeners")
def listeners(request: Request, page: ThePage) -> HTMLResponse:
    """Show the listeners, and what the chosen one has labelled."""
    everybody = list_listeners(page)
    chosen = next((one for one in everybody if one["chosen"]), None)
    return page.show(request, "listeners.html", listeners=everybody, chosen=chosen,
                     classes=_classes(page))  # fmt: skip


@router.get("/comparisons")
def comparisons(request: Request, page: ThePage) -> HTMLResponse:
    """Show the models, and the comparisons that were made."""
    return page.show(request, "comparisons.html", models=list_models(page),
                     comparisons=list_comparisons(page),
                     libraries=list_libraries(page))  # fmt: skip


@router.get("/comparisons/side-by-side")
def comparisons_side_by_side(
    request: Request,
    page: ThePage,
    run: Annotated[list[int] | None, Query(max_length=MOST_SIDES)] = None,
) -> Response:
    """Show comparisons side by side; those of which there are too few are chosen first."""
    if run is None or len(set(run)) < 2:
        return RedirectResponse("/comparisons", 303)
    return page.show(request, "sides.html", sides=side_by_side(page, run))


@router.get("/comparisons/{number}")
def comparison(request: Request, page: ThePage, number: int) -> HTMLResponse:
    """Show a comparison: how it goes, or its report."""
    return page.show(request, "comparison.html", comparison=one_comparison(page, number))


@router.get("/api")
def about_api(request: Request, page: ThePage) -> HTMLResponse:
    """Show what the JSON interface can be asked."""
    schema = request.app.openapi()
    paths = [
        (method.upper(), path, what.get("summary", ""), what.get("description", ""))
        for path, methods in schema["paths"].items()
        for method, what in methods.items()
    ]
    return page.show(request, "api.html", paths=paths)
