"""How browsers of other machines are let in: by a password, of which only a hash is kept.

A page that is opened to a network (`--host`) shows those whom it does not know a form and nothing
else. Whoever knows the password is given the cookie that a browser on this machine gets from the
address; a few wrong ones at once, and everybody waits.
"""

import asyncio
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from classify.app.page import Page
from classify.app.safety import Allowance, answer
from classify.errors import InputError

#: Characters that a password has at least.
SHORTEST = 12

#: Passwords that may be tried: a second on average, and at once.
RATE, BURST = 0.1, 5.0

#: Bytes of the form.
MOST_BYTES = 4096

#: What the form itself needs; no secret is in them.
OPEN = ("/static/style.css", "/static/icon.svg")


class Password:
    """A password of which an argon2id hash (RFC 9106) is kept in a file for its owner alone.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_set(self) -> bool:
        """Say whether a password was chosen."""
        return self.path.is_file()

    def choose(self, text: str) -> None:
        """Keep another password.

        Raises
        ------
        InputError
            If it is too short.
        """
        if len(text) < SHORTEST:
            raise InputError(f"a password of {len(text)} characters: expected at least {SHORTEST}")
        temporary = self.path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(PasswordHasher().hash(text), encoding="utf-8")
        temporary.replace(self.path)

    def matches(self, text: str) -> bool:
        """Say whether this is the password."""
        try:
            return PasswordHasher().verify(self.path.read_text(encoding="utf-8"), text)
        except (Argon2Error, InvalidHashError):
            return False


def ask_for_password(path: Path, new: bool) -> None:
    """Ask for the password of a page where there is none yet, or a new one is wanted.

    Without a terminal it is the first line of the input.

    Raises
    ------
    InputError
        If none is given, it is too short, or its repetition differs.
    """
    password = Password(path)
    if password.is_set() and not new:
        return
    if sys.stdin.isatty():
        text = getpass.getpass(f"A password for other machines, at least {SHORTEST} characters: ")
        if getpass.getpass("Once more: ") != text:
            raise InputError("the two passwords differ; nothing was changed")
    else:
        text = sys.stdin.readline().rstrip("\n")
    if not text:
        raise InputError(
            "--host lets other machines in by a password, and none was given; start it in a "
            "terminal, which asks for one, or give one as the first line of the input"
        )
    password.choose(text)


class Login:
    """Answers those who have not been let in.

    Parameters
    ----------
    page : Page
        For the form, in the languages of the page.
    password : Password
        What lets them in.
    app : ASGI application
        Gives the files that the form needs.
    let_in : callable
        Makes the cookie that lets a browser in.
    origin : str
        Of the page; forms of other sites are refused.
    """

    def __init__(
        self, page: Page, password: Password, app: ASGIApp, let_in: Callable[[], str], origin: str
    ) -> None:
        self.page, self.password, self.app = page, password, app
        self.let_in, self.origin = let_in, origin
        self.tries, self.turn = Allowance(RATE, BURST), asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        if request.method == "GET" and request.url.path in OPEN:
            await self.app(scope, receive, send)
        elif request.url.path == "/login" and request.method == "POST":
            await self._tried(request, send)
        elif request.url.path == "/login" and request.method == "GET":
            await self._form(request, send, 200)
        elif request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            await answer(send, 303, "", {"location": "/login"})
        else:
            await answer(send, 401, "Log in first.")

    async def _tried(self, request: Request, send: Send) -> None:
        if request.headers.get("origin") != self.origin:
            await answer(send, 403, "Log in on the page of this server.")
            return
        given = await _body(request)
        if given is None:
            await answer(send, 413, "That is too large for a password.")
        elif not self.tries.within():
            await self._form(request, send, 429)
        elif await self._is_right(given):
            await answer(send, 303, "", {"location": "/", "set-cookie": self.let_in()})
        else:
            await self._form(request, send, 403)

    async def _is_right(self, given: str) -> bool:
        async with self.turn:  # each costs 64 MB for a moment
            return await asyncio.to_thread(self.password.matches, given)

    async def _form(self, request: Request, send: Send, status: int) -> None:
        language = self.page.language(request)
        template = self.page.environments[language].get_template("login.html")
        text = template.render(language=language, status=status)
        await answer(send, status, text, {"content-type": "text/html; charset=utf-8"})


async def _body(request: Request) -> str | None:
    """Give the password of a form; None if it is too large."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]
