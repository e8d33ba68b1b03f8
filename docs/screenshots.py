"""Take pictures of every page of `classify app`, as docs/guide/every-page.md shows them.

    python -m docs.screenshots [PAGE ...]

A first run on the built-in songs, a playlist, a new song, a listener and comparisons are made as a
person makes them, and how long each took is printed; then every page is photographed wide and
narrow, light and dark, or those that are named, as `models side-by-side`. Needs Chromium and its
driver, and a few minutes.
"""

import io
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from PIL import Image

from classify.app import server
from classify.app.safety import Address
from tests.conftest import chromium, write_corpus

FOLDER = Path(__file__).parent / "_static" / "pages"
TOKEN = "pictures"

#: Each page, and what has to be on it before its picture is taken.
PAGES = {
    "start": ("/", "main"),
    "library": ("/library/1", "#rows a"),
    "song": ("/songs/7", "canvas, svg"),
    "playlists": ("/playlists", "#new"),
    "playlist": ("/playlists/1", "#songs > li[data-song]"),
    "sheet": ("/playlists/1/sheet", "main"),
    "new-songs": ("/generate", ".new-song .play"),
    "map": ("/map", "#legend canvas"),
    "listeners": ("/listeners", "main"),
    "models": ("/comparisons", "main"),
    "comparison": ("/comparisons/1", "iframe"),
    "side-by-side": ("/comparisons/side-by-side?run=1&run=2", "iframe[src]"),
    "interface": ("/api", "main"),
}


class Asked:
    """What a browser asks the server for."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, path: str, body: Any = None) -> Any:
        """Ask for JSON; a body is posted."""
        data = None if body is None else json.dumps(body).encode()
        asked = Request(f"{self.address}/api/v1{path}", data)
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        asked.add_header("content-type", "application/json")
        with urlopen(asked) as answer:
            return json.load(answer)

    def done(self, what: str, path: str, body: Any) -> Any:
        """Start a job, wait until it is done, and print how long that took."""
        begun, made = time.monotonic(), self.ask(path, body)
        while (job := self.ask(f"/jobs/{made['job']}"))["state"] in ("waiting", "running"):
            time.sleep(0.1)
        if job["state"] != "done":
            raise SystemExit(f"{what}: {job['state']}: {job['message']}")
        print(f"{what}: {time.monotonic() - begun:.1f} s", flush=True)
        return job["result"]


def furnish(page: Asked, songs: Path) -> None:
    """Make what there is to see."""
    page.done("first run", "/first-run", {})
    first = page.ask("/libraries/1/songs?limit=1&sort=confidence&order=down")
    best = first["rows"][0]["best"]
    wish = {"library": 1, "mood": best, "minutes": 12, "min_confidence": 0.4}
    page.done("a playlist of 12 minutes", "/playlists", wish)
    composer = page.ask("/composers")["trained"][0]["id"]
    wishes = {"mood": best, "bars": 16}
    page.done(
        "a new song of 16 bars", "/generated", {"model": composer, "seed": 5, "wishes": wishes}
    )
    page.ask("/listeners", {"name": "Anna"})
    made = page.ask("/libraries", {"path": str(songs)})["library"]
    page.done("a library of 24 songs, read and judged", f"/libraries/{made}/read", {})
    asked = {"generator": "music-vae", "library": made}
    space = page.done("a composer that has a space", "/composers", asked)["model"]
    page.done("a map of the built-in songs", "/maps", {"model": space, "library": 1})
    asked = {"library": made, "depth": "quick"}
    page.done("a quick comparison on it", "/comparisons", asked)
    page.done("another", "/comparisons", asked | {"name": "Small songs, again"})
    sides = {"comparisons": [1, 2]}
    page.done("both side by side", "/comparisons/side-by-side", sides)


def photograph(driver: Any, address: str, chosen: list[str]) -> None:
    """Take the pictures of some pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for width, height in ((1280, 900), (390, 844)):
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        for theme in ("light", "dark"):
            features = [{"name": "prefers-color-scheme", "value": theme}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            for name in chosen:
                path, there = PAGES[name]
                driver.get(f"{address}{path}")
                end = time.monotonic() + 6
                while not driver.find_elements("css selector", there) and time.monotonic() < end:
                    time.sleep(0.1)
                time.sleep(0.8)  # what is fetched after the page is drawn
                picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
                picture.quantize(64).save(FOLDER / f"{name}-{width}-{theme}.png", optimize=True)


def main() -> None:
    """Furnish a page, and photograph it."""
    with tempfile.TemporaryDirectory() as folder:
        page = server.open_page(Path(folder, "page"), [Path("/")])
        taken = server.listening(0)
        port = taken.getsockname()[1]
        running = server.Server(page, TOKEN, Address(port))
        threading.Thread(target=running.run, args=([taken],), daemon=True).start()
        address = f"http://127.0.0.1:{port}"
        time.sleep(2)
        try:
            furnish(Asked(address), write_corpus(Path(folder, "Small songs"), per_class=12))
            with chromium(Path(folder, "chromium"), "--lang=en") as driver:
                driver.get(f"{address}/?token={TOKEN}")
                photograph(driver, address, sys.argv[1:] or list(PAGES))
        finally:
            page.jobs.close()
            page.database.close()


if __name__ == "__main__":
    main()
