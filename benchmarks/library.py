"""How many songs a second does a model judge, from MIDI files to a CSV file, in how much memory?

    python benchmarks/library.py MODEL [MODEL ...] [--songs 10000] [--from FOLDER] [--jobs 1 2]

Makes distinct MIDI files (transposed and time-shifted copies of those of a folder, or of the
built-in corpus `folk`). Then, in programs of their own: reads them into an empty store, which is
what predictions are compared with; predicts with each model from an empty store (cold), when all
is read and nothing is described (read), and when songs are described, too (described), in as many
processes as `--jobs` says, one number after the other. Prints songs a second without the time it
takes to start the program and load the model, the processor time of all processes, and the peak
memory of any.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from scale import copies, measured_command

from classify.compute import local
from classify.corpora import builtin
from classify.corpora.descriptions import Descriptions


def read(folder: Path) -> None:
    """Read all songs of a folder; print what it took as JSON."""
    from classify.corpora.library import load_library

    begun, used = time.perf_counter(), processor_seconds()
    library = load_library([folder])
    seconds = time.perf_counter() - begun
    local.stop()
    print(json.dumps({
        "songs": len(library.items), "seconds": seconds, "used": processor_seconds() - used
    }))  # fmt: skip


def judge(folder: Path, model: Path, out: Path, jobs: int) -> None:
    """Predict all songs of a folder; print what it took as JSON."""
    from classify.inference.prediction import predict
    from classify.inference.saved_model import load

    bundle = load(model)
    begun, used = time.perf_counter(), processor_seconds()
    found = predict(bundle, [folder], out, n_workers=jobs)
    seconds = time.perf_counter() - begun
    local.stop()
    print(json.dumps({
        "songs": len(found.table), "seconds": seconds,
        "windows": int(found.table.n_windows.sum()), "used": processor_seconds() - used,
    }))  # fmt: skip


def processor_seconds() -> float:
    """Give the processor time of this process and of those it started that have ended."""
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)


def report(what: str, limit: float, *work: str) -> float:
    """Do a piece of work in a program of its own, print a line of it, give songs a second."""
    found = measured_command([sys.executable, __file__, "--work", *work])
    windows = f", {found['windows']:,} windows" if "windows" in found else ""
    rate = found["songs"] / found["seconds"]
    share = f" = {rate / limit:.3f} x reading alone" if limit else ""
    print(f"{what}: {rate:,.0f} songs/s{share} ({found['songs']:,} songs{windows}), "
          f"{found['used']:.1f} s of processor time, "
          f"peak {found['peak'] / 1e9:.2f} GB a process", flush=True)  # fmt: skip
    return rate


def main() -> None:
    """Run the benchmark."""
    if sys.argv[1:3] == ["--work", "read"]:
        read(Path(sys.argv[3]))
        return
    if sys.argv[1:3] == ["--work", "judge"]:
        folder, model, out = map(Path, sys.argv[3:6])
        judge(folder, model, out, int(sys.argv[6]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument("--songs", type=int, default=10_000)
    parser.add_argument("--from", type=Path, dest="source", metavar="FOLDER")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    source = options.source or builtin.prepare(builtin.CORPORA["folk"], lambda *_: None)
    with tempfile.TemporaryDirectory() as place:
        songs, cache = Path(place) / "songs", Path(place) / "cache"
        copies(sorted(source.rglob("*.mid")), options.songs, songs)
        time.sleep(2.5)  # a file as young as that is not trusted to stay as it is
        os.environ["CLASSIFY_CACHE"] = str(cache)
        limit = report("reading alone, cold", 0, "read", str(songs))
        report("reading alone, warm", 0, "read", str(songs))
        for model in options.models:
            name = json.loads((model / "bundle.json").read_text())["model"]["title"]
            for jobs in options.jobs:
                shutil.rmtree(cache)
                for state in ("cold", "read", "described"):
                    if state == "read":
                        with Descriptions(next(cache.glob("songs-*"))) as kept:
                            kept.forget()
                    out = Path(place) / f"{state}.csv"
                    work = "judge", str(songs), str(model.resolve()), str(out), str(jobs)
                    report(f"{name}, {state}, --jobs {jobs}", limit, *work)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
