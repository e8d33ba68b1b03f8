"""The page: libraries, playlists and new songs in a browser, on this machine alone.

`serve` opens it. The server keeps what it is told in one SQLite file (`tables`), gives it to the
page as JSON (`routes`), and leaves all that takes long to processes of its own (`jobs`, `worker`),
which call `classify.api`. Nothing is fetched from another machine, and nothing is sent to one.
"""

from classify.errors import InputError


def serve(data: str = "", port: int = 8321, browser: bool = True) -> None:
    """Open the page in a browser, on this machine alone.

    Parameters
    ----------
    data : str
        The folder in which libraries, labels and playlists are kept; the user's data folder unless
        given.
    port : int
        Where the server listens on 127.0.0.1; the next free one where it is taken. 0: any.
    browser : bool
        Open the page in the browser.

    Raises
    ------
    InputError
        If the packages of the extra `app` are missing, or the folder is of a newer version.
    """
    try:
        from classify.app import server
    except ModuleNotFoundError as error:
        raise InputError(
            f"the page needs the package {error.name}; install what it needs with `make app`, or "
            f"pip install 'classify[app]'"
        ) from None
    server.serve(data, port, browser)
