"""The server: its parts put together, and started."""

import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from classify import presentation
from classify.app.database import Database
from classify.app.jobs import Jobs
from classify.app.page import HERE, Page
from classify.app.place import Place
from classify.app.routes import (
    comparisons,
    generate,
    jobs,
    libraries,
    listeners,
    pages,
    playlists,
    songs,
)
from classify.app.safety import Safety
from classify.errors import InputError

#: Where the JSON interface lies; its next version would lie beside it.
API = "/api/v1"

#: How many ports after the first are tried.
PORTS = 20


def create_app(page: Page) -> FastAPI:
    """Make the application of a page, without its protection.

    Parameters
    ----------
    page : Page
        Its state.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        page.closing = True

    app = FastAPI(
        title="classify",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # their pages load scripts from other machines
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
    )
    app.state.page = page
    for routes in (jobs, libraries, songs, playlists, generate, listeners, comparisons):
        app.include_router(routes.router, prefix=API)
    app.include_router(pages.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    player = Path(presentation.__file__).parent / "player.js"

    @app.get("/player.js", include_in_schema=False)
    def the_player() -> Response:
        return Response(player.read_text(encoding="utf-8"), media_type="text/javascript")

    _refusals(app)
    return app


def _refusals(app: FastAPI) -> None:
    """Answer what cannot be done in a sentence."""

    @app.exception_handler(InputError)
    async def refused(request: Request, error: InputError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse({"detail": f"{place}: {first['msg']}"}, 422)

    @app.exception_handler(HTTPException)
    async def not_found(request: Request, error: HTTPException) -> Response:
        page: Page = request.app.state.page
        if request.url.path.startswith("/api/") or error.status_code != 404:
            return JSONResponse({"detail": error.detail}, error.status_code)
        response = page.show(request, "missing.html", message=error.detail)
        response.status_code = 404
        return response


def open_page(folder: str | Path = "", roots: Sequence[Path] = (), working: bool = True) -> Page:
    """Open the folder of a page; make what is not there yet.

    Parameters
    ----------
    folder : str or Path
        As `Place.of` takes it.
    roots : sequence of Path
        Folders below which libraries may be chosen; the user's home folder unless given.
    working : bool
        Whether jobs are done; they only wait otherwise.
    """
    place = Place.of(folder)
    database = Database(place.database)
    return Page(place, database, Jobs(place, database, working), tuple(roots) or (Path.home(),))


def listening(port: int) -> socket.socket:
    """Take a port of this machine, or the next free one.

    Raises
    ------
    InputError
        If all are taken.
    """
    for number in [port] if port == 0 else range(port, port + PORTS):
        taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", number))
        except OSError:
            taken.close()
            continue
        return taken
    raise InputError(f"--port {port}: it and the {PORTS - 1} after it are taken; name another")


class Server(uvicorn.Server):
    """A server that ends what it tells browsers of jobs before it ends itself.

    Parameters
    ----------
    page : Page
        Its state.
    token : str
        What lets a browser in.
    port : int
        Where it listens.
    """

    def __init__(self, page: Page, token: str, port: int) -> None:
        self.page = page
        super().__init__(
            uvicorn.Config(
                Safety(create_app(page), token, port),
                log_level="warning",
                timeout_graceful_shutdown=2,
                server_header=False,
                h11_max_incomplete_event_size=2**16,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, since a person or the system wants that."""
        self.page.closing = True
        super().handle_exit(sig, frame)


def serve(data: str, port: int, browser: bool) -> None:
    """Serve the page until it is stopped, as `classify.app.serve` says."""
    page = open_page(data)
    taken = listening(port)
    number, token = taken.getsockname()[1], secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{number}/?token={token}"
    print(f"The page is open at {address}\nIt is for this machine alone. Ctrl-C closes it.")
    sys.stdout.flush()
    if browser:
        threading.Timer(0.5, webbrowser.open, (address,)).start()
    try:
        Server(page, token, number).run([taken])
    finally:
        page.jobs.close()
        page.database.close()
