"""Zip archives of songs, read in place.

Nothing is ever unpacked to disk, so a name that climbs out of the archive can do no harm; it is
refused all the same, since no honest archive has one. An archive that claims to unpack to far more
than its own size is a bomb: MIDI files shrink to a third or a tenth, rarely to a thirtieth.
"""

import re
import zipfile
from pathlib import Path, PurePosixPath

from classify.files import too_large
from classify.songs.song import UnusableSong

ENDING = ".zip"

DRIVE = re.compile(r"[A-Za-z]:")

#: Bytes that an archive may unpack to, as a multiple of its own, and in any case.
MOST_TIMES = 100
ALWAYS_FINE = 2**27

#: Files in the largest archive that is listed.
MOST_FILES = 200_000


def members(path: Path) -> tuple[list[str], dict[str, str]]:
    """List the files of an archive.

    Parameters
    ----------
    path : Path
        A .zip file.

    Returns
    -------
    list of str
        Names of its files, sorted.
    dict of str to str
        Files that cannot be read, and why.

    Raises
    ------
    UnusableSong
        If it is no archive, is empty, or is a bomb.
    """
    if path.exists() and not path.is_file():  # it would be waited for
        raise UnusableSong("is not a file that can be read from start to end")
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except OSError as error:
        raise UnusableSong(f"cannot be opened: {error.strerror}") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise UnusableSong("is not a zip archive, or a damaged one") from None
    if not infos:
        raise UnusableSong("is an archive with no files in it")
    _check_size(path.stat().st_size, infos)
    names: set[str] = set()
    problems: dict[str, str] = {}
    for info in infos:
        place = PurePosixPath(info.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or DRIVE.match(info.filename):
            problems[info.filename] = "has a name that climbs out of its archive"
        elif info.flag_bits & 1:
            problems[info.filename] = "is encrypted"
        elif info.filename in names:
            problems[f"{info.filename} (again)"] = "is twice in its archive; the last one is read"
        else:
            names.add(info.filename)
    return sorted(names), problems


def _check_size(size: int, infos: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(info.file_size for info in infos)
    if unpacked > max(MOST_TIMES * size, ALWAYS_FINE):
        raise UnusableSong(
            f"is an archive of {size / 1e6:,.1f} MB that unpacks to {unpacked / 1e9:,.1f} GB; "
            f"at most {MOST_TIMES} times its size are accepted"
        )
    if len(infos) > MOST_FILES:
        raise UnusableSong(
            f"is an archive of {len(infos):,} files; at most {MOST_FILES:,} are read"
        )


def read(archive: zipfile.ZipFile, name: str, most_bytes: int) -> bytes:
    """Read one file of an open archive.

    Raises
    ------
    UnusableSong
        If it is damaged, or larger than `most_bytes`.
    """
    try:
        info = archive.getinfo(name)
        if info.file_size > most_bytes:
            raise UnusableSong(too_large(info.file_size, most_bytes))
        with archive.open(info) as file:
            return file.read(most_bytes)
    except KeyError:
        raise UnusableSong("is not in its archive") from None
    except (UnusableSong, MemoryError):
        raise
    except Exception:  # zipfile lets through what its decompressors raise
        raise UnusableSong("is damaged in its archive") from None
