"""How fast a long recording is transcribed, in how much memory, and what a kill costs.

A recording of five minutes is made of songs that are rendered, and a long one of its repetition.
Both are transcribed by fresh processes; the one at the long recording is killed half way, and
another goes on::

    python benchmarks/long_recording.py CORPUS
    python benchmarks/long_recording.py CORPUS --hours 0.5    # sooner

Of each process: its processor seconds, its peak of memory, and how many times faster than the music
the transcription is by processor seconds, those of the killed process included.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from classify.corpora import load
from classify.songs import audio, render, transcribers

#: Seconds of music that the long recording repeats.
SHORT = 300

#: Run by each process.
WORK = """
import sys
from pathlib import Path
from classify.songs import audio, transcribers
audio.to_midi(Path(sys.argv[1]), transcribers.find(sys.argv[2]))
"""


def main() -> None:
    """Make recordings, transcribe them, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--transcriber", default=transcribers.DEFAULT)
    options = parser.parse_args()
    times = round(options.hours * 3600 / SHORT)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sound = music(options.corpus)
        short = record(place / "short.flac", sound, 1)
        long = record(place / "long.flac", sound, times)
        print(f"{'':22}{'processor s':>12}{'peak MB':>9}{'x real time':>13}")
        used, peak = transcribe(short, options.transcriber, place / "cache")
        print(f"{SHORT // 60} minutes{used:>25.0f}{peak:>9.0f}{SHORT / used:>13.1f}", flush=True)
        half = int(times * SHORT / audio.SECTION / 2)
        lost, peak = transcribe(long, options.transcriber, place / "cache", half)
        print(f"{'long, killed half way':22}{lost:>12.0f}{peak:>9.0f}", flush=True)
        used, peak = transcribe(long, options.transcriber, place / "cache")
        speed = times * SHORT / (lost + used)
        print(f"{'and gone on':22}{used:>12.0f}{peak:>9.0f}{speed:>13.1f}")


def music(corpus: str) -> np.ndarray:
    """Render songs of a corpus until they are long enough."""
    sound = np.zeros((0, 2), np.float32)
    for song in load(corpus).songs:
        sound = np.concatenate([sound, render.samples(song)])
        if len(sound) >= SHORT * render.RATE:
            break
    return sound[: SHORT * render.RATE] / np.abs(sound).max()


def record(path: Path, sound: np.ndarray, times: int) -> Path:
    """Write sound so many times after itself."""
    with soundfile.SoundFile(path, "w", render.RATE, 2) as file:
        for _ in range(times):
            file.write(sound)
    return path


def transcribe(
    path: Path, by: str, cache: Path, sections: int | None = None
) -> tuple[float, float]:
    """Transcribe in a process; kill it when so many sections are done.

    Returns
    -------
    float, float
        Processor seconds and megabytes at most.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, path, by], env=os.environ | {"CLASSIFY_CACHE": str(cache)}
    )
    while sections is not None and process.poll() is None:
        if len(list(cache.glob("transcribing/*/*.npz"))) >= sections:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.2)
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
