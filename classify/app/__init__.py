"""The page: libraries, playlists and new songs in a browser, on this machine alone.

`serve` opens it. The server keeps what it is told in one SQLite file (`tables`), gives it to the
page as JSON (`routes`), and leaves all that takes long to processes of its own (`jobs`, `worker`),
which call `classify.api`. Nothing is fetched from another machine, and nothing is sent to one.
"""

from classify.errors import InputError


def serve(
    data: str = "",
    port: int = 8321,
    browser: bool = True,
    host: str = "127.0.0.1",
    certificate: str = "",
    new_password: bool = False,
) -> None:
    """Open the page in a browser, on this machine alone unless a host is named.

    Parameters
    ----------
    data : str
        The folder in which libraries, labels and playlists are kept; the user's data folder unless
        given.
    port : int
        Where the server listens; the next free one where it is taken. 0: any.
    browser : bool
        Open the page in the browser.
    host : str
        Opens the page to other machines, which reach this one by this address or name, and need a
        password. It is asked for on the first start.
    certificate : str
        PEM file of a certificate and its key, so that nobody on the network can listen (https).
    new_password : bool
        Ask for another password.

    Raises
    ------
    InputError
        If the packages of the extra `app` are missing, the folder is of a newer version, or the
        page cannot be opened to others as is asked for.
    """
    try:
        from classify.app import server
    except ModuleNotFoundError as error:
        raise InputError(
            f"the page needs the package {error.name}; install what it needs with `make app`, or "
            f"pip install 'classify[app]'"
        ) from None
    server.serve(data, port, browser, host, certificate, new_password)
