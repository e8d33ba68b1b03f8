"""MuseGAN: phrases of several tracks by generators that learned against an adversary (Dong et al.).

"MuseGAN: multi-track sequential generative adversarial networks for symbolic music generation and
accompaniment", AAAI 2018. A phrase of four bars is a piano roll of each track, written at once by
transposed convolutions from noise that is shared by the tracks and noise of their own, each with a
part that stays and one that a temporal generator makes another in every bar. The adversary learns
the Wasserstein distance with a penalty on its slope, five times as often. This is the hybrid model;
`muse-gan-jamming` has no shared noise and an adversary for each track, `muse-gan-composer` one
generator for all tracks. A melody can be given (`--revise SONG --voices 1`): half of the time it is
in training, and what reads it tells the generators.

What differs: tracks are voices told by place; songs are laid on beats and bars, in one time
signature, and moved to C major or A minor; longer songs keep the noise that stays. Generators begin
with few notes that are held, and the mean of their weights over batches is what writes. In the
preset `small` a bar has 16 steps, not 96. Its adversary sees the steps of a beat at each pitch
before it joins pitches, where the published one joins pitches first and, so small, could not tell
held notes from fragments; it hears whether notes sound rather than how surely (binary neurons, Dong
and Yang 2018), and learns in as many batches as the generator, but twice as fast.
`MuseGAN(preset="paper")` has the published sizes; each sixteenth is then six of its steps.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation.adversarial import tracks, varied
from classify.generation.adversarial.adversarial_generator import (
    BAR_STEPS,
    AdversarialGenerator,
    Lesson,
    Plan,
)
from classify.generation.adversarial.convolutions import as_trained
from classify.generation.adversarial.phrase_shape import BARS, LOWEST, PITCHES, PhraseShape
from classify.generation.adversarial.training import MONITOR, Aim, train
from classify.generation.latent.phrases import DRUMS, TICKS_PER_BEAT, Grid, length_of, on_grid
from classify.generation.networks.learning import divided
from classify.generation.request import Request
from classify.models.trainer import Values
from classify.progress import Progress
from classify.representations.beats import Laid, laid
from classify.representations.sequences import song_of
from classify.songs import Song

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: Songs that can spare some for validation; phrases that are measured.
ENOUGH, MOST_PHRASES = 20, 96


class MuseGAN(AdversarialGenerator):
    """Writes phrases of up to four tracks; the hybrid model.

    Parameters
    ----------
    epochs, seed, quick, preset
        As all generators with an adversary have them.
    """

    TITLE = "MuseGAN"
    KIND: ClassVar[str] = "hybrid"
    KEEPS = (AdversarialGenerator.KEEPS - {"metre"}) | {"renew", "voices"}
    AIMS = frozenset({"key", "register"})
    CHOICES = 1
    ARCHITECTURE = PhraseShape
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {
            "noise": 16, "temporal": 64, "dense": 128, "ups": ((2, 96), (2, 64), (2, 48)),
            "octave": 32, "given": 8, "critic_dense": 128, "binary": True,
            "bar_critic": (("step", 4, 4, 24), ("pitch", 12, 12, 64), ("pitch", 7, 7, 96),
                           ("step", 2, 2, 96), ("step", 2, 2, 128)),
            "phrase_critic": (("bar", 2, 1, 96), ("bar", 3, 3, 64)),
        },
        "paper": {},
    }  # fmt: skip
    QUICK: ClassVar[dict[str, Any]] = {
        "noise": 4, "temporal": 8, "dense": 16, "ups": ((2, 8), (2, 8), (2, 8)), "octave": 8,
        "given": 2, "critic_dense": 8,
        "bar_critic": (("pitch", 12, 12, 8), ("pitch", 7, 7, 8), ("step", 4, 4, 8)),
        "phrase_critic": (("bar", 2, 1, 8), ("bar", 3, 3, 8)),
    }  # fmt: skip
    AIMS_OF: ClassVar[dict[str, Aim]] = {
        "small": Aim(5e-4, 0.5, 0.9, 16, 1, 1, 2.0, 50, 100, 10),
        "paper": Aim(1e-3, 0.5, 0.9, 32, 5, 1, 1.0, 20, 1_000, 20),
    }
    FACTS = (*AdversarialGenerator.FACTS, "programs")

    architecture: PhraseShape
    programs: dict[str, int]
    shares: NDArray[np.float64]  # of cells that sound in each track; known while it learns

    # -- learning --------------------------------------------------------------------------------

    def read(self, song: Song) -> Song:
        """Lay a song on beats, and on bars of four where its own are of one or two."""
        return laid(song).song

    def teach(self, lessons: Sequence[Lesson], progress: Progress, work: Path | None) -> None:
        """Train the networks on the phrases of songs in the most common time signature."""
        self.metres = self.metres[:1]
        grids = [n.grid for n in lessons if list(n.grid.metre) == self.metres[0]]
        self.programs = tracks.common_programs(grids)
        sizes = self.PRESETS[self.preset] | (self.QUICK if self.quick else {})
        shape = PhraseShape(tracks=len(self.programs), kind=self.KIND, **sizes)
        self.architecture = shape
        songs = [tracks.encode(grid, BAR_STEPS, self.tracks) for grid in grids]
        heard = np.sum([song[..., self._pitched].sum(axis=(0, 1, 3)) for song in songs], axis=0)
        self.middle = float(np.average(np.arange(PITCHES) + LOWEST, weights=heard + 1e-9))
        learned, held_out = divided(songs, self.seed, ENOUGH)
        cells = sum(song[:, : grids[0].length].size // shape.tracks for song in learned)
        self.shares = np.sum([song.sum(axis=(0, 1, 2)) for song in learned], axis=0) / cells
        pieces, others = (
            tracks.Phrases(part, grids[0].length, self.times)
            for part in (learned, held_out or songs)
        )
        chosen = np.random.default_rng(self.seed).permutation(len(others))[:MOST_PHRASES]
        measured = others.phrases(np.sort(chosen))
        from classify.generation.networks.phrase_rivals import PhraseRivals

        whole = (BARS, shape.steps, PITCHES, shape.tracks)
        self.weights, self.history, self.best = train(
            lambda: PhraseRivals(shape, self.seed),
            {"phrases": whole, "given": (), "within": (shape.steps,)},
            pieces, self.aim(), self.seed,
            (lambda weights: self._measured(weights, measured)) if held_out else None,
            progress, work / "network" if work else None,
        )  # fmt: skip
        if shape.binary:
            self._balance(self.weights, len(measured))
        variety = _variety(*self._pieces(self.weights, measured))
        self.distinct, self.apart = variety.distinct, variety.apart

    @property
    def tracks(self) -> list[str]:
        """Names of the tracks, the melody first."""
        return list(self.programs)

    @property
    def times(self) -> int:
        """Steps of the networks in a sixteenth."""
        return self.architecture.steps // BAR_STEPS

    @property
    def _pitched(self) -> list[int]:
        """Which tracks have pitches."""
        return [n for n, name in enumerate(self.tracks) if name != DRUMS]

    def _measured(self, weights: dict[str, Floats], phrases: Bools) -> Values:
        """Compare as many new phrases with held-out ones, the melody and all tracks."""
        real, new = self._pieces(weights, phrases)
        described = []
        for begins, sounds in (real, new):
            parts = [(begins[..., 0], sounds[..., 0]), (begins.any(-1), sounds.any(-1))]
            rows = [varied.describe(*(p.reshape(-1, *p.shape[2:]) for p in part)) for part in parts]
            described.append(np.concatenate(rows, axis=1))
        variety = _variety(real, new)
        return {MONITOR: varied.distance(*described), "val_distinct": variety.distinct,
                "val_apart": variety.apart}  # fmt: skip

    def _pieces(
        self, weights: dict[str, Floats], phrases: Bools
    ) -> tuple[tuple[Bools, Bools], tuple[Bools, Bools]]:
        """Give real phrases and as many new ones, where notes begin and where they sound."""
        said = self._drawn(weights, len(phrases))
        new = said > (self._thresholds(said) if self.architecture.binary else 0)
        new[:, :, length_of(self._metre) :] = False
        pairs = []
        for rolls in (phrases, new):
            pitched = rolls[..., self._pitched]
            begins = np.stack([tracks.begins_of(one) for one in pitched])
            pairs.append((begins, pitched))
        return pairs[0], pairs[1]

    def _drawn(self, weights: dict[str, Floats], n: int) -> Floats:
        """Let the generator write phrases from the same noise each time."""
        random = np.random.default_rng(self.seed)
        noise = random.standard_normal((n, self.architecture.n_noise)).astype(np.float32)
        nothing = np.zeros((n, BARS, self.architecture.steps, PITCHES), np.float32)
        return self._said(weights, noise, nothing)

    def _thresholds(self, said: Floats) -> Floats:
        """Give how sure a note of each track has to be, so that as many sound as in real songs."""
        heard = said[:, :, : length_of(self._metre)]
        return np.array([np.quantile(heard[..., n], 1 - share)
                         for n, share in enumerate(self.shares)], np.float32)  # fmt: skip

    def _balance(self, weights: dict[str, Floats], n: int) -> None:
        """Have those thresholds at 0: means of weights are less sure than weights are."""
        limits = np.arctanh(self._thresholds(self._drawn(weights, n)).clip(-0.999, 0.999))
        for g, own in enumerate(np.split(limits, self.architecture.generators)):
            name = f"bar.{g}.write.bias"
            weights[name] = np.asarray(weights[name] - own, np.float32)

    @property
    def _metre(self) -> tuple[int, int]:
        return self.metres[0][0], self.metres[0][1]

    # -- composing -------------------------------------------------------------------------------

    def _said(self, weights: dict[str, Floats], noise: Floats, given: Floats) -> Floats:
        """Give how surely pitches sound, shape (n, BARS, BAR_STEPS, PITCHES, n_tracks)."""
        said = self.architecture.write(np, weights, as_trained(weights), noise, given)
        return tracks.as_written(said, self.times)

    def _noise(self, n: int, random: np.random.Generator) -> Floats:
        """Draw noise of phrases of one song: the parts that stay in a phrase stay in all."""
        shape = self.architecture
        noise = random.standard_normal((n, shape.n_noise)).astype(np.float32)
        stays = np.arange(shape.n_noise) // shape.noise % 2 == 0
        noise[:, stays] = noise[:1, stays]
        return noise

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Write a song phrase by phrase, or what goes with a melody that is given."""
        heard_song = self._given(request)
        grid = on_grid(heard_song.song, BAR_STEPS) if heard_song else None
        plan = self.plan(request, random)
        if grid is not None:
            away = plan.shift - grid.shift
            plan = replace(plan, bars=grid.n_bars, shift=grid.shift, low=plan.low + away,
                           high=plan.high + away)  # fmt: skip
        n = -(-plan.bars // BARS)
        given = np.zeros((n * BARS, BAR_STEPS, PITCHES), bool)
        if grid is not None:
            given[: plan.bars] = tracks.encode(grid, BAR_STEPS, self.tracks[:1])[..., 0]
        heard = np.zeros((n, BARS, self.architecture.steps, PITCHES), np.float32)
        if grid is not None:
            heard = tracks.as_heard(given.reshape(n, BARS, BAR_STEPS, PITCHES), self.times)
        said = self._said(self.weights, self._noise(n, random), heard)
        rolls = self._decided(said.reshape(n * BARS, *said.shape[2:])[: plan.bars], plan)
        if grid is not None:
            rolls[..., 0] = False
        length = length_of(plan.metre)
        programs = self._programs(request)
        new = tracks.decode(rolls, length, plan.shift, plan.tempo, plan.metre, plan.velocity,
                            programs, self.tracks)  # fmt: skip
        if heard_song is None or grid is None or request.renew is None:
            return new
        return _with(request.renew.song, heard_song, grid, new)

    def _decided(self, said: Floats, plan: Plan) -> Bools:
        """Let pitches sound within the range that are more sure than not, and bars at both ends."""
        pitch = np.arange(PITCHES) + LOWEST
        outside = (pitch < plan.low) | (pitch > plan.high)
        said[:, :, outside] = np.where(np.array(self.tracks) == DRUMS, said[:, :, outside], -2.0)
        rolls = said > 0
        length = length_of(plan.metre)
        for bar in (0, len(rolls) - 1):
            if not rolls[bar, :length][..., self._pitched].any():
                melody = said[bar, 0, :, 0]
                rolls[bar, 0, int(np.argmax(np.where(outside, -3.0, melody))), 0] = True
        return np.asarray(rolls)

    def _programs(self, request: Request) -> dict[str, int]:
        """Give the instruments of tracks: those asked for, the highest track first."""
        if not request.instruments:
            return self.programs
        last = len(request.instruments) - 1
        return {name: request.instruments[min(n, last)] for n, name in enumerate(self.tracks)}

    def _given(self, request: Request) -> Laid | None:
        """Give the song whose melody stays, laid on beats and bars.

        Raises
        ------
        InputError
            If something else is to stay, or if it cannot be read.
        """
        if request.renew is None:
            return None
        if len(self.tracks) == 1:
            raise InputError(
                f"renew: this {self.TITLE} learned songs of one part, and has none to write to a "
                "melody; train it on songs of several parts"
            )
        given, steps = laid(request.renew.song), length_of(self._metre)
        grid, as_it_is = (on_grid(s, BAR_STEPS) for s in (given.song, request.renew.song))
        if grid is None or as_it_is is None or grid.length != steps:
            n, d = self._metre
            raise InputError(
                f"renew: {self.TITLE} learned bars of {n}/{d}; this song has others, or no beats"
            )
        n_bars = as_it_is.n_bars
        if request.voices != (1,) or request.renew.first > 1 or request.renew.last < n_bars:
            raise InputError(f"renew: {self.TITLE} lets voice 1, the melody, stay in all bars")
        if request.bars not in (None, n_bars) or request.seconds is not None:
            raise InputError(f"renew: a song keeps its length of {n_bars} bars")
        return given


def _variety(real: tuple[Bools, Bools], new: tuple[Bools, Bools]) -> varied.Variety:
    """Say how varied phrases are, all tracks together."""
    one, other = ((np.asarray(b.any(-1)), np.asarray(s.any(-1))) for b, s in (real, new))
    return varied.Variety.of(one, other)


def _with(song: Song, given: Laid, grid: Grid, new: Song) -> Song:
    """Lay new notes beside the melody of a song, note for note as it is, in the song's own time."""
    notes = song.notes[np.isfinite(song.notes["beat"])]
    melody = notes[tracks.of_notes(grid)[tracks.TRACKS[0]]]
    first = round(float(grid.notes["beat"][0]) * TICKS_PER_BEAT) - int(grid.begin[0])
    added = new.notes.copy()
    begin = added["beat"].astype(float) + first / TICKS_PER_BEAT - given.moved
    end = begin + added["duration"] * float(new.tempi[0, 1]) / 60
    added["beat"], added["onset"] = begin, song.seconds_at(begin)
    added["duration"] = song.seconds_at(end) - added["onset"]
    notes = np.concatenate([melody, added[begin >= 0]])  # nothing before the file begins
    return song_of(notes, song.tempi, song.metres, "new song")


GENERATOR = MuseGAN
