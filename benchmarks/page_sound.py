"""How long a click on *Play* takes to be heard, by either player of the page, and what that needs.

    python benchmarks/page_sound.py [SECONDS]

Three songs are opened in Chromium, in a window of its own for each player: 400 notes of 10 s; ten
thousand notes for eight instruments and drums, 36 a second; an hour of 40,000 notes. Each is played
four times by the small synthesiser, and by the recorded instruments where `make app` has fetched
them: on a page that has just been opened; on a page that was opened again, whose soundfont the
browser has kept; on another after the pointer had been on the button for a second; and once more
there. Then it plays for SECONDS (10): for how long nothing was ready when the loudspeakers asked
for it, and what memory the page's process has.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mido
import numpy as np
from sqlalchemy import select

from classify.app import judging, server
from classify.app.page import Page
from classify.app.room import Room
from classify.app.safety import Address
from classify.app.tables import Library, Song
from classify.files import cache_folder
from classify.presentation import instruments
from classify.progress import SILENT

TOKEN = "token"
DRUMS = 9
#: By name: notes, seconds of each, programs beside the drums.
SONGS: dict[str, tuple[int, float, tuple[int, ...]]] = {
    "400 notes": (400, 0.1, (0, 33, 48)),
    "10,000 notes": (10_000, 0.25, (0, 24, 33, 40, 48, 56, 60, 73)),
    "an hour": (40_000, 0.36, (0, 33, 48)),
}

#: From the click on *Play* until something is heard, in milliseconds.
WATCH = """
window.measured = null;
document.querySelector(".play").addEventListener("click", event => {
  const begun = event.timeStamp;
  (function look() {
    if (window.listen.player.level() > 0.001) window.measured = performance.now() - begun;
    else if (performance.now() - begun > 20000) window.measured = -1;
    else setTimeout(look, 2);
  })();
}, { once: true });
"""

#: For how many milliseconds nothing was ready (Chromium counts it), and the loudest level.
GAPS = """
const [seconds, done] = arguments, heard = window.listen.player._sound.playbackStats;
const before = heard.underrunDuration;
let loudest = 0;
const looking = setInterval(() => {
  loudest = Math.max(loudest, window.listen.player.level());
}, 50);
setTimeout(() => {
  clearInterval(looking);
  done([1000 * (heard.underrunDuration - before), loudest]);
}, 1000 * seconds);
"""


def write(path: Path, n_notes: int, seconds: float, programs: tuple[int, ...]) -> None:
    """Write a song, one note after another on each channel."""
    made, random = mido.MidiFile(ticks_per_beat=480), np.random.default_rng(0)
    channels = [*range(len(programs)), DRUMS]
    for channel in channels:
        track = mido.MidiTrack()
        made.tracks.append(track)
        if channel != DRUMS:
            track.append(mido.Message("program_change", channel=channel, program=programs[channel]))
        for _ in range(n_notes // len(channels)):
            pitch = int(
                random.choice([36, 38, 42, 46]) if channel == DRUMS else random.integers(45, 75)
            )
            for velocity, ticks in ((80, 0), (0, round(960 * seconds))):
                track.append(mido.Message("note_on", channel=channel, note=pitch,
                                          velocity=velocity, time=ticks))  # fmt: skip
    made.save(path)


@contextmanager
def served(
    folder: Path, more: Callable[[Path], None] = lambda folder: None
) -> Iterator[tuple[str, dict[str, int]]]:
    """Serve a page with the songs; give its address, and the songs' numbers by their names.

    `more` may write other songs into their folder.
    """
    (folder / "songs").mkdir()
    more(folder / "songs")
    for name, (n_notes, seconds, programs) in SONGS.items():
        write(folder / "songs" / f"{name}.mid", n_notes, seconds, programs)
    page = server.open_page(folder / "page", [folder], working=False)
    with page.database.writing() as session:
        library = Library(name="Songs", kind="folder", path=str(folder / "songs"))
        session.add(library)
        session.flush()
        number = library.id
    judging.read_library(Room(page.place, page.database, SILENT), number)
    taken = server.listening(0)
    address = Address(taken.getsockname()[1])
    running = server.Server(page, TOKEN, address)
    threading.Thread(target=running.run, args=([taken],), daemon=True).start()
    while not running.started:
        time.sleep(0.05)
    try:
        yield str(address), _numbers(page)
    finally:
        running.should_exit = page.closing = True
        page.jobs.close()
        page.database.close()


def _numbers(page: Page) -> dict[str, int]:
    with page.database.reading() as session:
        return {song.name.removesuffix(".mid"): song.id for song in session.scalars(select(Song))}


@contextmanager
def browser(folder: Path) -> Iterator[Any]:
    """Open Chromium without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"):
        options.add_argument(argument)
    opened = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    opened.set_script_timeout(120)
    try:
        yield opened
    finally:
        opened.quit()


def drawn(opened: Any) -> None:
    """Wait until a song can be played, and the page has come to rest."""
    for _ in range(200):
        if opened.find_elements("css selector", ".play:not(:disabled)"):
            break
        time.sleep(0.1)
    time.sleep(1)


def point_at(opened: Any, seconds: float) -> None:
    """Leave the pointer on *Play* for some seconds, if any."""
    from selenium.webdriver.common.action_chains import ActionChains

    if seconds:
        button = opened.find_element("css selector", ".play")
        ActionChains(opened).move_to_element(button).perform()
        time.sleep(seconds)


def click(opened: Any) -> float:
    """Press *Play*; give the milliseconds until something is heard."""
    opened.execute_script(WATCH)
    opened.find_element("css selector", ".play").click()
    while (measured := opened.execute_script("return window.measured")) is None:
        time.sleep(0.05)
    return float(measured)


def page_memory(folder: Path) -> float:
    """Give the megabytes of the largest process that shows a page in a browser of this folder."""
    largest = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"--type=renderer" not in command or str(folder).encode() not in command:
                continue
            rollup = (process / "smaps_rollup").read_text()
        except OSError:
            continue
        largest = max(largest, int(rollup.split("Pss:")[1].split()[0]))
    return largest / 1024


def measure(seconds: float, folder: Path, player: str) -> None:
    """Play each song by one of the two players, and print a row."""
    with browser(folder / "profile") as opened, served(folder) as (address, numbers):
        opened.get(f"{address}/?token={TOKEN}")
        for name, number in numbers.items():
            took = []
            for waiting in (0, 0, 1):
                opened.get(f"{address}/songs/{number}")
                drawn(opened)
                before = page_memory(folder / "profile")
                point_at(opened, waiting)
                took.append(click(opened))
                opened.find_element("css selector", ".play").click()
                time.sleep(4)  # until the last notes have faded
            took.append(click(opened))
            gaps, loudest = opened.execute_async_script(GAPS, seconds)
            after = page_memory(folder / "profile")
            figures = [*took, gaps, 1000 * loudest, before, after]
            row = " | ".join(f"{one:.0f}" for one in figures)
            print(f"| {player} | {name} | {row} |", flush=True)


def main() -> None:
    """Measure both players."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    columns = ["player", "song", "opened, ms", "again", "pointed at", "same page", "gaps, ms",
               "level, thousandths", "MB before", "MB"]  # fmt: skip
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    caches = {"small": Path(tempfile.gettempdir(), "nothing"), "recorded": cache_folder()}
    for player, cache in caches.items():
        os.environ["CLASSIFY_CACHE"] = str(cache)
        if player == "recorded" and not instruments.are_here():
            print("no recorded instruments here: make app")
            return
        with tempfile.TemporaryDirectory() as folder:
            measure(seconds, Path(folder), player)


if __name__ == "__main__":
    main()
