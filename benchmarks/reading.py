"""How fast are folders of MIDI files read, beside the libraries that others use?

    python benchmarks/reading.py FOLDER [FOLDER ...]

Every reader reads the same files, in turn, several rounds over; the table shows the best round,
since other programs on the machine can only slow one down.
`cold` is our reading with nothing known: hashing, checking, and storing as Parquet included. `warm`
is the same call again. `warm, with notes` also fetches the notes of every song from the store. Ours
runs in one reading process, started before the clock is. `two processes` is measured on so many
transposed copies that starting up does not count. pretty_midi (and music21, which is far slower)
read a sample; pretty_midi is left out where it is not installed (pip install pretty_midi).
"""

import argparse
import gc
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import symusic
from scale import copies

from classify.corpora.store import Store
from classify.songs.formats import File

#: Files that the slow readers read.
SAMPLE = {"pretty_midi": 60, "music21": 6}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--copies", type=int, default=20_000, help="files for two processes")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the slow readers have much to say
    for folder in options.folders:
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
        compare(folder.parent.name if folder.name == "midi" else folder.name, paths, options.rounds)
        two_processes(paths, options.copies)


def compare(name: str, paths: list[Path], rounds: int) -> None:
    """Time all readers on the same files, interleaved, and print a table."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        Store(Path(place) / "start").read([File(str(paths[0]))], n_workers=1)
        for number in range(rounds):
            gc.collect()
            gc.freeze()  # what music21 keeps in memory is not to be looked through by the others
            for reader, (run, n_files) in readers(paths, Path(place) / str(number)).items():
                if reader in SAMPLE and number > 2:
                    continue
                begun = time.perf_counter()
                run()
                seconds.setdefault(reader, []).append((time.perf_counter() - begun) / n_files)
    rate = {reader: 1 / min(times) for reader, times in seconds.items()}
    print(f"\n{name}: {len(paths):,} files")
    for reader, files in rate.items():
        shown = f"{files:>10,.0f}" if files >= 10 else f"{files:>10.1f}"
        print(f"  {reader:<24}{shown} files/s   {files / rate['symusic']:>8.3f} x symusic")
    print(f"  cold / symusic: {rate['cold'] / rate['symusic']:.2f} (wanted: 0.33, better 0.5)")
    if "pretty_midi" in rate:
        print(f"  cold / pretty_midi: {rate['cold'] / rate['pretty_midi']:.0f} (wanted: 30)")
    print(f"  warm / cold: {rate['warm'] / rate['cold']:.1f} (wanted: 10)")


def readers(paths: list[Path], place: Path) -> dict[str, tuple[Callable[[], object], int]]:
    """Every reader, and how many files it reads."""
    files = [File(str(path)) for path in paths]

    def fetched() -> int:
        store = Store(place)
        return sum(len(store.notes(song)) for songs in store.read(files) for song in songs)

    found: dict[str, tuple[Callable[[], object], int]] = {
        "symusic": (lambda: [symusic.Score(p, ttype="second") for p in paths], len(paths)),
        "symusic, in ticks": (lambda: [symusic.Score(p) for p in paths], len(paths)),
        "cold": (lambda: Store(place).read(files, n_workers=1), len(paths)),
        "warm": (lambda: Store(place).read(files, n_workers=1), len(paths)),
        "warm, with notes": (fetched, len(paths)),
    }
    for name, load in (("pretty_midi", _pretty_midi), ("music21", _music21)):
        sample = paths[:: max(1, len(paths) // SAMPLE[name])][: SAMPLE[name]]
        read = load()
        if read:
            found[name] = partial(_each, read, sample), len(sample)
    return found


def _each(read: Callable[[Path], object], paths: list[Path]) -> list[object]:
    return [read(path) for path in paths]


def _pretty_midi() -> Callable[[Path], object] | None:
    try:
        from pretty_midi import PrettyMIDI
    except ImportError:
        return None
    return lambda path: PrettyMIDI(str(path)).instruments


def _music21() -> Callable[[Path], object]:
    from music21 import converter

    return lambda path: converter.parse(path, forceSource=True).flatten().notes


def two_processes(paths: list[Path], n_copies: int) -> None:
    """Print how much faster two processes read than one."""
    with tempfile.TemporaryDirectory() as place:
        files = [File(str(path)) for path in copies(paths, n_copies, Path(place) / "songs")]
        for n_workers in (2, 1):  # both processes are there before the clock is started
            Store(Path(place) / f"start{n_workers}").read(files[:2000], n_workers=n_workers)
        seconds: dict[int, list[float]] = {1: [], 2: []}
        for number in range(4):
            for n_workers, times in seconds.items():
                begun = time.perf_counter()
                Store(Path(place) / f"{number}-{n_workers}").read(files, n_workers=n_workers)
                times.append(time.perf_counter() - begun)
        one, two = (min(times) for times in seconds.values())
    print(
        f"  {n_copies:,} copies: one process {n_copies / one:,.0f} files/s, two "
        f"{n_copies / two:,.0f}, {one / two:.2f} x (wanted: 1.6)"
    )


if __name__ == "__main__":
    main()
