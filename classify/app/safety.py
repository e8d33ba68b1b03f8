"""Who may talk to the page: nobody but the browser that was given its token, on this machine.

The server listens on 127.0.0.1, which keeps other machines out, unless it is told to let them in by
a password (`login`). It does not keep out other users of this machine, nor pages of strangers that
the same browser shows. Therefore every request

- must name this server as its host: a stranger's name that was made to lead here (DNS rebinding)
  is refused;
- must carry the token, a random text that the program gives to the browser once, as a cookie that
  scripts cannot read and that is not sent from other sites' pages;
- must, if it changes anything, come from a page of this server, as its `Origin` says.

What is sent back may not be shown in a stranger's frame, and runs no script and loads no file but
those of this server (Content-Security-Policy). Requests that are too large or too many are refused.
"""

import hmac
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.exceptions import HTTPException

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Nothing but what this server gives. Reports are shown in a frame with a policy of their own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; media-src 'self' blob:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

#: For a report: it brings its styles, scripts and pictures with it, and reaches nothing else.
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-cache",
}

#: Bytes that a request may have: of files that are uploaded together, and of any other.
MOST_UPLOADED, MOST_BYTES = 512 * 2**20, 2**20

#: Requests a second on average, and at once.
RATE, BURST = 100.0, 400.0

#: The host that only this machine reaches.
HERE_ALONE = "127.0.0.1"

SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Address:
    """Where browsers find the page.

    Parameters
    ----------
    port : int
        Where the server listens.
    host : str
        By which address or name; 127.0.0.1 is for this machine alone.
    scheme : str
        `http`, or `https` with a certificate.
    """

    port: int
    host: str = HERE_ALONE
    scheme: str = "http"

    @property
    def hosts(self) -> set[str]:
        """What a request may name as its host."""
        names = {self.host, "localhost"} if self.host == HERE_ALONE else {self.host}
        usual = self.port == (443 if self.scheme == "https" else 80)  # which browsers leave out
        return {f"{name}:{self.port}" for name in names} | (names if usual else set())

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


class Allowance:
    """So many of something a second on average, and a few more at once.

    Parameters
    ----------
    rate, burst : float
        A second, and at once.

    Examples
    --------
    >>> allowance = Allowance(rate=0.001, burst=2)
    >>> [allowance.within() for _ in range(3)]
    [True, True, False]
    """

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._left, self._at = burst, time.monotonic()

    def within(self) -> bool:
        """Count one more; say whether there are not too many."""
        moment = time.monotonic()
        left = min(self.burst, self._left + self.rate * (moment - self._at)) - 1
        self._left, self._at = max(left, 0.0), moment
        return left >= 0


class Safety:
    """Refuses what the module's text names; gives everything else to the application.

    Parameters
    ----------
    app : ASGI application
        What is protected.
    token : str
        The secret.
    address : Address
        Where browsers find it.
    login : ASGI application, optional
        Answers those who were not let in, and may let them in.
    """

    def __init__(
        self, app: ASGIApp, token: str, address: Address, login: ASGIApp | None = None
    ) -> None:
        self.app, self.login = app, login
        self.token, self.address = token, address
        self.cookie = f"classify-{address.port}"
        self.requests = Allowance(RATE, BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1", "replace")
                   for name, value in scope["headers"]}  # fmt: skip
        status, reason = self._refusal(scope, headers)
        if status == 303:
            where = "/" + quote(scope["path"].lstrip("/"))
            await answer(send, 303, "", {"location": where, "set-cookie": self.let_in()})
        elif status == 401 and self.login:
            await self.login(scope, receive, _with_headers(send))
        elif status:
            await answer(send, status, reason)
        else:
            most = MOST_UPLOADED if scope["path"].endswith("/files") else MOST_BYTES
            await self.app(scope, _Measured(receive, most), _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str]:
        """Say with which status a request is refused, and why; 0 if it is not, 303 to let in."""
        host = headers.get("host", "")
        if host not in self.address.hosts:
            return 421, "This server is not of that name; open the address that the program shows."
        if not self.requests.within():
            return 429, "Too many requests at once; wait a second."
        if headers.get("sec-fetch-site") == "cross-site" and not _is_navigation(scope, headers):
            return 403, "Requests of other sites' pages are refused."
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._matches(parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]):
            return (303, "") if scope["method"] == "GET" else (403, "Send the token as a header.")
        by_header = self._matches(bearer)
        if not by_header and not self._matches(self._from_cookie(headers.get("cookie", ""))):
            if self.login:
                return 401, ""
            return 403, "Open this page by the address that the program shows in its window."
        own = by_header or headers.get("origin") == f"{self.address.scheme}://{host}"
        if scope["method"] not in SAFE and not own:
            return 403, "Changes are made from this server's own pages only."
        length = headers.get("content-length", "0")
        most = MOST_UPLOADED if scope["path"].endswith("/files") else MOST_BYTES
        if not length.isdigit() or int(length) > most:
            return 413, f"That is too large: at most {most / 2**20:.0f} MB are accepted at once."
        return 0, ""

    def _matches(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self.token.encode())

    def _from_cookie(self, header: str) -> str:
        try:
            cookie = SimpleCookie(header)
        except CookieError:
            return ""
        return cookie[self.cookie].value if self.cookie in cookie else ""

    def let_in(self) -> str:
        """Make the cookie that lets a browser in: scripts and other sites' pages cannot use it."""
        secure = "; Secure" * (self.address.scheme == "https")
        return f"{self.cookie}={self.token}; HttpOnly; SameSite=Strict; Path=/{secure}"


def _is_navigation(scope: Scope, headers: dict[str, str]) -> bool:
    """Say whether somebody followed a link here: that may come from anywhere."""
    return scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"


class _Measured:
    """Counts the bytes of a request as they come: what it says of its length may be wrong."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left = receive, most

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, "That is too large to be sent at once.")
        return message


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = {name.decode("latin-1").lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *((k.encode(), v.encode()) for k, v in HEADERS.items() if k not in given),
            ]
        await send(message)

    return sending


async def answer(send: Send, status: int, text: str, headers: dict[str, str] | None = None) -> None:
    """Answer in a plain sentence, without the application."""
    every = {"content-type": "text/plain; charset=utf-8", **HEADERS, **(headers or {})}
    await send({
        "type": "http.response.start", "status": status,
        "headers": [(name.encode(), value.encode()) for name, value in every.items()],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": text.encode()})
