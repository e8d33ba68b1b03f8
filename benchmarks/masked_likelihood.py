"""How well networks without an order predict notes of chorales from the others, in nats a frame.

    CLASSIFY_DATA=FOLDER python benchmarks/masked_likelihood.py [--out FOLDER] [--epochs N]

Bach's chorales in sixteenths (`CLASSIFY_DATA/likelihood/jsb-chorales-16th.json`), which pitch
sounds in each of four voices: the protocol of Coconet (Huang et al. 2017, section 4, "random"). The
frames of a test song become known in random order; a frame's nats are those of its voices, in
random order, each given the frames that are known and the voices of this frame before it. All
frames of a song are as likely to be the next, so that a random share of them (`--share`) gives the
same mean.

A frame of fewer than four notes (0.4 % of them) has silent voices, which count as any other note.
Training goes on where it was stopped: its checkpoint is in the folder. Writes `frames.npz` with the
nats of every frame that was looked at; what is printed last is worked out from that file.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.generation.networks import roll_training
from classify.generation.networks.roll_sampler import RollSampler
from classify.generation.networks.roll_shape import RollShape
from classify.generation.networks.voice_songs import VoiceSong
from classify.progress import on_terminal

VOICES, LOWEST, CLASSES = 4, 36, 47

#: How often notes, steps and voices are hidden in training: the protocol hides no voices.
KINDS = (0.35, 0.65, 0.0)


def load(folder: Path) -> dict[str, list[VoiceSong]]:
    """Read the three parts."""
    songs = json.loads((folder / "jsb-chorales-16th.json").read_text())
    return {part: [voices_of(song) for song in songs[part]] for part in songs}


def voices_of(song: list[list[float]]) -> VoiceSong:
    """Write a song as classes; in a frame of few notes, each goes to the voice it is nearest to."""
    classes = np.zeros((len(song), VOICES), np.int64)
    last = np.array([70.0, 65.0, 58.0, 48.0])
    for place, frame in enumerate(song):
        voices = list(range(VOICES))
        if len(frame) < VOICES:
            voices = []
            for pitch in frame:
                free = [v for v in range(VOICES) if v not in voices]
                voices.append(min(free, key=lambda v: abs(last[v] - pitch)))
        for voice, pitch in zip(voices, frame, strict=True):
            classes[place, voice] = int(pitch) - LOWEST + 1
            last[voice] = pitch
    return VoiceSong(classes, np.zeros_like(classes, bool))


def frame_nats(
    sampler: RollSampler, song: VoiceSong, share: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Give the nats of some frames of a song, by a random order of them."""
    classes, n_frames = song.classes, len(song.classes)
    order, known = random.permutation(n_frames), np.zeros(classes.shape, bool)
    looked_at = random.random(n_frames) < share
    nats = []
    for place, frame in enumerate(order):
        if looked_at[place]:
            total = 0.0
            for voice in random.permutation(VOICES):
                log_p = sampler.log_probabilities(classes, known, song.begins)[frame, voice]
                total -= float(log_p[classes[frame, voice]])
                known[frame, voice] = True
            nats.append(total)
        known[frame] = True
    return np.array(nats)


def interval(nats: list[NDArray[np.float64]], n_draws: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval over songs."""
    total, count = (np.array([f(one) for one in nats]) for f in (np.sum, np.size))
    chosen = np.random.default_rng(0).integers(0, len(total), (n_draws, len(total)))
    low, high = np.quantile(total[chosen].sum(1) / count[chosen].sum(1), [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("masked-likelihood"))
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--pieces", type=int, default=4, help="of each song in an epoch")
    parser.add_argument("--share", type=float, default=0.25, help="of frames that are looked at")
    parser.add_argument("--songs", type=int, default=77, help="test songs")
    for name in ("filters", "deep", "after", "reach"):
        parser.add_argument(f"--{name}", type=int, default=getattr(RollShape, name))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    data = load(Path(os.environ["CLASSIFY_DATA"]) / "likelihood")
    shape = RollShape(VOICES, LOWEST, CLASSES, False, given.filters, given.deep, given.after,
                      given.reach)  # fmt: skip
    print(f"{shape}: {shape.n_weights:,} weights", flush=True)
    begun = time.perf_counter()
    with on_terminal() as progress:
        weights, epochs = roll_training.train(
            shape, data["train"], given.epochs, 0, progress, given.out / "checkpoint",
            data["valid"], given.pieces, kinds=KINDS,
        )  # fmt: skip
    best = min(epoch["val_loss"] for epoch in epochs)
    print(f"trained for {time.perf_counter() - begun:.0f} s: {best:.4f} nats a hidden note "
          "(validation part)", flush=True)  # fmt: skip
    np.savez_compressed(given.out / "weights.npz", allow_pickle=False, **weights)
    sampler, random, nats = RollSampler(shape, weights), np.random.default_rng(0), []
    begun = time.perf_counter()
    for song in data["test"][: given.songs]:
        nats.append(frame_nats(sampler, song, given.share, random))
    low, high = interval(nats)
    length = [len(of_song) for of_song in nats]
    np.savez_compressed(given.out / "frames.npz", nats=np.concatenate(nats), frames=length)
    again = float(np.load(given.out / "frames.npz")["nats"].mean())
    took = time.perf_counter() - begun
    print(f"{sum(length):,} frames of {len(nats)} test songs in {took:.0f} s: {again:.3f} nats a "
          f"frame ({low:.3f}-{high:.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
