"""Recorded instruments: served as they are named, and nothing else is; the page says who plays."""

import pytest

from classify.presentation import instruments, soundfonts


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CLASSIFY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def kept(own_cache):
    """Give the page files in the place of the instruments."""
    instruments.folder().mkdir(parents=True)
    soundfonts.folder().mkdir(parents=True)
    for name in instruments.FILES:
        instruments.file(name).write_bytes(name.encode())
    (instruments.folder() / "LICENSE-stb-vorbis").write_text("a licence")
    return instruments.folder()


def test_without_them_the_page_plays_by_the_small_synthesiser_and_says_so(client, own_cache):
    page = client.get("/generate")
    assert "data-instruments" not in page.text
    assert "played by a small synthesiser" in page.text
    assert "wasm" not in page.headers["content-security-policy"]
    for name in instruments.FILES:
        assert client.get(f"{instruments.address()}/{name}").status_code == 404


def test_the_page_plays_them_where_they_are_and_browsers_keep_them(client, kept):
    page = client.get("/generate")
    assert f'data-instruments="{instruments.address()}"' in page.text
    assert "played by recorded instruments" in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy and "'unsafe-" not in policy
    assert "wasm" not in client.get("/library").headers["content-security-policy"]
    for name in instruments.FILES:
        answer = client.get(f"{instruments.address()}/{name}")
        assert answer.content == name.encode()
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        script = answer.headers["content-type"].startswith("text/javascript")
        assert script == name.endswith(".js")


@pytest.mark.parametrize(
    "path",
    ["LICENSE-stb-vorbis", "package.json", "../folk-v4", "..%2f..%2fpage.sqlite", "%2e%2e/x", "",
     "spessasynth_lib.js/x", "FluidR3Mono_GM.sf3%00"],
)  # fmt: skip
def test_no_other_file_is_served(client, kept, path):
    assert client.get(f"{instruments.address()}/{path}").status_code == 404


def test_another_version_is_not_served_under_this_address(client, kept):
    assert client.get("/instruments/0123456789ab/spessasynth_lib.js").status_code == 404
