"""How a network over rows learns by what an adversary says of its sequences: policy gradient.

After Yu et al. (AAAI 2017). A row's reward is how real the adversary finds the sequence, as a mean
over ways in which the network itself goes on from there (Monte Carlo roll-outs). The likelihood of
rows is raised by how much their reward is above that of other sequences at the same place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classify.evaluation.bleu import bleu, self_bleu
from classify.generation.networks.architecture import Architecture
from classify.generation.networks.row_sampler import RowSampler, drawn
from classify.generation.networks.row_training import Example, laid
from classify.models.trainer import Arrays, Trainer, Values
from classify.progress import Progress

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Weights = dict[str, Floats]

#: Sequences that BLEU is measured on after each round, and in the end.
SOME, MANY = 48, 200

#: How much less probable held-out rows may become, as a factor, where BLEU is better.
WORSE = 1.05


@dataclass(frozen=True)
class Contest:
    """How the two learn against each other.

    Parameters
    ----------
    rows : int
        Of a sequence: songs' beginnings.
    units : int
        Numbers that the adversary reads a row as.
    windows : tuple of (int, int)
        Its windows and their filters.
    rate, critic_rate : float
        Of Adam, for both.
    batch : int
        Sequences that are written in a round.
    rollouts, every : int
        Ways in which a sequence is gone on with, and rows between the places where that is done.
    first, later : int
        Passes of the adversary over as many real as written sequences before the first round, and
        in each.
    rounds, patience : int
        Rounds at most, and rounds without a better BLEU.
    """

    rows: int = 32
    units: int = 32
    windows: tuple[tuple[int, int], ...] = ((1, 24), (2, 32), (3, 32), (4, 32), (8, 32))
    rate: float = 3e-4
    critic_rate: float = 1e-3
    batch: int = 64
    rollouts: int = 4
    every: int = 4
    first: int = 4
    later: int = 1
    rounds: int = 30
    patience: int = 10


@dataclass(frozen=True, eq=False)
class State:
    """What a network knows before a row is written: the row before it, and its layers' states."""

    place: int
    row: Ints
    layers: list[tuple[Floats, Floats]]


class Contestants:
    """A network over rows and its adversary.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    weights : dict of str to ndarray
        That it has learned from songs by likelihood.
    contest : Contest
        How they learn.
    songs, held_out : sequence of Example
        Learned from, and not.
    seed : int
        Of everything that is drawn.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Weights,
        contest: Contest,
        songs: Sequence[Example],
        held_out: Sequence[Example],
        seed: int,
    ) -> None:
        self.architecture, self.contest, self.seed = architecture, contest, seed
        self.songs = [song for song in songs if len(song.rows) >= contest.rows]
        self.held_out = held_out
        self.real = np.stack([song.rows[: contest.rows] for song in self.songs])
        self.told = [tuple(map(tuple, song.rows[: contest.rows].tolist())) for song in held_out]
        #: How much alike real sequences are: BLEU of some of them among themselves.
        self.alike = self_bleu(self.told[:SOME])
        self._start(weights)

    def _start(self, weights: Weights) -> None:
        """Build both networks."""
        shape, contest = self.architecture, self.contest
        self.trainer = Trainer(1, self.seed, contest.rate)
        self.trainer.start()
        from classify.generation.networks import row_critic, row_network

        self.critic = row_critic.build(
            shape.fields, contest.rows, contest.units, contest.windows, self.seed
        )
        self.critic_trainer = Trainer(1, self.seed, contest.critic_rate)
        self.critic_trainer.compile(self.critic, "binary_crossentropy", ["accuracy"])
        self.model = row_network.build(shape, contest.rows)
        self.trainer.compile(self.model, row_network.policy_loss)
        row_network.set_weights(self.model, weights)
        self.network = row_network
        pieces = [(song, 0) for song in self.held_out]
        self.held_out_rows, self.counts = laid(pieces, replace(shape, context=contest.rows))

    def weights(self) -> Weights:
        """Give the network's weights."""
        return self.network.weights(self.model)

    def written(
        self, weights: Weights, n: int, random: np.random.Generator
    ) -> tuple[Ints, Floats, list[State]]:
        """Write sequences.

        Returns
        -------
        rows : ndarray of int, shape (n, n_rows, n_fields)
        conditions : ndarray, shape (n, n_conditions)
            What the network was told of each.
        states : list of State
            Before each row.
        """
        chosen = random.integers(len(self.songs), size=n)
        known = np.stack([self.songs[i].condition for i in chosen])
        sampler = RowSampler(self.architecture, weights, known)
        row = np.repeat(np.array(self.architecture.fields)[None], n, axis=0)
        rows, states = list[Ints](), list[State]()
        for place in range(self.contest.rows):
            states.append(State(place, row, list(sampler.states)))
            row = step(sampler, row, random)
            rows.append(row)
        return np.stack(rows, axis=1), known, states

    def rewards(
        self, weights: Weights, rows: Ints, known: Floats, states: list[State],
        random: np.random.Generator,
    ) -> Floats:  # fmt: skip
        """Say how real sequences are found that go on from each row, shape (n, n_rows)."""
        contest, (n, length, _) = self.contest, rows.shape
        found, first = np.zeros((n, length), np.float32), 0
        for end in (*range(contest.every, length, contest.every), length):
            whole = rows
            if end < length:
                whole = self._gone_on(weights, rows, known, states[end], random)
            said = self.critic.predict_on_batch(whole.astype(np.int32))[:, 0]
            found[:, first:end] = said.reshape(-1, n).mean(axis=0)[:, None]
            first = end
        return found

    def _gone_on(
        self, weights: Weights, rows: Ints, known: Floats, state: State, random: np.random.Generator
    ) -> Ints:
        """Let the network go on from a state, several times, shape (n_rollouts * n, ...)."""
        times, place = self.contest.rollouts, state.place
        sampler = RowSampler(self.architecture, weights, np.tile(known, (times, 1)))
        sampler.states = [(np.tile(h, (times, 1)), np.tile(c, (times, 1))) for h, c in state.layers]
        whole, row = np.tile(rows, (times, 1, 1)), np.tile(state.row, (times, 1))
        for following in range(place, rows.shape[1]):
            row = step(sampler, row, random)
            whole[:, following] = row
        return whole

    def teach_critic(self, weights: Weights, passes: int, random: np.random.Generator) -> Values:
        """Let the adversary learn from as many real as written sequences."""
        n = min(len(self.real), 4 * self.contest.batch)
        values: Values = {}
        for _ in range(passes):
            real = self.real[random.permutation(len(self.real))[:n]]
            rows, _, _ = self.written(weights, n, random)
            order = random.permutation(2 * n)
            x = np.concatenate([real, rows])[order].astype(np.int32)
            y = (order < n).astype(np.float32)[:, None]
            values = self.critic_trainer.fit(self.critic, Arrays(x, y, batch_size=64)).epochs[-1]
        return values

    def round(self, random: np.random.Generator) -> Values:
        """Let the network learn from a batch of its own sequences, and then the adversary."""
        weights, contest = self.weights(), self.contest
        rows, known, states = self.written(weights, contest.batch, random)
        rewards = self.rewards(weights, rows, known, states, random)
        better = rewards - rewards.mean(axis=0)
        begin = np.broadcast_to(np.array(self.architecture.fields), rows[:, :1].shape)
        read = np.concatenate([begin, rows[:, :-1]], axis=1)
        nothing = np.zeros((*rows.shape[:2], 0), np.int32)
        times = np.zeros(rows.shape[:2], np.int32)
        x = (read.astype(np.int32), rows.astype(np.int32), nothing, times, known)
        y = np.repeat(better[..., None], rows.shape[2], axis=2)
        self.trainer.fit(self.model, Arrays(x, y, batch_size=len(rows)))
        said = self.teach_critic(self.weights(), contest.later, random)
        return {"adversary": said["loss"], "adversary's accuracy": said["accuracy"],
                "reward": float(rewards.mean())}  # fmt: skip

    def measured(self, n: int, seed: int) -> Values:
        """Measure nats a row of held-out beginnings, BLEU against them, and BLEU among its own."""
        random = np.random.default_rng(seed)
        rows, _, _ = self.written(self.weights(), n, random)
        new = [tuple(map(tuple, one)) for one in rows.tolist()]
        nats = self.model.predict_on_batch(list(self.held_out_rows)) * self.counts
        return {
            "nats": float(nats.sum() / self.counts[..., 0].sum()),
            "bleu": bleu(new, self.told),
            "self_bleu": self_bleu(new[:SOME]),
        }


def step(sampler: RowSampler, row: Ints, random: np.random.Generator) -> Ints:
    """Draw the next row of each sequence; a note has a length."""
    nothing, now = np.zeros((len(row), 0), int), np.zeros(len(row), int)
    x = sampler.read(row, nothing, now)
    found = np.zeros_like(row)
    for field in range(row.shape[1]):
        scores = sampler.scores(x, field, found)
        if field:
            scores[:, 0] = -np.inf
        found[:, field] = drawn(scores, random)
        x = sampler.chose(x, field, found[:, field])
    return found


def contend(
    make: Callable[[], Contestants], contest: Contest, seed: int, progress: Progress
) -> tuple[Weights, list[Values], str]:
    """Let both learn against each other; give the better weights, before or after.

    Parameters
    ----------
    make : callable
        Makes both.
    contest : Contest
        How they learn.
    seed : int
        Of everything that is drawn.
    progress : Progress
        Shows progress.

    Returns
    -------
    weights : dict of str to ndarray
        Of the best round, where its BLEU is higher on new sequences, these are no more alike than
        real ones, and held-out rows hardly less probable; of the first stage otherwise.
    history : list of dict
        The first stage, and each round.
    remark : str
        What to say if the second stage was given up.
    """
    both, random = make(), np.random.default_rng((seed, 1))
    before = best = both.weights()
    history: list[Values] = [both.measured(SOME, seed)]
    highest, since = history[0]["bleu"], 0
    progress.begin("rounds", "Training against an adversary", contest.rounds, "round")
    both.teach_critic(before, contest.first, random)
    for _ in range(contest.rounds):
        values = both.round(random) | both.measured(SOME, seed)
        history.append(values)
        since += 1
        likely = values["nats"] <= WORSE * history[0]["nats"]
        varied = values["self_bleu"] <= max(both.alike, history[0]["self_bleu"])
        if values["bleu"] > highest and likely and varied:
            highest, since, best = values["bleu"], 0, both.weights()
        progress.advance("rounds", ", ".join(f"{k} {v:.3g}" for k, v in values.items()))
        if since >= contest.patience:
            break
    stages = []
    for weights in (before, best):
        both.network.set_weights(both.model, weights)
        stages.append(both.measured(MANY, seed + 1))
    varied = stages[1]["self_bleu"] <= max(both.alike, stages[0]["self_bleu"])
    kept = varied and stages[1]["bleu"] > stages[0]["bleu"]
    history.append({f"stage {n}, {name}": value for n, stage in enumerate(stages, 1)
                    for name, value in stage.items()})  # fmt: skip
    pairs = [f"{name} {one:.3f} and {stages[1][name]:.3f}" for name, one in stages[0].items()]
    said, which = ", ".join(pairs), "is kept" if kept else "was given up"
    progress.end("rounds", f"The second stage {which}; before and after it: {said}.")
    given_up = f"the adversary made nothing better, and its stage was given up ({said})"
    return (best if kept else before), history, "" if kept else given_up
