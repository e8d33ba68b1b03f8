"""Addresses: what lies in a bucket or on a server, named as `s3://bucket/songs`.

fsspec reaches it, with credentials from the environment as its libraries have them (for S3,
`AWS_ACCESS_KEY_ID` and its relatives, or `~/.aws`). Whatever goes wrong there is one sentence.
`classify.storage` keeps copies on this machine, and `shown` gives such a copy's address again.
"""

import functools
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classify.errors import InputError
from classify.files import cache_folder

#: Schemes that are known, each with what has to be installed to reach it.
SCHEMES = {
    "s3": "'classify[s3]'", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs",
    "az": "adlfs", "sftp": "paramiko", "ssh": "paramiko", "file": "fsspec", "memory": "fsspec",
}  # fmt: skip

#: What is said of an address that is none of these.
ACCEPTED = "expected a local path, or an address that begins with s3://, gs://, abfs:// or sftp://"

#: `s3://bucket/songs`, also behind the name of a published corpus; a `Path` has one slash.
_ADDRESS = re.compile(r"(?P<corpus>[a-z][a-z0-9-]+:)?(?P<scheme>[a-z][a-z0-9+.-]+):(?P<rest>//?.*)")

#: In the user's cache: the folder of copies.
COPIES = "stored"


@dataclass(frozen=True)
class Address:
    """What an address names.

    Parameters
    ----------
    scheme : str
        How it is reached.
    path : str
        Bucket or host, and the path there, without a slash at the end.
    corpus : str
        Name of a published corpus that a copy lies there of, with a colon; mostly empty.
    """

    scheme: str
    path: str
    corpus: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"

    @property
    def name(self) -> str:
        """The last part."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The address that it lies in."""
        return str(self).rpartition("/")[0]

    @property
    def copy(self) -> Path:
        """Folder on this machine in which its copy lies, under its name."""
        key = hashlib.sha256(str(self).encode()).hexdigest()[:16]
        return cache_folder().absolute() / COPIES / key


def address_of(value: Any) -> Address | None:
    """Read an address; nothing where a value is none, as a local path.

    Raises
    ------
    InputError
        If it is of a scheme that nobody knows, or names a whole bucket or server.

    Examples
    --------
    >>> address_of("s3://bucket/songs/").path, address_of(Path("s3://bucket/songs")).path
    ('bucket/songs', 'bucket/songs')
    >>> address_of("songs"), address_of("emopia:/data/emopia")
    (None, None)
    >>> str(address_of("emopia:s3://bucket/emopia"))
    's3://bucket/emopia'
    """
    found = _ADDRESS.fullmatch(str(value)) if isinstance(value, str | Path) else None
    if found is None:
        return None
    scheme, rest = found["scheme"], found["rest"]
    if scheme not in SCHEMES:
        if rest.startswith("//") or (isinstance(value, Path) and not Path(f"{scheme}:").exists()):
            raise InputError(f"{value}: {ACCEPTED}")
        return None  # a published corpus and a local path
    if not rest.startswith("//") and Path(value).exists():
        return None
    path = rest.strip("/")
    least = 0 if scheme in ("file", "memory") else 1  # a bucket or a host, and something in it
    if not path or path.count("/") < least:
        raise InputError(f"{value}: names no file or folder; expected as {scheme}://bucket/songs")
    return Address(scheme, f"/{path}" if scheme == "file" else path, found["corpus"] or "")


def shown(path: Path | str) -> str:
    """Give an address as it was given, or that of what lies in a copy; any other path as it is.

    Parameters
    ----------
    path : Path or str
        A path, or a text with paths in it.
    """
    if isinstance(path, Path) and (address := address_of(path)):
        return str(address)
    text = path.as_posix() if isinstance(path, Path) else path
    if COPIES not in text:
        return text
    below = cache_folder().absolute() / COPIES

    def parent(found: re.Match[str]) -> str:
        return _parent(below / f"{found[1]}.address") or found[0]

    return re.sub(re.escape(below.as_posix()) + "/([0-9a-f]{16})(?=/)", parent, text)


@functools.cache
def _parent(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


# --- what goes wrong there


@contextmanager
def reaching(address: Address, doing: str) -> Iterator[None]:
    """Turn whatever a store's library raises into one sentence.

    Parameters
    ----------
    address : Address
        What the block reads or writes.
    doing : str
        Either "read" or "written".

    Raises
    ------
    InputError
        Saying what is wrong: nothing there, no right, no network, something to install.
    """
    try:
        yield
    except InputError:
        raise
    except ImportError:
        needed = SCHEMES[address.scheme]
        raise InputError(f"{address}: needs a library; pip install {needed}") from None
    except FileNotFoundError as error:
        raise InputError(f"{address}: nothing is there{_because(error)}") from None
    except PermissionError as error:
        raise InputError(
            f"{address}: may not be {doing} with these credentials{_because(error)}"
        ) from None
    except Exception as error:  # each library has errors of its own
        raise InputError(
            f"{address}: cannot be {doing} ({_line(error)}); the same command goes on when it can"
        ) from None


def _because(error: OSError) -> str:
    text = _line(error)
    return f" ({text})" if " " in text else ""


def _line(error: Exception) -> str:
    """Give the first line of an error, or what it is where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def filesystem(address: Address) -> tuple[Any, str]:
    """Open a store.

    Parameters
    ----------
    address : Address
        Something there.

    Returns
    -------
    fsspec.AbstractFileSystem
        As fsspec has it.
    str
        What the address is called there.
    """
    import fsspec

    with reaching(address, "read"):
        return fsspec.core.url_to_fs(str(address))
