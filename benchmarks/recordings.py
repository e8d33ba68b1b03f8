"""The same song, the same answer? Held-out songs as MIDI and as recordings of them, side by side.

Part of a corpus is held out, whole groups at a time, and recorded with a soundfont that training
does not use. A model is trained on the rest twice, without and with `--recordings`, and both
predict the held-out songs and their recordings::

    python benchmarks/recordings.py CORPUS                  # the table of both models
    python benchmarks/recordings.py CORPUS --rounds 5       # every fifth held out in turn, pooled
    python benchmarks/recordings.py CORPUS --notes          # what a transcription keeps of notes
    python benchmarks/recordings.py CORPUS --transcriber transkun --test 60 --copies 50 --longest 41

Recordings are kept in the user's cache. The first call records every song of the corpus once: about
a second of one core for 30 seconds of music.
"""

import argparse
import csv
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.corpora import Corpus, load
from classify.corpora.recorded import record_songs
from classify.evaluation import calibration, splits
from classify.evaluation.scores import song_means
from classify.experiments import dataset
from classify.experiments.settings import Settings
from classify.inference import saved_model, training, training_plan, training_record
from classify.progress import on_terminal
from classify.representations import descriptors
from classify.songs import Song, acoustics, transcribers
from classify.songs.acoustics import Conditions

#: Held out from training, with the songs that it plays here.
HELD_OUT_SOUNDFONT = "timgm"

#: General MIDI programs that stand for their families in the table of notes.
FAMILIES = {
    "piano": 0, "chromatic percussion": 11, "organ": 19, "guitar": 24, "bass": 33, "strings": 48,
    "brass": 61, "reed": 66, "pipe": 73, "synth lead": 80, "voice-like (choir)": 52,
}  # fmt: skip

#: Seconds of each song in the table of notes, and the tolerance of an onset.
EXCERPT, TOLERANCE = 20.0, 0.05


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus")
    parser.add_argument("--model", default="song-vote")
    parser.add_argument("--rounds", type=int, default=1, help="fifths held out, one after another")
    parser.add_argument("--test", type=int, default=120, help="held-out songs at most, each time")
    parser.add_argument("--train", type=int, help="training songs at most")
    parser.add_argument("--folds", type=int, default=5, help="that calibrate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--transcriber", default=transcribers.DEFAULT)
    parser.add_argument("--copies", type=int, help="training songs that are recorded at most")
    parser.add_argument("--longest", type=float, default=np.inf, help="seconds of a song")
    parser.add_argument("--notes", action="store_true", help="the table of notes instead")
    parser.add_argument("--songs", type=int, default=6, help="of the table of notes")
    options = parser.parse_args()
    if options.copies:
        dataset.MOST_RECORDED = options.copies
    corpus = load(options.corpus)
    if options.notes:
        print_notes(corpus, options.songs, options.transcriber)
    else:
        print_predictions(corpus, options)


# --- what a model predicts


def print_predictions(corpus: Corpus, options: argparse.Namespace) -> None:
    """Train without and with recordings, and print what both predict."""
    rounds = [_round(corpus, held_out, options) for held_out in _held_out(corpus, options)]
    print(f"{'':34}{'as MIDI':>10}{'as recording':>14}")
    for place, what in enumerate(("songs alone", "recordings too")):
        print(f"learned from {what}")
        _print_rows([of_round[place] for of_round in rounds])


def _held_out(corpus: Corpus, options: argparse.Namespace) -> list[NDArray[np.bool_]]:
    return splits.folds(corpus.labels, corpus.groups, 5, options.seed)[: options.rounds]


def _round(
    corpus: Corpus, held_out: NDArray[np.bool_], options: argparse.Namespace
) -> list[tuple["Predicted", "Predicted"]]:
    """Train both models on the rest, and let each predict songs and recordings."""
    seed = options.seed
    short = np.array([song.seconds <= options.longest for song in corpus.songs])
    random = np.random.default_rng(seed + 1)
    test = random.permutation(np.flatnonzero(held_out & short))[: options.test]
    train = np.random.default_rng(seed).permutation(np.flatnonzero(~held_out))[: options.train]
    songs = [corpus.songs[index] for index in test]
    conditions = [_unheard(song, seed) for song in songs]
    heard = record_songs(songs, conditions, n_workers=1, by=options.transcriber)
    both = [(s, h, corpus.labels[i]) for s, h, i in zip(songs, heard, test, strict=True) if h]
    print(
        f"{len(train)} training songs, {len(both)} held out; recordings by {HELD_OUT_SOUNDFONT}, "
    )
    print(f"heard by {transcribers.find(options.transcriber).name()}", flush=True)
    said = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _write_corpus(corpus, train, place / "songs")
        for recordings in (False, True):
            settings = Settings(
                str(place / "songs"), window=corpus.window or 200, folds=options.folds, seed=seed,
                recordings=recordings, transcriber=options.transcriber,
            )  # fmt: skip
            plan = training_plan.plan(settings, options.model)
            with on_terminal() as progress:
                made = training.train(plan, place / f"model{recordings}", 1, progress)
            model = saved_model.load(made)
            truth = np.searchsorted(model.classes, [label for _, _, label in both])
            as_midi = Predicted.of(model, [song for song, _, _ in both], truth)
            said.append((as_midi, Predicted.of(model, [heard for _, heard, _ in both], truth)))
    return said


def _unheard(song: Song, seed: int) -> Conditions:
    """Draw conditions with the soundfont that nothing is learned from."""
    return replace(acoustics.draw_for(song.digest, seed + 1), soundfont=HELD_OUT_SOUNDFONT)


def _write_corpus(corpus: Corpus, chosen: NDArray[np.int64], folder: Path) -> None:
    """Copy songs to a corpus of their own, with labels and groups."""
    folder.mkdir(parents=True)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "group"])
        for index in chosen:
            path = corpus.songs[index].path
            name = f"{index:05d}{path.suffix}"
            shutil.copy(path, folder / name)
            rows.writerow([name, corpus.labels[index], corpus.groups[index]])


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model says of songs: calibrated probabilities, sets, and whether it is like them."""

    classes: list[str]
    truth: NDArray[np.int64]
    p: NDArray[np.float64]
    sets: NDArray[np.bool_]
    unlike: NDArray[np.bool_]

    @classmethod
    def of(
        cls, model: saved_model.Bundle, songs: list[Song], truth: NDArray[np.int64]
    ) -> "Predicted":
        """Let a model predict."""
        transcribed = np.array([song.transcribed for song in songs])
        windows, raw = model.predict_windows(songs)
        p = model.calibrated(song_means(raw, windows.song), transcribed)
        statistics = descriptors.statistics([song.notes for song in songs])
        unlike = ~model.novelty.in_distribution(statistics)
        return cls(list(model.classes), truth, p, model.sets(p, transcribed), unlike)

    @classmethod
    def pooled(cls, parts: "list[Predicted]") -> "Predicted":
        """Put together what models of several rounds said."""
        columns = [
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("truth", "p", "sets", "unlike")
        ]
        return cls(parts[0].classes, *columns)

    @property
    def best(self) -> NDArray[np.int64]:
        """The predicted classes."""
        return np.asarray(self.p.argmax(axis=1))

    @property
    def right(self) -> NDArray[np.float64]:
        """1 where the prediction is right."""
        return (self.best == self.truth).astype(float)

    def rows(self) -> dict[str, str]:
        """Name and write each figure."""
        kept, risk = calibration.coverage_and_risk(self.p, self.truth, training_record.SURE)
        held = self.sets[np.arange(len(self.p)), self.truth]
        often = np.bincount(self.best, minlength=len(self.classes))
        return {
            "right": f"{self.right.mean():.1%}",
            "mean confidence": f"{self.p.max(axis=1).mean():.2f}",
            "90 % sets hold the truth": f"{held.mean():.1%}",
            "classes in a set": f"{self.sets.sum(axis=1).mean():.2f}",
            "at least 80 % sure": f"{kept:.1%}",
            "wrong among these": f"{risk:.1%}",
            "unlike the training songs": f"{self.unlike.mean():.1%}",
            "most often predicted": f"{self.classes[int(often.argmax())]} {often.max()}",
        }


def _print_rows(pairs: list[tuple[Predicted, Predicted]]) -> None:
    as_midi, as_recording = (Predicted.pooled(list(side)) for side in zip(*pairs, strict=True))
    heard = as_recording.rows()
    for name, value in as_midi.rows().items():
        print(f"  {name:32}{value:>10}{heard[name]:>14}")
    gap = as_midi.right - as_recording.right
    half = 1.96 * gap.std() / np.sqrt(len(gap))
    agreement = float((as_midi.best == as_recording.best).mean())
    print(f"  {'fewer recordings right':32}{gap.mean():>14.1%} ± {half:.1%}")
    print(f"  {'same prediction':32}{agreement:>24.1%}", flush=True)


# --- what a transcription keeps of notes


def print_notes(corpus: Corpus, n_songs: int, by: str) -> None:
    """Let each family of instruments play the same songs, and print what is heard of the notes."""
    chosen = np.random.default_rng(0).permutation(len(corpus.songs))[:n_songs]
    print(f"{transcribers.find(by).name()}, {len(chosen)} songs, played by {HELD_OUT_SOUNDFONT}")
    print(f"{'':24}{'onset F1':>9}{'velocity r':>12}{'notes/s played':>16}{'heard':>7}")
    for family, program in FAMILIES.items():
        songs = [_played_by(corpus.songs[index], program) for index in chosen]
        conditions = [Conditions(HELD_OUT_SOUNDFONT)] * len(songs)
        heard = record_songs(songs, conditions, n_workers=1, by=by)
        rows = [_kept(song, copy) for song, copy in zip(songs, heard, strict=True)]
        f1, r, played, found = np.nanmean(np.array(rows), axis=0)
        print(f"{family:24}{f1:>9.2f}{r:>12.2f}{played:>16.1f}{found:>7.1f}", flush=True)


def _played_by(song: Song, program: int) -> Song:
    notes = song.notes[(song.notes["onset"] < EXCERPT) & ~song.notes["drum"]].copy()
    notes["program"] = program
    return Song.of(notes, song.path)


def _kept(song: Song, copy: Song | None) -> tuple[float, float, float, float]:
    """Compare notes: onset F1, correlation of velocities, and notes a second of both."""
    played = song.notes
    if copy is None:
        return 0.0, float("nan"), len(played) / song.seconds, 0.0
    heard, pairs = copy.notes, []
    free = np.ones(len(heard), bool)
    for place, note in enumerate(played):
        near = np.abs(heard["onset"] - note["onset"]) <= TOLERANCE
        found = np.flatnonzero(free & near & (heard["pitch"] == note["pitch"]))
        if len(found):
            free[found[0]] = False
            pairs.append((place, found[0]))
    f1 = 2 * len(pairs) / (len(played) + len(heard))
    velocities = [(played["velocity"][a], heard["velocity"][b]) for a, b in pairs]
    varied = len(pairs) > 2 and all(
        len(set(column)) > 1 for column in zip(*velocities, strict=True)
    )
    r = float(np.corrcoef(np.array(velocities, float).T)[0, 1]) if varied else float("nan")
    return f1, r, len(played) / song.seconds, len(heard) / song.seconds


if __name__ == "__main__":
    main()
