"""The server: its parts put together, and started."""

import errno
import secrets
import socket
import ssl
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
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from classify import presentation
from classify.app.database import Database
from classify.app.jobs import Jobs
from classify.app.login import Login, Password, ask_for_password
from classify.app.page import HERE, Page
from classify.app.place import Place
from classify.app.routes import (
    comparisons,
    generate,
    jobs,
    libraries,
    listeners,
    maps,
    pages,
    playlists,
    songs,
)
from classify.app.safety import HERE_ALONE, Address, Safety
from classify.errors import InputError
from classify.presentation import instruments

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
    for routes in (jobs, libraries, songs, playlists, generate, maps, listeners, comparisons):
        app.include_router(routes.router, prefix=API)
    app.include_router(pages.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    player = Path(presentation.__file__).parent / "player.js"

    @app.get("/player.js", include_in_schema=False)
    def the_player() -> Response:
        return Response(player.read_text(encoding="utf-8"), media_type="text/javascript")

    @app.get("/instruments/{edition}/{name}", include_in_schema=False)
    def an_instrument(edition: str, name: str) -> FileResponse:
        path = instruments.file(name)
        if edition != instruments.edition() or name not in instruments.FILES or not path.is_file():
            raise HTTPException(404, "There is no such file; make app fetches the instruments.")
        kind = "text/javascript" if path.suffix == ".js" else "application/octet-stream"
        kept = {"cache-control": "private, max-age=31536000, immutable"}
        return FileResponse(path, media_type=kind, headers=kept)

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


def listening(port: int, host: str = HERE_ALONE) -> socket.socket:
    """Take a port of this machine, or the next free one.

    Raises
    ------
    InputError
        If all are taken, or the host is not of this machine.
    """
    for number in [port] if port == 0 else range(port, port + PORTS):
        taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((host, number))
        except OSError as error:
            taken.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise InputError(
                    f"--host {host}: is no IPv4 address or name of this machine ({error.strerror})"
                ) from None
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
    address : Address
        Where it listens.
    certificate : str
        PEM file of a certificate and its key, for an address of the scheme `https`.
    """

    def __init__(self, page: Page, token: str, address: Address, certificate: str = "") -> None:
        self.page = page
        super().__init__(
            uvicorn.Config(
                protected(page, token, address),
                log_level="warning",
                timeout_graceful_shutdown=2,
                server_header=False,
                h11_max_incomplete_event_size=2**16,
                ssl_certfile=certificate or None,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, since a person or the system wants that."""
        self.page.closing = True
        super().handle_exit(sig, frame)


def protected(page: Page, token: str, address: Address) -> Safety:
    """Make the application of a page with its protection; with a login where others reach it."""
    app = create_app(page)
    safety = Safety(app, token, address)
    if address.host != HERE_ALONE:
        page.on_network = True
        password = Password(page.place.password)
        safety.login = Login(page, password, app, safety.let_in, str(address))
    return safety


def serve(
    data: str, port: int, browser: bool, host: str, certificate: str, new_password: bool
) -> None:
    """Serve the page until it is stopped, as `classify.app.serve` says."""
    check_host(host, certificate, new_password)
    taken = listening(port, host)
    page = open_page(data)
    try:
        if host != HERE_ALONE:
            ask_for_password(page.place.password, new_password)
        scheme = "https" if certificate else "http"
        address = Address(taken.getsockname()[1], host, scheme)
        token = secrets.token_urlsafe(24)
        server = Server(page, token, address, certificate)
        _greet(address, token, browser)
        server.run([taken])
    finally:
        page.jobs.close()
        page.database.close()
        taken.close()


def check_host(host: str, certificate: str, new_password: bool) -> None:
    """Raise InputError where the options of a page on a network do not go together."""
    if host == HERE_ALONE and (certificate or new_password):
        name = "--certificate" if certificate else "--new-password"
        raise InputError(f"{name} belongs to --host, which opens the page to other machines")
    if host in ("0.0.0.0", "::", "*", ""):
        raise InputError(
            f"--host {host}: expected the address or name by which other machines reach this one, "
            f"since a page that answers to any name can be asked by strangers' pages"
        )
    if certificate:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate)
        except (OSError, ssl.SSLError) as error:
            raise InputError(
                f"--certificate {certificate}: expected a PEM file of a certificate and its key "
                f"({error.strerror or error})"
            ) from None


def _greet(address: Address, token: str, browser: bool) -> None:
    """Say where the page is, and open it."""
    here = f"{address}/?token={token}"
    if address.host == HERE_ALONE:
        print(f"The page is open at {here}\nIt is for this machine alone. Ctrl-C closes it.")
    else:
        print(
            f"The page is open at {here}\nOther machines find it at {address} and need the "
            f"password; whoever has it sees and changes everything. Ctrl-C closes it."
        )
        if address.scheme == "http":
            print(
                "Warning: without --certificate, whoever listens on the network can read the "
                "password and what is shown. Open it in a network that you trust."
            )
    sys.stdout.flush()
    if browser:
        threading.Timer(0.5, webbrowser.open, (here,)).start()
