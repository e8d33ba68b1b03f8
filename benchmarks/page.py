"""How fast the page answers with 10,000 songs, at rest and while a job runs.

    python benchmarks/page.py [SONGS]

A library of made-up songs is written into a database; a server of its own then answers what the
page asks: the first rows, a search, filters, a sorted part far down, a song. Each is asked 20 times
a second, first while nothing else happens, then while a folder of songs is read and judged. Where
Chromium and its driver are installed, the library is opened in it as well: how long the first rows
and a filter take there, and how much memory the page needs.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np
from sqlalchemy import update

from classify import api
from classify.app.database import Database
from classify.app.place import Place
from classify.app.room import Room, add_model
from classify.app.settings import decide
from classify.app.tables import Library, Model, Prediction, Song
from classify.progress import SILENT
from classify.songs import midi

MOODS = ("Calming", "Happy", "Mysterious", "Nostalgia", "Sports")
SECONDS = 10.0
RATE = 20.0

#: What is asked, and with which filters.
QUESTIONS: dict[str, dict[str, Any]] = {
    "first rows": {"limit": 200},
    "search": {"q": "song 77", "limit": 200},
    "mood and tempo": {"mood": "Happy", "tempo_low": 90, "tempo_high": 120, "limit": 200},
    "one of two filters": {"mood": "Happy", "sure": "no", "match": "any", "limit": 200},
    "duplicates": {"duplicates": True, "limit": 200},
    "far down, by a probability": {"sort": "p:Sports", "order": "down", "offset": 8000},
}

#: Songs that are read meanwhile: so many that the job is not done before the last question.
SONGS_READ = 30_000


def _digest(number: int) -> str:
    """Name a content as songs are named: as long, and in no order."""
    return hashlib.sha256(f"{number}".encode()).hexdigest()


def fill(database: Database, n_songs: int) -> None:
    """Write a library of made-up songs, judged by a made-up model."""
    draw = random.Random(0)
    with database.writing() as session:
        model = Model(kind="classifier", sha256="0", name="Made up", title="Made up", corpus="-",
                      folder="-", classes=list(MOODS), knobs=[], card="")  # fmt: skip
        library = Library(name="Many", kind="folder", path="/many")
        session.add_all([model, library])
        session.flush()
        decide(session, "classifier", str(model.id))
        for number in range(n_songs):
            p = np.random.default_rng(number).dirichlet(np.full(5, 0.5))
            best = int(p.argmax())
            session.add(Song(
                library_id=library.id, name=f"{number:05d}.mid", source="", file="",
                digest=_digest(number % (n_songs - 50)), title=f"Song {draw.randrange(10**6)}",
                artist=f"Artist {number % 700}", seconds=draw.uniform(30, 400), notes=500,
                origin="", repaired="",
            ))  # fmt: skip
            if number < n_songs - 50:
                session.add(Prediction(
                    digest=_digest(number), model_id=model.id, best=MOODS[best],
                    prediction=MOODS[best] if p[best] > 0.5 else "", confidence=float(p[best]),
                    moods=MOODS[best], in_distribution=True, learned_from=False,
                    tempo=draw.uniform(50, 180), key="C major", loudness=64.0,
                    p=dict(zip(MOODS, map(float, p), strict=True)),
                    windows=[[9.6 * one, *map(float, p)] for one in range(8)],
                    statistics=list(map(float, p)) * 6,
                ))  # fmt: skip


def ask(address: str, token: str, path: str, body: Any = None) -> tuple[float, Any]:
    """Ask the server; give the seconds that took, and the answer."""
    request = Request(
        f"{address}/api/v1{path}", None if body is None else json.dumps(body).encode()
    )
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("content-type", "application/json")
    begun = time.perf_counter()
    with urlopen(request) as answer:
        content = json.load(answer)
    return time.perf_counter() - begun, content


def measure(address: str, process: int) -> dict[str, tuple[float, float]]:
    """Ask all questions in turn, 20 a second.

    Gives the 95th percentile of each in milliseconds, and the median of the processor's
    milliseconds that the server spent on one.
    """
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in QUESTIONS}
    end, number = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        name = list(QUESTIONS)[number % len(QUESTIONS)]
        begun, before = time.monotonic(), processor(process)
        seconds, _ = ask(address, "token", f"/libraries/1/songs?{urlencode(QUESTIONS[name])}")
        took[name].append((seconds, processor(process) - before))
        time.sleep(max(0.0, 1 / RATE - (time.monotonic() - begun)))
        number += 1
    took["all together"] = [pair for pairs in took.values() for pair in pairs]
    measured = {name: 1000 * np.array(pairs) for name, pairs in took.items()}
    return {
        name: (float(np.percentile(pairs[:, 0], 95)), float(np.median(pairs[:, 1])))
        for name, pairs in measured.items()
    }


def processor(process: int) -> float:
    """Give the seconds that the threads of a process have had of a processor."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def wait_for(address: str) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            ask(address, "token", "/libraries")
            return
        except URLError:
            time.sleep(0.1)
    raise SystemExit("the server did not answer within a minute")


#: The milliseconds between two marks of the page, and what its scripts and rows hold.
WAIT = """
const done = arguments[arguments.length - 1], begun = performance.now(), [filter] = arguments;
const total = document.querySelector("#total"), before = filter ? total.textContent : "";
if (filter) {
  const field = document.querySelector("#filters [name=q]");
  field.value = filter;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
(function look() {
  if (total.textContent !== before && document.querySelector("#rows tr a")) {
    done(filter ? performance.now() - begun : performance.now());
  } else requestAnimationFrame(look);
})();
"""


def in_a_browser(address: str, folder: Path) -> None:
    """Open the library in Chromium, and print what a person waits for."""
    from selenium import webdriver

    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        print("no chromium and chromedriver on this machine: nothing is measured in a browser")
        return
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--enable-precise-memory-info",
                     f"--user-data-dir={folder}"):  # fmt: skip
        options.add_argument(argument)
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        browser.get(f"{address}/?token=token")
        firsts, filters = [], []
        for number in range(5):
            browser.get(f"{address}/library/1")
            firsts.append(browser.execute_async_script(WAIT, ""))
            filters.append(browser.execute_async_script(WAIT, f"song {70 + number}"))
        for place in np.linspace(0, 400_000, 40).tolist():
            browser.execute_script("document.querySelector('#table').scrollTop = arguments[0]",
                                   place)  # fmt: skip
            time.sleep(0.05)
        held = browser.execute_script("return performance.memory.usedJSHeapSize") / 2**20
        nodes = browser.execute_script("return document.querySelectorAll('*').length")
        print(f"in Chromium, medians of 5: first rows {np.median(firsts):.0f} ms after the click, "
              f"a filter {np.median(filters):.0f} ms; scripts hold {held:.0f} MB and {nodes:,} "
              "elements after scrolling through all songs")  # fmt: skip
    finally:
        browser.quit()


def memory(process: int) -> float:
    """Give the megabytes that a process holds."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


SERVE = """
import sys
from pathlib import Path
from classify.app import server
from classify.app.safety import Address
if __name__ == "__main__":
    page = server.open_page(sys.argv[1], [Path("/")])
    taken = server.listening(0)
    port = taken.getsockname()[1]
    print(port, flush=True)
    server.Server(page, "token", Address(port)).run([taken])
"""


def main() -> None:
    """Measure, and print a table."""
    n_songs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLASSIFY_CACHE"] = str(Path(folder, "cache"))
        place = Place.of(Path(folder, "page"))
        database = Database(place.database)
        fill(database, n_songs)
        database.analyze()  # as after each reading of a library
        many = Path(folder, "songs")
        many.mkdir()
        for number in range(SONGS_READ):
            pitches = np.clip(
                60 + np.cumsum(np.random.default_rng(number).integers(-3, 4, 60)), 0, 127
            )
            midi.write(many / f"{number}.mid", np.arange(60) * 0.5, np.full(60, 0.4), pitches)
        script = Path(folder, "serve.py")
        script.write_text(SERVE)
        process = subprocess.Popen(
            [sys.executable, str(script), str(place.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        address = f"http://127.0.0.1:{int(process.stdout.readline())}"
        try:
            wait_for(address)
            report(address, process.pid, place, database, many, n_songs)
        finally:
            process.terminate()
            process.wait()


def report(
    address: str, process: int, place: Place, database: Database, many: Path, n_songs: int
) -> None:
    """Ask at rest and while a job runs, and print both."""
    first, answer = ask(address, "token", "/libraries/1/songs?limit=200")
    rest = measure(address, process)
    held = memory(process)
    in_a_browser(address, place.folder / "chromium")
    api.train("folk", place.models / "real", "features-logistic", quick=True)
    real = add_model(Room(place, database, SILENT), place.models / "real", use=True)
    with database.writing() as session:  # what was made up counts as said by the model in use
        session.execute(update(Prediction).values(model_id=real))
    made = ask(address, "token", "/libraries", {"path": str(many)})[1]
    busy = measure(address, process)
    job = ask(address, "token", f"/jobs/{made['job']}")[1]
    state = f"{job['state']} {job['message']}".strip()
    print(f"{answer['total']:,} songs; very first answer {1000 * first:.0f} ms; "
          f"server {held:.0f} MB; the job was then {state}\n")  # fmt: skip
    print(f"{'':<30}{'95 of 100 within, ms':>30}{'of the processor, ms':>24}")
    print(f"{'':<30}{'at rest':>10}{'with a job':>12}{'ratio':>8}{'at rest':>12}{'with a job':>12}")
    for name, (value, worked) in rest.items():
        loaded, worked_loaded = busy[name]
        print(f"{name:<30}{value:>10.1f}{loaded:>12.1f}{loaded / value:>8.1f}"
              f"{worked:>12.1f}{worked_loaded:>12.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
