"""How well boosted trees predict chorales in sixteenths, alone and mixed with a network.

    CLASSIFY_DATA=FOLDER python benchmarks/tree_likelihood.py [--network FOLDER]

Bach's chorales in sixteenths, in voices as the file has them, causal, in nats a token of four a
step: the protocol of `network_likelihood.py jsb-16th`, whose folder `--network` names. A token is
predicted in two steps, each by scikit-learn's histogram gradient boosting: does the voice move, and
if so, how probable is each pitch within an octave. Both see what happened before only: how long
voices have sounded, where in the bar they used to move, the key of what has been heard, the voices
above at this step, and what followed where the song had the same steps before. Pitches are seen
from the voice and from the key, so songs are not transposed. Iterations and weights are chosen on
the validation part. Writes `trees.npz`, from which what is printed is worked out.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

VOICES, NONE = 4, 88

#: Semitones that a voice moves by: all else has a small probability, the same for each pitch.
MOVES = np.array([step for step in range(-12, 13) if step])

#: Steps of a match that count, and of a note.
LONGEST = 48

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def load(folder: Path) -> dict[str, list[Ints]]:
    """Read the parts: songs of steps of four pitches from 0 to 87, `NONE` where one is missing."""
    songs = json.loads((folder / "jsb-chorales-16th.json").read_text())
    return {part: [rows_of(song) for song in songs[part]] for part in songs}


def rows_of(song: list[list[int]]) -> Ints:
    """Write a song as rows, shape (n_steps, 4)."""
    rows = np.full((len(song), VOICES), NONE)
    for row, chord in zip(rows, song, strict=True):
        row[: len(chord)] = np.array(chord, int) - 21
    return rows


class Heard:
    """What is known of a song before each of its steps.

    Attributes
    ----------
    last : ndarray of int, shape (n_steps, 4)
        The pitch that each voice had last, before the step.
    """

    def __init__(self, rows: Ints) -> None:
        self.rows, n = rows, len(rows)
        self.last = np.zeros_like(rows)
        now = np.array([50, 43, 38, 29])
        for t in range(n):
            self.last[t] = now
            now = np.where(rows[t] == NONE, now, rows[t])
        self.moves = np.ones((n, VOICES), bool)
        self.moves[1:] = rows[1:] != rows[:-1]
        self.held, self.before, self.steps = self._notes()
        rests = np.flatnonzero((self.held >= 4).all(axis=1))  # a chord that all hold: a cadence
        begun = np.concatenate([[0], rests])
        self.since = np.arange(n) - begun[np.searchsorted(rests, np.arange(n), side="right")]
        self.tonic, self.minor, self.shares, self.recent = self._keys()
        self.match, self.match_length = _matches(rows)
        self.tune_match, self.tune_length = _matches(rows[:, :1])

    def _notes(self) -> tuple[Ints, Ints, Ints]:
        """Give how long each note has lasted, the note before it did, and the two last steps."""
        n = len(self.rows)
        held, before = np.zeros((n, VOICES), int), np.zeros((n, VOICES), int)
        steps = np.zeros((n, VOICES, 2), int)
        for t in range(1, n):
            moved = self.moves[t - 1]
            held[t] = np.where(moved, 1, held[t - 1] + 1)
            before[t] = np.where(moved, held[t - 1], before[t - 1])
            step = self.last[t] - self.last[t - 1]
            steps[t, :, 0] = np.where(moved, step, steps[t - 1, :, 0])
            steps[t, :, 1] = np.where(moved, steps[t - 1, :, 0], steps[t - 1, :, 1])
        return held, before, steps

    def _keys(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Find the key of all that was heard, and the shares of pitch classes, also of late."""
        once = np.zeros((len(self.rows), 12))
        for voice in range(VOICES):
            sounds = self.rows[:, voice] != NONE
            place = np.flatnonzero(sounds)
            np.add.at(once, (place, (self.rows[place, voice] + 9) % 12), 1.0)
        total = np.cumsum(once, axis=0) - once
        late = total - np.concatenate([np.zeros((32, 12)), total])[: len(total)]
        profiles = np.array([np.roll(p, k) for p in (MAJOR, MINOR) for k in range(12)])
        profiles = profiles - profiles.mean(axis=1, keepdims=True)
        profiles /= np.sqrt((profiles**2).sum(axis=1, keepdims=True))
        best = ((total - total.mean(axis=1, keepdims=True)) @ profiles.T).argmax(axis=1)
        shares = (total + 0.5) / (total + 0.5).sum(axis=1, keepdims=True)
        return best % 12, best // 12, shares, (late + 0.1) / (late + 0.1).sum(axis=1, keepdims=True)


def _matches(rows: Ints) -> tuple[Ints, Ints]:
    """Find where before each step the song had the longest run of the same steps.

    Returns
    -------
    place, length : ndarray of int, shape (n_steps,)
        What followed that run, and how long it was; -1 and 0 where there was none.
    """
    n = len(rows)
    same = (rows[:, None] == rows[None]).all(axis=-1)
    run, place, length = np.zeros(n, int), np.full(n, -1), np.zeros(n, int)
    for t in range(1, n):
        run = np.where(same[t - 1], np.concatenate([[0], run[:-1]]) + 1, 0)
        run[t - 1 :] = 0
        if t > 1 and run.max() > 1:
            end = t - 2 - int(run[: t - 1][::-1].argmax())
            place[t], length[t] = end + 1, min(run[end], LONGEST)
    return place, length


def common(song: Heard, voice: int) -> list[Floats]:
    """Give columns that both models see, for the steps from the second on."""
    n, rows, last = len(song.rows), song.rows, song.last
    t = np.arange(1, n)
    columns = [np.full(n - 1, voice), t % 16, t % 8, t % 4, last[1:, voice], song.minor[1:]]
    columns += [song.held[1:, j].clip(max=32) for j in range(VOICES)]
    columns += [song.before[1:, voice], *song.steps[1:, voice].T]
    columns += [song.moves[1:, j] for j in range(voice)]
    columns += [(rows - last)[1:, j].clip(-24, 24) for j in range(voice)]
    columns += [np.full(n - 1, np.nan)] * (2 * (VOICES - 1 - voice))
    columns += [(last[1:, voice] + 9 - song.tonic[1:]) % 12]
    for j in range(VOICES):
        seen = rows if j < voice else last
        columns += [(seen[1:, j] + 9 - song.tonic[1:]) % 12]
    columns += [song.since[1:].clip(max=64)]
    columns += [song.match_length[1:], song.tune_length[1:], np.minimum(t, 64)]
    return [np.asarray(column, float) for column in columns]


def predicted(song: Heard, voice: int) -> tuple[Floats, Floats]:
    """Give what followed the longest matches: the step of the voice; NaN where none was."""
    found = []
    for place in (song.match, song.tune_match):
        followed = song.rows[place.clip(0), voice] - song.last[:, voice]
        found.append(np.where(place >= 0, followed, np.nan)[1:].astype(float))
    return found[0], found[1]


def of_moving(song: Heard, voice: int) -> Floats:
    """Give what tells whether a voice moves, shape (n_steps - 1, n_columns)."""
    n, moves, last = len(song.rows), song.moves, song.last
    columns = common(song, voice)
    for period in (16, 8, 4):
        for of in np.stack([moves[:, voice], moves.any(axis=1)]):
            rate = np.zeros(n)
            for phase in range(period):
                here = of[phase::period].astype(float)
                rate[phase::period] = (np.cumsum(here) - here + 0.2) / (np.arange(len(here)) + 1)
            columns.append(rate[1:])
    for back in (1, 2, 3, 4, 8, 16):
        columns.append(np.concatenate([np.full(back, np.nan), moves[:-back, voice]])[1:n])
        columns.append(np.concatenate([np.full(back, np.nan), moves[:-back].sum(1)])[1:n])
    for j in range(VOICES):
        other = song.rows if j < voice else last
        columns.append(((last[:, voice] - other[:, j]) % 12)[1:].astype(float))
        columns.append((last[:, voice] - other[:, j])[1:].clip(-30, 30).astype(float))
    ahead, by_tune = predicted(song, voice)
    columns += [np.where(np.isnan(x), np.nan, x == 0) for x in (ahead, by_tune)]
    return np.stack(columns, axis=1)


def of_pitches(song: Heard, voice: int, places: Ints) -> Floats:
    """Give what tells where a voice goes, shape (n_places * n_moves, n_columns)."""
    shared = [column[places - 1, None] for column in common(song, voice)]
    rows, last = song.rows[places], song.last[places]
    pitch = last[:, voice, None] + MOVES
    tone = (pitch + 9) % 12
    columns = [*shared, np.abs(MOVES)[None], MOVES[None], pitch]
    columns.append((tone - song.tonic[places, None]) % 12)
    for j in range(VOICES):
        other = (rows if j < voice else last)[:, j, None]
        columns += [(pitch - other) % 12, (pitch - other).clip(-30, 30)]
    parallel = np.zeros(pitch.shape)
    doubled = np.zeros(pitch.shape)
    for j in range(voice):
        was = (last[:, j] - last[:, voice])[:, None] % 12
        now = (rows[:, j, None] - pitch) % 12
        parallel += (was == now) & np.isin(now, (0, 7)) & (rows[:, j] != last[:, j])[:, None]
        doubled += now == 0
    columns += [parallel, doubled]
    step = song.steps[places, voice]
    columns += [MOVES + step[:, :1], MOVES + step.sum(axis=1, keepdims=True)]
    for of in (song.shares, song.recent):
        columns.append(np.take_along_axis(of[places], tone, axis=1))
    for guess in predicted(song, voice):
        of_guess = guess[places - 1, None]
        columns.append(np.where(np.isnan(of_guess), np.nan, MOVES - of_guess))
    columns += list(_heard_so_far(song, voice, places, pitch))
    wide = [np.broadcast_to(np.asarray(c, float), pitch.shape).ravel() for c in columns]
    return np.stack(wide, axis=1)


def _heard_so_far(song: Heard, voice: int, places: Ints, pitch: Ints) -> tuple[Floats, Floats]:
    """Count how often the voice had each pitch, and went there from where it is."""
    had, went = np.zeros(NONE + 40), np.zeros((NONE + 40, NONE + 40))
    counts, moves = np.zeros(pitch.shape), np.zeros(pitch.shape)
    where, begun = dict(zip(places.tolist(), range(len(places)), strict=True)), song.last[:, voice]
    for t in range(1, len(song.rows)):
        if (row := where.get(t)) is not None:
            inside = pitch[row].clip(0)
            counts[row], moves[row] = had[inside], went[begun[t], inside]
        if song.moves[t, voice] and song.rows[t, voice] != NONE:
            had[song.rows[t, voice]] += 1
            went[begun[t], song.rows[t, voice]] += 1
    return counts, moves


class Trees:
    """Both models of all voices."""

    def __init__(self, songs: list[Heard], moving: int, pitches: int) -> None:
        settings = {
            "early_stopping": False, "random_state": 0, "min_samples_leaf": 30, "max_features": 0.5,
        }  # fmt: skip
        self.moving = HistGradientBoostingClassifier(
            max_iter=moving, learning_rate=0.06, max_leaf_nodes=31, l2_regularization=1.0,
            **settings,
        )  # fmt: skip
        self.pitches = HistGradientBoostingClassifier(
            max_iter=pitches, learning_rate=0.08, max_leaf_nodes=31, l2_regularization=1.0,
            **settings,
        )  # fmt: skip
        x = np.concatenate([of_moving(s, k) for s in songs for k in range(VOICES)])
        y = np.concatenate([s.moves[1:, k] for s in songs for k in range(VOICES)])
        self.moving.fit(x, y)
        x = np.concatenate([of_pitches(s, k, moved(s, k)) for s in songs for k in range(VOICES)])
        y = np.concatenate([goes(s, k).ravel() for s in songs for k in range(VOICES)])
        self.pitches.fit(x, y)
        known = np.concatenate([goes(s, k).any(axis=1) for s in songs for k in range(VOICES)])
        self.strange = (1 + (~known).sum()) / (2 + len(known))
        first = np.concatenate([s.rows[:1] for s in songs])
        self.first = np.stack([np.bincount(f, minlength=NONE + 1) + 0.25 for f in first.T])
        near = np.array([1.0, 6.0, 12.0, 6.0, 1.0])
        self.first = np.stack([np.convolve(f, near, "same") for f in self.first])
        self.first /= self.first.sum(axis=1, keepdims=True)

    def log_p(self, song: Heard, stage: tuple[int, int], heat: float = 1.0) -> Floats:
        """Give the log-probability of each token, shape (n_steps, 4).

        Parameters
        ----------
        song : Heard
            A song.
        stage : (int, int)
            Trees of each model that are used.
        heat : float
            What scores of pitches are divided by.
        """
        found = np.zeros(song.rows.shape)
        found[0] = np.log(self.first[np.arange(VOICES), song.rows[0]])
        for k in range(VOICES):
            p = staged(self.moving, of_moving(song, k), stage[0])
            move = 1 / (1 + np.exp(-p))
            found[1:, k] = np.log(np.where(song.moves[1:, k], move, 1 - move))
            places = moved(song, k)
            if not len(places):
                continue
            scores = staged(self.pitches, of_pitches(song, k, places), stage[1])
            scores = scores.reshape(len(places), -1) / heat
            scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
            went = goes(song, k)
            strange = np.log(self.strange / (NONE + 1 - len(MOVES)))
            of_move = np.where(
                went.any(axis=1), np.log(1 - self.strange) + (scores * went).sum(axis=1), strange
            )
            found[places, k] += of_move
        return found


def moved(song: Heard, voice: int) -> Ints:
    """Give the steps, from the second on, at which a voice moves."""
    return np.flatnonzero(song.moves[1:, voice]) + 1


def goes(song: Heard, voice: int) -> NDArray[np.bool_]:
    """Mark where a voice goes when it moves, shape (n_places, n_moves)."""
    places = moved(song, voice)
    return (song.rows[places, voice] - song.last[places, voice])[:, None] == MOVES


def staged(model: HistGradientBoostingClassifier, x: Floats, n_trees: int) -> Floats:
    """Give the score of the second class by the first trees."""
    kept = model._predictors
    model._predictors = kept[:n_trees]
    score = model._raw_predict(x)[:, 0]
    model._predictors = kept
    return np.asarray(score)


def mix(trees: dict[str, Floats], folder: Path, song: Ints) -> None:
    """Print what trees and network say together, weighed as is best on the validation part."""
    saved = np.load(folder / "jsb-16th.npz")
    network = {"valid": -saved["valid"], "test": -saved["nats"]}

    def mixed(part: str, weight: float) -> Floats:
        parts = np.log(weight) + network[part], np.log(1 - weight) + trees[part]
        return np.asarray(np.logaddexp(*parts))

    weights = [n / 20 for n in range(1, 20)]
    weight = max(weights, key=lambda weight: float(mixed("valid", weight).mean()))
    found = mixed("test", weight)
    print(f"network alone: {-network['test'].mean():.4f} {interval(network['test'], song)}")
    print(f"both, the network with weight {weight:.2f}: valid {-mixed('valid', weight).mean():.4f} "
          f"test {-found.mean():.4f} {interval(found, song)}")  # fmt: skip


def interval(log_p: Floats, song: Ints) -> str:
    """Give the 95 % bootstrap interval over songs, in nats a token."""
    total, tokens = np.bincount(song, -log_p.sum(axis=1)), VOICES * np.bincount(song)
    chosen = np.random.default_rng(0).integers(0, len(total), (2000, len(total)))
    low, high = np.quantile(total[chosen].sum(1) / tokens[chosen].sum(1), [0.025, 0.975])
    return f"({low:.4f}-{high:.4f})"


def nats(log_p: list[Floats]) -> float:
    """Mean over all tokens."""
    return float(-np.concatenate(log_p).mean())


def main() -> None:
    """Fit, choose on the validation part, and print the test part."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/likelihood"))
    parser.add_argument("--network", type=Path, help="folder of network_likelihood.py")
    parser.add_argument("--trees", type=int, nargs=2, default=[400, 400])
    args = parser.parse_args()
    begun = time.process_time()
    data = load(Path(os.environ["CLASSIFY_DATA"]) / "likelihood")
    songs = {part: [Heard(rows) for rows in data[part]] for part in ("train", "valid", "test")}
    print(f"read in {time.process_time() - begun:.0f} s", flush=True)
    model = Trees(songs["train"], *args.trees)
    print(f"fitted in {time.process_time() - begun:.0f} s", flush=True)
    best = min(
        (nats([model.log_p(s, stage, heat) for s in songs["valid"][::2]]), stage, heat)
        for stage, heat in (
            ((args.trees[0] * a // 4, args.trees[1] * b // 4), h)
            for a, b, h in ((2, 2, 1), (4, 2, 1), (2, 4, 1), (4, 4, 1), (4, 4, 1.2), (4, 4, 0.85))
        )
    )
    print("half of the validation part:", best, flush=True)
    log_p = {part: [model.log_p(s, *best[1:]) for s in songs[part]] for part in ("valid", "test")}
    for part in log_p:
        by_voice = np.concatenate(log_p[part]).mean(axis=0)
        print(f"{part}: {nats(log_p[part]):.4f} nats a token, by voice {-by_voice.round(3)}")
    args.out.mkdir(parents=True, exist_ok=True)
    flat = {part: np.concatenate(log_p[part]) for part in log_p}
    song = np.repeat(np.arange(len(data["test"])), [len(rows) for rows in data["test"]])
    np.savez_compressed(args.out / "trees.npz", allow_pickle=False, song=song, **flat)
    again = np.load(args.out / "trees.npz")["test"]
    print(f"worked out from trees.npz: {-again.mean():.4f} {interval(again, song)}")
    if args.network:
        mix(flat, args.network, song)
    print(f"{time.process_time() - begun:.0f} s of one core")


if __name__ == "__main__":
    main()
