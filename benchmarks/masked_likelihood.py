"""How well networks without an order predict notes of chorales from the others, in nats a frame.

    CLASSIFY_DATA=FOLDER python benchmarks/masked_likelihood.py [--out FOLDER] [--epochs N]

Bach's chorales in sixteenths (`CLASSIFY_DATA/likelihood/jsb-chorales-16th.json`), which pitch
sounds in each of four voices. The frames of a test song become known in random order, and the
voices of a frame in random order. Three protocols, never to be mixed:

- *joint*: a voice is given the frames that are known and the true voices of this frame before it.
  The mean is that of -log p of whole songs, in an order: it can be set beside other joint figures.
- *as published*: what Coconet's authors computed (Huang et al. 2017, table 1, "random", by their
  code): a voice is given what the network itself finds likeliest for the voices before it, and each
  frame's probability is the mean of those in five orders. Since the best of five orders decides,
  and may know all neighbours, this is lower than any joint figure can be.
- *a hidden note*: the loss of training, a mean over hidden notes of the validation part.

A frame of fewer than four notes (0.4 % of them) has silent voices, which count as any other note. A
random share of the frames is looked at (`--share`), as likely as all others. Then pieces of eight
bars are sampled from nothing, and their parallel fifths and octaves counted beside those of Bach's
test songs: as the network alone has them, and where notes that make some are drawn anew.

`--more` trains on from the best weights, with a rate that begins a third as high.

Training goes on where it was stopped, and so does what follows: the folder has a checkpoint, the
nats of each test song's frames (`frames/`), and `frames.npz` with all of them, from which what is
printed is worked out.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.files import atomic_write
from classify.generation import gibbs
from classify.generation.generators.coconet import ROUNDS, TEMPERATURE
from classify.generation.networks import roll_training
from classify.generation.networks.roll_sampler import RollSampler
from classify.generation.networks.roll_shape import STRIDE, RollShape
from classify.generation.networks.voice_generator import MORE_ROUNDS
from classify.generation.networks.voice_songs import VoiceSong
from classify.generation.voice_leading import of_voices, parallel_notes
from classify.progress import on_terminal
from classify.representations.voices import REST, Voices

VOICES, LOWEST, CLASSES = 4, 36, 47

#: Orders whose probabilities are averaged.
ORDERS = 5

#: Adam's first rate where training goes on from the best weights.
MORE_RATE = 1e-3

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
) -> dict[str, NDArray[np.float64]]:
    """Give nats of some frames of a song: joint, shape (n,), and by five orders, (n, ORDERS)."""
    n_frames = len(song.classes)
    looked_at = np.flatnonzero(random.random(n_frames) < share)
    joint, published = np.zeros(len(looked_at)), np.zeros((len(looked_at), ORDERS))
    for order in range(ORDERS):
        place = np.argsort(random.permutation(n_frames))
        for number, frame in enumerate(looked_at):
            known = np.repeat((place < place[frame])[:, None], VOICES, axis=1)
            voices = random.permutation(VOICES)
            published[number, order] = nats_of_frame(sampler, song, known, frame, voices, False)
            if not order:
                joint[number] = nats_of_frame(sampler, song, known, frame, voices, True)
    return {"joint": joint, "as published": published}


def nats_of_frame(
    sampler: RollSampler,
    song: VoiceSong,
    known: NDArray[np.bool_],
    frame: int,
    voices: NDArray[np.int64],
    given_truth: bool,
) -> float:
    """Give nats of a frame, whose voices become known: the true ones, or the likeliest."""
    seen = STRIDE * (2 * sampler.shape.deep + 2) + 2 * sampler.shape.after + 2  # at most so far
    part = slice(max(0, frame - seen) // STRIDE * STRIDE, frame + seen)
    classes, known, begins = song.classes[part].copy(), known[part].copy(), song.begins[part]
    step, total = frame - part.start, 0.0
    for voice in voices:
        log_p = sampler.log_probabilities(classes, known, begins)[step, voice]
        total -= float(log_p[song.classes[frame, voice]])
        classes[step, voice] = song.classes[frame, voice] if given_truth else int(log_p.argmax())
        known[step, voice] = True
    return total


def nats_of_songs(
    sampler: RollSampler, songs: list[VoiceSong], share: float, folder: Path
) -> dict[str, list[NDArray[np.float64]]]:
    """Give the nats of some frames of each song; those that are in the folder are read."""
    folder.mkdir(exist_ok=True)
    found: dict[str, list[NDArray[np.float64]]] = {"joint": [], "as published": []}
    for number, song in enumerate(songs):
        file = folder / f"{number:02d}-{share:g}.npz"
        if not file.is_file():
            nats = frame_nats(sampler, song, share, np.random.default_rng(number))
            with atomic_write(file) as temporary, temporary.open("wb") as stream:
                np.savez(stream, allow_pickle=False, **nats)
        saved = np.load(file)
        if len(saved["joint"]):
            found["joint"].append(saved["joint"])
            orders = saved["as published"]
            mean = np.logaddexp.reduce(-orders, axis=1) - np.log(ORDERS)
            found["as published"].append(-mean)
    return found


def sampled(sampler: RollSampler, n_pieces: int, n_rounds: int, n_more: int = 0) -> list[VoiceSong]:
    """Sample pieces of eight bars from nothing, and then notes that are parallel anew."""

    def doubtful(classes: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.bool_]:
        pitch = np.where(classes > 0, classes + LOWEST - 1, REST)
        return parallel_notes(pitch, ~nothing, random)

    size, pieces = (128, VOICES), []
    nothing = np.zeros(size, bool)
    allowed = np.ones((*size, CLASSES), bool)
    for number in range(n_pieces):
        empty = gibbs.Piece(np.zeros(size, int), nothing, nothing, allowed)
        piece = gibbs.sample(sampler.scores, empty, np.random.default_rng(number), n_rounds,
                             TEMPERATURE, doubtful, n_more)  # fmt: skip
        pieces.append(VoiceSong(piece.classes, piece.begins))
    return pieces


def parallels(songs: list[VoiceSong]) -> str:
    """Count parallels of songs, and say so."""
    fifths = octaves = chords = 0
    for song in songs:
        pitch = np.where(song.classes > 0, song.classes + LOWEST - 1, REST)
        counted = of_voices(Voices(pitch, song.begins, np.zeros((len(pitch), 4), np.float32)))
        fifths, octaves = fifths + counted.fifths, octaves + counted.octaves
        chords += counted.chords
    return (f"{100 * fifths / chords:.2f} parallel fifths and {100 * octaves / chords:.2f} "
            f"parallel octaves per 100 chords ({chords:,} chords)")  # fmt: skip


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
    parser.add_argument("--more", type=int, default=0, help="epochs behind these")
    parser.add_argument("--pieces", type=int, default=4, help="of each song in an epoch")
    parser.add_argument("--share", type=float, default=0.05, help="of frames that are looked at")
    parser.add_argument("--songs", type=int, default=77, help="test songs")
    parser.add_argument("--samples", type=int, default=32, help="pieces that are sampled")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of sampling")
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
        if given.more:
            weights, epochs = roll_training.train(
                shape, data["train"], given.more, 1, progress, given.out / f"more-{given.more}",
                data["valid"], given.pieces, kinds=KINDS, rate=MORE_RATE,
                begin=given.out / "checkpoint",
            )  # fmt: skip
    best = min(epoch["val_loss"] for epoch in epochs)
    print(f"trained for {time.perf_counter() - begun:.0f} s: {best:.4f} nats a hidden note "
          "(validation part)", flush=True)  # fmt: skip
    np.savez_compressed(given.out / "weights.npz", allow_pickle=False, **weights)
    sampler, begun = RollSampler(shape, weights), time.perf_counter()
    songs, how = data["test"][: given.songs], "frames" + f"-more-{given.more}" * bool(given.more)
    nats = nats_of_songs(sampler, songs, given.share, given.out / how)
    flat = {name: np.concatenate(of_songs) for name, of_songs in nats.items()}
    np.savez_compressed(given.out / f"{how}.npz", allow_pickle=False, **flat)
    saved = np.load(given.out / f"{how}.npz")
    print(f"{len(saved['joint']):,} frames of {len(songs)} test songs in "
          f"{time.perf_counter() - begun:.0f} s")  # fmt: skip
    for name, of_songs in nats.items():
        low, high = interval(of_songs)
        print(f"  {name:12} {saved[name].mean():.3f} nats a frame ({low:.3f}-{high:.3f})")
    print(f"Bach: {parallels(data['test'])}")
    for n_more in (0, MORE_ROUNDS):
        made = sampled(sampler, given.samples, given.rounds, n_more)
        print(
            f"{given.samples} sampled pieces, {n_more} more rounds: {parallels(made)}", flush=True
        )


if __name__ == "__main__":
    main()
